// The interface of update rules, with defaults for what most rules have in common.
//
// A rule is a struct of static members, derived from RuleDefaults:
//   kStateCount, kStates   the arrays it keeps for each parameter: name, and what kind of numbers they hold
//   States<V>              these by name: a reference each, in the same order
//   kScalarCount, kScalars the numbers it keeps for each parameter beside the step count: name and first value
//   Scalars                these by name: a reference each, in the same order
//   Coefficients<T>        the numbers of one step by name: fields of type T and no others
//   coefficients()         computes them, in float64, from hyperparameters, step count and scalars, and moves the
//                          scalars on by one step
//   update()               the formula, generic over the vector type: returns the new parameter, replaces the states;
//                          always inlined
//
// A formula that takes a root is in two parts instead, so that a loop can do other things while the root is taken:
//   begin()                up to the root, which it returns; states that are not of either sign are new by then
//   finish()               the rest, from the root on: returns the new parameter
//
// A rule that needs sums over all elements of a parameter before it can update it has
//   kSumCount, kSums       how many, up to kMaxSums, and their names
//   Sums<T>                these by name: fields of type T, in the same order
//   products()             for each sum, the two factors whose product, in float64, an element adds to it. It is given
//                          what update() is given, and what it does to states is forgotten
//   take_sums()            completes coefficients and scalars once the sums are known; size: elements of the parameter
// They come from a pass of their own that writes nothing; the update then does all of it again. That moves fewer bytes
// than keeping what was computed would, and needs no memory.
//
// A state by row or column of a matrix (StateInfo::extent) is a mean of squares of gradients along it. A rule that has
// one has
//   next_square()          its next value, from its last and the mean of squares along the row or column
//   row_factor()           what the formula is given in the place of a row's value: of that, and the mean of the values
//                          of all rows of the matrix
//   column_factor()        the same of a column's value
// all in float64; what they return is rounded to the compute type. What update() does to these states is forgotten.
//
// A rule may keep numbers that all parameters of an optimizer share. Then its sums are over all parameters that have a
// gradient, added up in the order of the parameters. Such a rule has
//   kSharedScalarCount, kSharedScalars   how many numbers, up to kMaxSharedScalars: name and first value
//   SharedScalars                        these by name: a reference each, in the same order
//   coefficients()                       has them as its last argument but one, and leaves them as they are
//   join()                               completes `all`, the hyperparameters that concern all parameters, which began
//                                        as those of the first group; false if another group does not agree with them
//   share()                              moves the shared scalars on by one step, once the sums are known
//   take_totals()                        takes the place of take_sums(): the shared scalars have been moved on
//
// What goes through all states, coefficients or sums of a rule, whatever their names, has them in arrays.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <utility>

#include <adamas/hyperparameters.hpp>
#include <adamas/rules.hpp>

#include "simd/inline.hpp"

namespace adamas {
namespace {

template <class V>
struct Product {
  V a, b;
};

template <class V>
ADAMAS_INLINE Product<V> square(V x) {
  return {x, x};
}

// Are all values finite and >= 0? Without a branch for each, since every step asks. (Infinity and NaN times zero are
// NaN.)
template <class... Values>
inline bool non_negative(Values... values) {
  double least = 0.0;
  double zero = 0.0;
  ((least = values < least ? values : least), ...);
  ((zero += values * 0.0), ...);
  return least == 0.0 && zero == 0.0;
}
inline bool is_count(double value) { return non_negative(value) && std::floor(value) == value; }

struct RuleDefaults {
  static constexpr StateInfo kStates[kMaxStates] = {};

  struct Scalars {};
  static constexpr int kScalarCount = 0;
  static constexpr ScalarInfo kScalars[kMaxScalars] = {};

  struct SharedScalars {};
  static constexpr int kSharedScalarCount = 0;
  static constexpr ScalarInfo kSharedScalars[kMaxSharedScalars] = {};

  // The rule applies weight decay in its formula, instead of before it (rules/decay.hpp).
  static constexpr bool kOwnDecay = false;

  // Steps without a gradient have a closed form: idle_step() says what one of them does (rules/idle_step.hpp).
  static constexpr bool kHasClosedForm = false;

  // least_root may be -1, which stands for the epsilon of the type that is computed with.
  static constexpr bool kTakesEpsilon = false;

  // The rule has begin() and finish() instead of update().
  static constexpr bool kTakesRoot = false;

  template <class T>
  struct Sums {};
  static constexpr int kSumCount = 0;
  static constexpr const char* kSums[kMaxSums] = {};

  // Over a granule, they are in the compute type: for sums of squares, of which few digits matter.
  static constexpr bool kSumsInComputeType = false;

