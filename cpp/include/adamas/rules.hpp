/// \file
/// The update rules of this library, and what each of them keeps for a parameter.
#pragma once

#include <cstdint>

namespace adamas {

/// \defgroup adamas_rules Update rules
/// The library describes its rules, so that a program needs no list of its own.
/// \{

/// Index of an update rule. rule_info() describes it, and find_rule() finds it by name.
enum class Rule : std::uint8_t;

constexpr int kMaxStates = 4;         ///< states of a rule, at most
constexpr int kMaxScalars = 2;        ///< numbers of a rule for each parameter, at most
constexpr int kMaxSharedScalars = 4;  ///< numbers of a rule for all parameters together, at most
constexpr int kMaxSums = 3;           ///< sums that a rule takes before it updates, at most
constexpr int kMaxAxes = 2;           ///< states by row or column of a rule, at most

/// What numbers a state holds. Low-precision formats treat the kinds differently.
enum class StateKind : std::uint8_t {
  kSigned,     ///< an average of gradients, of either sign
  kSquare,     ///< an average of squares: not negative, and its square root is what the update uses
  kMagnitude,  ///< not negative, of the size of a gradient
  kExact,      ///< not to be rounded: a second set of weights, or a sum to which small numbers are added
};

/// Which elements of a parameter share an element of a state.
enum class StateExtent : std::uint8_t {
  kElement,  ///< none: the state has as many elements as the parameter
  kRow,      ///< those of a row of a matrix (Parameter::matrix_columns)
  kColumn,   ///< those of a column of a matrix (Parameter::matrix_rows)
};

/// One state of a rule.
struct StateInfo {
  const char* name;  ///< as in torch.optim: "exp_avg", "exp_avg_sq", ...
  StateKind kind;    ///< what it holds
  /// The state (kSquare or kMagnitude) by whose root or magnitude the update divides this signed state, or null.
  /// Quantised, the quotient is stored, so that rounding the divisor cannot make the update too large.
  const char* divisor;
  StateExtent extent = StateExtent::kElement;  ///< its size; states by row or column are kExact
};

/// A number that a rule keeps beside its states.
struct ScalarInfo {
  const char* name;  ///< its name
  double initial;    ///< its first value
};

/// What a program needs to know about a rule.
struct RuleInfo {
  const char* name;                              ///< "adam", "amsgrad", ...
  int state_count;                               ///< number of states
  StateInfo states[kMaxStates];                  ///< in the order of Parameter::states
  int scalar_count;                              ///< numbers for each parameter, beside the step count
  ScalarInfo scalars[kMaxScalars];               ///< those numbers (Plan::scalar())
  int shared_scalar_count;                       ///< numbers for all parameters of a plan together
  ScalarInfo shared_scalars[kMaxSharedScalars];  ///< those numbers (Plan::shared_scalar())
  int sum_count;                                 ///< sums that a step takes before it updates
  /// The names of the sums, which take one more pass: over the whole parameter, or, where there are shared scalars,
  /// over all parameters that have a gradient.
  const char* sums[kMaxSums];

  bool own_decay;        ///< weight decay is part of its formula, and does not come before it
  bool has_closed_form;  ///< steps without a gradient have a closed form: rows may be RowMode::kExact
  int starts_at_param;   ///< the state that begins with the values of the parameter, or -1
  int unchanged_state;   ///< the state that only the sums use, and the update does not change, or -1
  bool cautious;         ///< Hyperparameters::cautious is allowed: its update does not depend on the parameter, and may
                         ///< go along the gradient
  bool follows_average;  ///< its update then has the sign of minus its first state, which is an average of gradients

  /// Whether it keeps a state by row or column. Then a step takes sums of squares along these, in one more pass.
  constexpr bool has_axes() const noexcept {
    bool any = false;
    for (int k = 0; k < state_count; ++k) any = any || states[k].extent != StateExtent::kElement;
    return any;
  }

  /// Whether it can update single rows of a matrix (RowGradient). It cannot if it keeps or needs numbers of the whole
  /// parameter.
  constexpr bool steps_rows() const noexcept { return scalar_count == 0 && sum_count == 0 && !has_axes(); }
};

/// Number of rules. The values of Rule are 0 to rule_count() - 1.
int rule_count() noexcept;

/// Describes a rule, which must be a value that find_rule() returns or one below rule_count().
const RuleInfo& rule_info(Rule rule) noexcept;

/// Finds a rule by name. True, with the rule in *rule, if there is one; otherwise *rule is not changed.
bool find_rule(const char* name, Rule* rule) noexcept;

/// \}

}  // namespace adamas
