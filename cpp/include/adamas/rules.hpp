// The update rules that this build knows, and what each of them keeps per parameter.
#pragma once

#include <cstdint>

namespace adamas {

// Index of an update rule; rule_info() names it and find_rule() finds it by name.
enum class Rule : std::uint8_t;

constexpr int kMaxStates = 4;
constexpr int kMaxScalars = 2;
constexpr int kMaxSharedScalars = 4;
constexpr int kMaxSums = 3;
constexpr int kMaxAxes = 2;  // states by row or column

// What numbers a state holds: low-precision formats treat them apart.
enum class StateKind : std::uint8_t {
  kSigned,     // an average of gradients, of either sign
  kSquare,     // an average of squares: not negative, and it is its square root that counts
  kMagnitude,  // not negative, of the size of a gradient
  kExact,      // not to be rounded: a second set of weights, or a sum that small terms must reach
};

// Which elements of a parameter share an element of a state.
enum class StateExtent : std::uint8_t {
  kElement,  // none: the state has as many elements as the parameter
  kRow,      // those of a row of a matrix (Parameter::matrix_columns)
  kColumn,   // those of a column
};

struct StateInfo {
  const char* name;
  StateKind kind;
  // Of a signed state: the name of the state (kSquare or kMagnitude) whose root or magnitude divides it in the update,
  // or null. Quantised, the quotient is what is stored, so that rounding the divisor cannot blow up the update.
  const char* divisor;
  StateExtent extent = StateExtent::kElement;  // states by row or column are kExact
};

struct ScalarInfo {
  const char* name;
  double initial;
};

struct RuleInfo {
  const char* name;
  int state_count;
  StateInfo
      states[kMaxStates];  // in the order of Parameter::states; zeros at first, unless the rule's paper says otherwise
  int scalar_count;
  ScalarInfo scalars[kMaxScalars];  // numbers kept beside the step count
  int shared_scalar_count;
  ScalarInfo shared_scalars[kMaxSharedScalars];  // numbers kept once for all parameters of a plan
  int sum_count;
  // Sums that a step takes before it updates, a pass more: over the whole parameter, or, where there are shared
  // scalars, over all parameters that have a gradient.
  const char* sums[kMaxSums];

  // What a caller has to know about the rule, so that nobody has to know it by its name.
  bool own_decay;        // weight decay is part of its formula, instead of coming before it
  bool has_closed_form;  // steps without a gradient have one: rows may be RowMode::kExact
  int starts_at_param;   // the state that starts at the parameter, or -1
  int unchanged_state;   // the state that sums alone need, which the update does not touch, or -1
  bool cautious;         // it may have Hyperparameters::cautious: its change does not depend on the parameter, and may
                         // go along the gradient
  bool follows_average;  // it then has the sign of minus its first state, which is an average of gradients

  // Does it keep a state by row or column? Then it sums up squares of gradients along these: a pass more.
  constexpr bool has_axes() const noexcept {
    bool any = false;
    for (int k = 0; k < state_count; ++k) any = any || states[k].extent != StateExtent::kElement;
    return any;
  }

  // Can it update single rows of a matrix (RowGradient)? Not if it keeps or needs numbers of the whole parameter.
  constexpr bool steps_rows() const noexcept { return scalar_count == 0 && sum_count == 0 && !has_axes(); }
};

int rule_count() noexcept;
const RuleInfo& rule_info(Rule rule) noexcept;

// True, and the rule in *rule, if there is one of that name ("adam", "amsgrad", ...).
bool find_rule(const char* name, Rule* rule) noexcept;

}  // namespace adamas
