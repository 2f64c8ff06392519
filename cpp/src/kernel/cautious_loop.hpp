// Cautious updates (engine/cautious.hpp). Where all is float32, a rule has a formula of its own for them, and so has
// the first pass. For other formats there is, once for all rules, what an update adds to that of its rule, over arrays
// of the compute type that are in cache.
#pragma once

#include <cstddef>
#include <tuple>
#include <utility>

#include "kernel/apart.hpp"
#include "kernel/square_sum.hpp"
#include "kernel/table.hpp"
#include "kernel/tile_loop.hpp"
#include "rules/decay.hpp"
#include "rules/rule.hpp"

namespace adamas {
namespace {

// Calls work(element, lanes) for each vector of `count` elements.
template <class T, class Work>
ADAMAS_INLINE void for_each_lanes(std::size_t count, Work work) {
  constexpr std::size_t kLanes = Vector<T>::kLanes;
  std::size_t i = 0;
  for (; i + kLanes <= count; i += kLanes) work(i, AllLanes{});
  if (i < count) work(i, FirstLanes{static_cast<int>(count - i)});
}

// Below zero where a change goes against the gradient. Of signs, since a product of small numbers would be zero.
template <class V>
ADAMAS_INLINE V change_along(V change, V g) {
  const V zero = V::broadcast(0);
  return where_greater(g, zero, change, where_greater(zero, g, zero - change, zero));
}

// p + the change of a parameter of zeros, times `moving` where that moves, else times zero; so a NaN reaches p.
template <class V>
ADAMAS_INLINE V moved(V p, V change, V g, V moving) {
  const V zero = V::broadcast(0);
  return p + change * where_greater(zero, change_along(change, g), moving, zero);
}

// The cautious form of a rule, with one coefficient more.
template <class Rule>
struct CautiousRule : Rule {
  static constexpr bool kTakesRoot = false;

  template <class T>
  struct Coefficients {
    template <class... All>
    ADAMAS_INLINE Coefficients(All&... all)
        : Coefficients(std::tie(all...), std::make_index_sequence<sizeof...(all) - 1>()) {}
    template <class Tuple, std::size_t... k>
    ADAMAS_INLINE Coefficients(Tuple all, std::index_sequence<k...>)
        : rule{std::get<k>(all)...}, moving(std::get<sizeof...(k)>(all)) {}

    typename Rule::template Coefficients<T> rule;
    T moving;
  };

  template <class V, class States>
  static ADAMAS_INLINE V update(V p, V g, States state, Coefficients<const V&> c) {
    const V zero = V::broadcast(0);
    if constexpr (Rule::kTakesRoot) {
      const V root = Rule::begin(zero, g, state, c.rule);
      return moved(p, Rule::finish(zero, g, root, state, c.rule), g, c.moving);
    } else {
      return moved(p, Rule::update(zero, g, state, c.rule), g, c.moving);
    }
  }
};

template <class Rule, class T>
void update_cautiously(const Streams& streams, std::size_t begin, std::size_t end, const StepCoefficients& c) {
  static_assert(kCoefficientCount<Rule> < kMaxCoefficients);
  StepCoefficients with_mask = c;
  with_mask.rule[kCoefficientCount<Rule>] = c.mask_scale;
  update_plain<CautiousRule<Rule>, T>(streams, begin, end, with_mask);
}

// Of a rule that follows its average, how many elements of each granule move: those where the average has the sign of
// the gradient.
template <class T>
void count_by_average(const void* grad, const void* average, std::size_t begin, std::size_t end, double scale,
                      const double* coefficients, double* counts) {
  using V = Vector<T>;
  constexpr std::size_t kLanes = V::kLanes;
  const V zero = V::broadcast(0);
  const V one = V::broadcast(1);
  const V factor = V::broadcast(static_cast<T>(scale));
  const V beta1 = V::broadcast(static_cast<T>(coefficients[0]));
  const V one_minus_beta1 = V::broadcast(static_cast<T>(coefficients[1]));
  const auto moves = [&](std::size_t i, auto lanes) ADAMAS_INLINE_LAMBDA {
    const V g = load<T>(grad, i, lanes) * factor;
    const V m = beta1 * load<T>(average, i, lanes) + one_minus_beta1 * g;
    return where_greater(change_along(m, g), zero, one, zero);
  };
  for_each_apart(begin, end, [&](std::size_t first, std::size_t apart, int count, std::size_t size) {
    V moving[kRuns] = {zero, zero, zero, zero};
    if (count == kRuns) {
      for (std::size_t i = first; i < first + kGranule; i += kLanes) {
        for (std::size_t r = 0; r < kRuns; ++r) moving[r] = moving[r] + moves(i + r * apart, AllLanes{});
      }
    } else {
      for (std::size_t i = first; i < first + size; i += kLanes) {
        const std::size_t left = first + size - i;
        moving[0] = moving[0] + (left < kLanes ? moves(i, FirstLanes{static_cast<int>(left)}) : moves(i, AllLanes{}));
      }
    }
    for (int r = 0; r < count; ++r) {
      const std::size_t granule = first / kGranule + static_cast<std::size_t>(r) * (apart / kGranule);
      counts[granule] = static_cast<double>(added_by_halves(moving[r]));
    }
  });
}

template <class T>
void couple(void* grad, const void* param, std::size_t count, double weight_decay) {
  using V = Vector<T>;
  const V decay = V::broadcast(static_cast<T>(weight_decay));
  for_each_lanes<T>(count, [&](std::size_t i, auto lanes) ADAMAS_INLINE_LAMBDA {
    V p = load<T>(param, i, lanes);
    V g = load<T>(grad, i, lanes);
    CoupledDecay::apply(p, g, decay);
    store(g, grad, i, lanes);
  });
}

template <class T>
double count_moving(const void* change, const void* grad, std::size_t count) {
  using V = Vector<T>;
  const V zero = V::broadcast(0);
  const V one = V::broadcast(1);
  V moving = zero;  // in each lane a small whole number
  for_each_lanes<T>(count, [&](std::size_t i, auto lanes) ADAMAS_INLINE_LAMBDA {
    const V along = change_along(load<T>(change, i, lanes), load<T>(grad, i, lanes));  // zero beyond a tail
    moving = moving + where_greater(zero, along, one, zero);
  });
  return static_cast<double>(added_by_halves(moving));
}

template <class T>
void move(void* param, const void* change, const void* grad, std::size_t count, double decay, double scale) {
  using V = Vector<T>;
  const V factor = V::broadcast(static_cast<T>(decay));
  const V moving = V::broadcast(static_cast<T>(scale));
  for_each_lanes<T>(count, [&](std::size_t i, auto lanes) ADAMAS_INLINE_LAMBDA {
    V p = load<T>(param, i, lanes);
    V g = load<T>(grad, i, lanes);
    DecoupledDecay::apply(p, g, factor);
    store(moved(p, load<T>(change, i, lanes), g, moving), param, i, lanes);
  });
}

template <class T>
constexpr CautiousKernels kCautiousKernels = {count_by_average<T>, couple<T>, count_moving<T>, move<T>};

}  // namespace
}  // namespace adamas
