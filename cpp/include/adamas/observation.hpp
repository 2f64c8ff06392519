/// \file
/// What an observed step measures of one parameter (StepOptions::observations).
#pragma once

namespace adamas {

/// \defgroup adamas_observation Observation
/// Measures of gradients, updates, parameters and states, taken in the pass that updates.
/// \{

/// Sums, largest magnitudes and counts over the elements of one parameter. They have the same bits for every
/// instruction set and number of threads. A NaN makes a sum of squares NaN; a largest magnitude ignores it.
///
/// The gradient is the given one, together with accumulated gradients, divided by StepOptions::grad_scale, before
/// clipping. The update is the parameter after the step minus the parameter before it, both in the compute type, with
/// the residue if there is one. So rounding and weight decay are part of the update.
struct Observation {
  double count = 0.0;            ///< elements; 0 if the parameter was not observed, and then ignore the other members
  double grad_square = 0.0;      ///< sum of the squares of the gradient
  double grad_largest = 0.0;     ///< largest magnitude of the gradient
  double grad_zero = 0.0;        ///< elements whose gradient is zero
  double grad_nonfinite = 0.0;   ///< elements whose gradient is infinite or NaN
  double grad_clipped = 0.0;     ///< elements that StepOptions::max_value has limited
  double update_square = 0.0;    ///< sum of the squares of the update
  double update_largest = 0.0;   ///< largest magnitude of the update
  double update_flushed = 0.0;   ///< elements whose gradient is not zero, and whose parameter did not change
  double param_square = 0.0;     ///< sum of the squares of the parameter before the step
  double param_largest = 0.0;    ///< largest magnitude of the parameter before the step
  double param_nonfinite = 0.0;  ///< elements that are infinite or NaN after the step
  /// Sum of the squares of the first moment before the step (the first state of StateKind::kSigned). NaN if the rule
  /// has no such state.
  double moment_square = 0.0;
  /// Sum of the first moment before the step times the update. NaN if the rule has no such state.
  double moment_product = 0.0;
  /// Elements whose gradient is not zero, and whose second moment (the first state of StateKind::kSquare) is so small
  /// after the step that eps is larger than the number to which it is added. NaN if the rule has no such sum.
  double below_eps = 0.0;
  /// Elements whose gradient is not zero, and whose second moment the format did not keep: it is unchanged, or, if it
  /// is quantised, at the lowest code of its block. NaN if the rule has no such state, or states are not rounded.
  double moment_lost = 0.0;
  double lr = 0.0;                ///< learning rate of the parameter's group
  double clip_coefficient = 0.0;  ///< number by which StepOptions::max_norm multiplied the gradient
};

/// \}

}  // namespace adamas
