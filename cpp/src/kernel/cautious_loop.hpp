// What a cautious update adds to that of its rule (engine/cautious.hpp): once for all rules, over arrays of the compute
// type that are in cache.
#pragma once

#include <cstddef>

#include "kernel/table.hpp"
#include "kernel/tile_loop.hpp"
#include "rules/decay.hpp"

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
  T counts[V::kLanes];
  moving.store(counts);
  double total = 0.0;
  for (const T of_lane : counts) total += static_cast<double>(of_lane);
  return total;
}

template <class T>
void move(void* param, const void* change, const void* grad, std::size_t count, double decay, double scale) {
  using V = Vector<T>;
  const V zero = V::broadcast(0);
  const V factor = V::broadcast(static_cast<T>(decay));
  const V moving = V::broadcast(static_cast<T>(scale));
  for_each_lanes<T>(count, [&](std::size_t i, auto lanes) ADAMAS_INLINE_LAMBDA {
    V p = load<T>(param, i, lanes);
    V g = load<T>(grad, i, lanes);
    const V c = load<T>(change, i, lanes);
    DecoupledDecay::apply(p, g, factor);
    // A product, so that a NaN reaches the parameter.
    store(p + c * where_greater(zero, change_along(c, g), moving, zero), param, i, lanes);
  });
}

template <class T>
constexpr CautiousKernels kCautiousKernels = {couple<T>, count_moving<T>, move<T>};

}  // namespace
}  // namespace adamas
