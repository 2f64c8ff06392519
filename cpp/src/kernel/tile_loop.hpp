// The one loop: load a vector of each stream, update, store. Every rule, format and instruction set goes through it.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernel/table.hpp"

namespace adamas {
namespace {

// How many lanes of a vector take part: all of them, or the first n. A tail is the same update on fewer lanes, so
// no formula has a second, scalar form.
struct AllLanes {};
struct FirstLanes {
  int n;
};

template <class Format, class V>
V load(const void* array, std::size_t i, AllLanes) {
  return Format::template load<V>(array, i);
}
template <class Format, class V>
V load(const void* array, std::size_t i, FirstLanes lanes) {
  return Format::template load<V>(array, i, lanes.n);
}
template <class Format, class V>
void store(V value, void* array, std::size_t i, AllLanes) {
  Format::store(value, array, i);
}
template <class Format, class V>
void store(V value, void* array, std::size_t i, FirstLanes lanes) {
  Format::store(value, array, i, lanes.n);
}

// Elements to step singly before `array + begin` is on a vector boundary: then no access crosses a cache line, as
// long as the other streams are placed alike (the Python package allocates states that way).
template <class V, class Element>
std::size_t elements_to_boundary(const void* array, std::size_t begin) {
  const auto address = reinterpret_cast<std::uintptr_t>(static_cast<const Element*>(array) + begin);
  return static_cast<std::size_t>(-address % sizeof(V)) / sizeof(Element);
}

template <class Rule, class Decay, class Format>
void tile_loop(const Streams& streams, std::size_t begin, std::size_t end, const Coefficients& coefficients) {
  using Compute = typename Format::Compute;
  using V = Vector<Compute>;
  static_assert(Rule::kCoefficientCount <= kMaxCoefficients);

  const V grad_scale = V::broadcast(static_cast<Compute>(coefficients.grad_scale));
  const V decay = V::broadcast(static_cast<Compute>(coefficients.decay));
  V c[Rule::kCoefficientCount + 1];
  for (int k = 0; k < Rule::kCoefficientCount; ++k) c[k] = V::broadcast(static_cast<Compute>(coefficients.rule[k]));

  void* const param = streams.param;
  const void* const grad = streams.grad;
  void* states[Rule::kStateCount + 1];
  for (int k = 0; k < Rule::kStateCount; ++k) states[k] = streams.states[k];

  const auto update = [&](std::size_t i, auto lanes) {
    V p = load<typename Format::Param, V>(param, i, lanes);
    V g = load<typename Format::Grad, V>(grad, i, lanes) * grad_scale;
    V s[Rule::kStateCount + 1];
    for (int k = 0; k < Rule::kStateCount; ++k) s[k] = load<typename Format::State, V>(states[k], i, lanes);
    Decay::apply(p, g, decay);
    p = Rule::update(p, g, s, c);
    for (int k = 0; k < Rule::kStateCount; ++k) store<typename Format::State>(s[k], states[k], i, lanes);
    store<typename Format::Param>(p, param, i, lanes);
  };

  constexpr std::size_t kLanes = V::kLanes;
  std::size_t i = begin;
  const std::size_t head = elements_to_boundary<V, typename Format::Param::Element>(param, begin);
  if (head != 0 && head < end - begin) {
    update(i, FirstLanes{static_cast<int>(head)});
    i += head;
  }
  for (; i + kLanes <= end; i += kLanes) update(i, AllLanes{});
  if (i < end) update(i, FirstLanes{static_cast<int>(end - i)});
}

}  // namespace
}  // namespace adamas
