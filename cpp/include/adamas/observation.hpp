// What an observed step found out about one parameter (StepOptions::observations).
#pragma once

namespace adamas {

// Sums, largest magnitudes and counts over the elements of a parameter: the same bits for every instruction set and
// number of threads. A largest magnitude ignores NaN, which makes sums of squares NaN.
//
// The gradient is what was given, accumulated gradients included, divided by grad_scale, before any clipping. The
// update is the parameter after the step less the parameter before it, both as they are computed with: with a master
// or low bits, if it has such; so rounding and weight decay are part of it.
struct Observation {
  double count = 0.0;  // elements; 0: the parameter was not observed, and nothing else is to be looked at
  double grad_square = 0.0;
  double grad_largest = 0.0;
  double grad_zero = 0.0;       // elements that are zero
  double grad_nonfinite = 0.0;  // infinite or NaN
  double grad_clipped = 0.0;    // brought within max_value
  double update_square = 0.0;
  double update_largest = 0.0;
  double update_flushed = 0.0;  // the gradient is not zero, and the parameter is what it was
  double param_square = 0.0;    // before the step, as the next one
  double param_largest = 0.0;
  double param_nonfinite = 0.0;  // after it
  // Of the first moment before the step (the first state of StateKind::kSigned), and of it times the update; NaN where
  // the rule has no such state.
  double moment_square = 0.0;
  double moment_product = 0.0;
  // Elements whose gradient is not zero, and whose second moment v (the first state of StateKind::kSquare) after the
  // step is so small that eps is larger than what it is added to; NaN for rules without such a sum.
  double below_eps = 0.0;
  // Elements whose gradient is not zero, and whose v was not kept by the format of rounded states: it is what it was,
  // or, quantised, at the lowest code of its block. NaN where the rule has no such state, and where states are not
  // rounded.
  double moment_lost = 0.0;
  double lr = 0.0;                // of the parameter's group
  double clip_coefficient = 0.0;  // what max_norm multiplied the gradient by
};

}  // namespace adamas
