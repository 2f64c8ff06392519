// What an update rule is, and what it need not say about itself because most rules have it so.
//
// A rule is a struct of static members, derived from RuleDefaults:
//   kStateCount, kStates   the arrays it keeps for each parameter: name, and what kind of numbers they hold
//   kScalarCount, kScalars the numbers it keeps for each parameter beside the step count: name and first value
//   coefficients()         the numbers of one step, in float64, from hyperparameters, step count and scalars, which it
//                          moves on by one step
//   update()               the formula, generic over the vector type: returns the new parameter, replaces the states
#pragma once

#include <cstdint>

#include <adamas/hyperparameters.hpp>
#include <adamas/rules.hpp>

namespace adamas {
namespace {

struct RuleDefaults {
  static constexpr int kScalarCount = 0;
  static constexpr ScalarInfo kScalars[kMaxScalars] = {};

  // The rule applies weight decay in its formula, instead of before it (rules/decay.hpp).
  static constexpr bool kOwnDecay = false;

  // The rule needs the norms of parameter and direction before it can update: see rules/lamb.hpp.
  static constexpr bool kNeedsNorms = false;

  // The state that starts at the parameter, or -1; it is not rounded (StateKind::kExact).
  static constexpr int kStartsAtParam = -1;

  // Can the rule do a step with these, beyond what check() asks of all?
  static bool accepts(const Hyperparameters&) { return true; }
};

template <class V>
V magnitude(V x) {
  return larger(x, V::broadcast(0) - x);
}

// size * sign(x), for a size that is not negative: x itself where it is zero or NaN.
template <class V>
V with_sign(V size, V x) {
  const V zero = V::broadcast(0);
  return where_greater(x, zero, size, where_greater(zero, x, zero - size, x));
}

// x within [-bound, bound]; NaN as it is.
template <class V>
V clamp(V x, V bound) {
  const V least = V::broadcast(0) - bound;
  return where_greater(x, bound, bound, where_greater(least, x, least, x));
}

}  // namespace
}  // namespace adamas