  // The state that starts at the parameter, or -1; it is not rounded (StateKind::kExact).
  static constexpr int kStartsAtParam = -1;

  // The state that sums alone need, or -1: the update leaves it where it is. It is not rounded either.
  static constexpr int kUnchangedState = -1;

  // It may be cautious (engine/cautious.hpp): its change does not depend on the parameter, so that the rule makes minus
  // the change of a parameter of zeros, and has a memory that may disagree with the gradient.
  static constexpr bool kCautious = false;

  // Minus the change has the sign that the first state has after the step, an average of gradients: beta1 * state +
  // one_minus_beta1 * g, of the first two coefficients. So a cautious update can count without the rest of the formula.
  static constexpr bool kFollowsAverage = false;

  // Can the rule do a step with these? has_valid_common() has looked at what many rules have, this looks at the others.
  static bool accepts(const Hyperparameters&) { return true; }
};

// The rule whose formula a rule has, where the two differ in coefficients alone: loops are compiled for that one.
template <class Rule>
struct FormulaOf {
  using Type = Rule;
};

// Does an update write state k?
template <class Rule>
constexpr bool is_written(int k) {
  return k != Rule::kUnchangedState && Rule::kStates[k].extent == StateExtent::kElement;
}

template <class Rule>
constexpr bool has_state_by(StateExtent extent) {
  for (int k = 0; k < Rule::kStateCount; ++k) {
    if (Rule::kStates[k].extent == extent) return true;
  }
  return false;
}
template <class Rule>
constexpr bool kHasAxes = has_state_by<Rule>(StateExtent::kRow) || has_state_by<Rule>(StateExtent::kColumn);

template <class Rule>
constexpr int kCoefficientCount =
    static_cast<int>(sizeof(typename Rule::template Coefficients<double>) / sizeof(double));

// The elements of an array by the names of States, Scalars, SharedScalars, Coefficients or Sums.
template <class Names, class T, std::size_t... k>
ADAMAS_INLINE Names by_name([[maybe_unused]] T* array, std::index_sequence<k...>) {
  return {array[k]...};
}

template <class Rule, class V>
ADAMAS_INLINE auto states_by_name(V* states) {
  return by_name<typename Rule::template States<V>>(states, std::make_index_sequence<Rule::kStateCount>());
}

template <class Rule>
ADAMAS_INLINE auto scalars_by_name(double* scalars) {
  return by_name<typename Rule::Scalars>(scalars, std::make_index_sequence<Rule::kScalarCount>());
}

template <class Rule>
ADAMAS_INLINE auto shared_by_name(double* shared) {
  return by_name<typename Rule::SharedScalars>(shared, std::make_index_sequence<Rule::kSharedScalarCount>());
}

// T may be const.
template <class Rule, class T>
ADAMAS_INLINE auto coefficients_by_name(T* coefficients) {
  return by_name<typename Rule::template Coefficients<T&>>(coefficients,
                                                           std::make_index_sequence<kCoefficientCount<Rule>>());
}

// T may be const.
template <class Rule, class T>
ADAMAS_INLINE auto sums_by_name(T* sums) {
  return by_name<typename Rule::template Sums<T&>>(sums, std::make_index_sequence<Rule::kSumCount>());
}

// The formulas over arrays. The names are gone before a loop takes these in, which is the compiler's choice as for any
// inline function: so the loop is compiled as if there were none.
template <class Rule, class V>
inline V begin_update(V p, V g, V* states, const V* coefficients) {
  return Rule::begin(p, g, states_by_name<Rule>(states), coefficients_by_name<Rule>(coefficients));
}

template <class Rule, class V>
inline V finish_update(V p, V g, V root, V* states, const V* coefficients) {
  return Rule::finish(p, g, root, states_by_name<Rule>(states), coefficients_by_name<Rule>(coefficients));
}

template <class Rule, class V>
inline V update(V p, V g, V* states, const V* coefficients) {
  const auto state = states_by_name<Rule>(states);
  const auto c = coefficients_by_name<Rule>(coefficients);
  if constexpr (Rule::kTakesRoot) {
    return Rule::finish(p, g, Rule::begin(p, g, state, c), state, c);
  } else {
    return Rule::update(p, g, state, c);
  }
}

// (Measured in instructions: always inlined it takes 0.6 % less.)
template <class Rule, class V>
ADAMAS_INLINE void products(V p, V g, V* states, const V* coefficients, Product<V>* products) {
  const auto state = states_by_name<Rule>(states);
  Rule::products(p, g, state, coefficients_by_name<Rule>(coefficients), sums_by_name<Rule>(products));
}

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
