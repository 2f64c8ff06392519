// The loop over arrays of one floating-point type: load a vector of each stream, update, store. Every rule and
// instruction set goes through it. (kernel/mixed_loop.hpp is the one for mixed number formats.)
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernel/table.hpp"
#include "rules/decay.hpp"
#include "rules/rule.hpp"

namespace adamas {
namespace {

// How many lanes of a vector take part: all of them, or the first n. A tail is the same update on fewer lanes, so
// no formula has a second, scalar form.
struct AllLanes {};
struct FirstLanes {
  int n;
};

template <class T>
Vector<T> load(const void* array, std::size_t i, AllLanes) {
  return Vector<T>::load(static_cast<const T*>(array) + i);
}
template <class T>
Vector<T> load(const void* array, std::size_t i, FirstLanes lanes) {
  return Vector<T>::load(static_cast<const T*>(array) + i, lanes.n);
}
template <class T>
void store(Vector<T> value, void* array, std::size_t i, AllLanes) {
  value.store(static_cast<T*>(array) + i);
}
template <class T>
void store(Vector<T> value, void* array, std::size_t i, FirstLanes lanes) {
  value.store(static_cast<T*>(array) + i, lanes.n);
}

// So many vectors of each stream are loaded before any is stored (kVectorsPerBlock is in the simd header). A processor
// that compares the low 12 bits of addresses takes the load of one stream for that of a store to another stream which
// lies just before it modulo 4096, and waits; in blocks that is rare, wherever the caller's arrays are.
template <int kVectors>
struct Block {
  static constexpr int kCount = kVectors;
};

// Elements to step singly before `array + begin` is on a vector boundary: then no access crosses a cache line, as
// long as the other streams are placed alike (the Python package allocates states that way).
template <class T>
std::size_t elements_to_boundary(const void* array, std::size_t begin) {
  const auto address = reinterpret_cast<std::uintptr_t>(static_cast<const T*>(array) + begin);
  return static_cast<std::size_t>(-address % sizeof(Vector<T>)) / sizeof(T);
}

// Vectors from which on that is worth a partial one at each end.
constexpr std::size_t kWorthAligning = 16;

// The coefficients of a step, rounded to the compute type, in vectors.
template <class Rule, class V>
struct RuleVectors {
  using T = typename V::Lane;

  explicit RuleVectors(const StepCoefficients& coefficients)
      : grad_scale(V::broadcast(static_cast<T>(coefficients.grad_scale))),
        decay(V::broadcast(static_cast<T>(coefficients.decay))) {
    for (int k = 0; k < kCoefficientCount<Rule>; ++k) rule[k] = V::broadcast(static_cast<T>(coefficients.rule[k]));
  }

  V grad_scale;
  V decay;
  V rule[kCoefficientCount<Rule> + 1];
};

// Parameter, gradient and states all are arrays of T.
template <class Rule, class Decay, class T>
void tile_loop(const Streams& streams, std::size_t begin, std::size_t end, const StepCoefficients& coefficients) {
  using V = Vector<T>;
  const RuleVectors<Rule, V> c(coefficients);

  void* const param = streams.param;
  const void* const grad = streams.grad;
  void* states[Rule::kStateCount + 1];
  for (int k = 0; k < Rule::kStateCount; ++k) states[k] = streams.states[k];

  const auto update = [&](std::size_t i, auto block, auto lanes) {
    constexpr int kCount = decltype(block)::kCount;
    V p[kCount];
    V g[kCount];
    V s[kCount][Rule::kStateCount + 1];
    for (int b = 0; b < kCount; ++b) {
      const std::size_t at = i + static_cast<std::size_t>(b * V::kLanes);
      p[b] = load<T>(param, at, lanes);
      g[b] = load<T>(grad, at, lanes) * c.grad_scale;
      for (int k = 0; k < Rule::kStateCount; ++k) s[b][k] = load<T>(states[k], at, lanes);
    }
    for (int b = 0; b < kCount; ++b) {
      const std::size_t at = i + static_cast<std::size_t>(b * V::kLanes);
      Decay::apply(p[b], g[b], c.decay);
      p[b] = adamas::update<Rule>(p[b], g[b], s[b], c.rule);
      for (int k = 0; k < Rule::kStateCount; ++k) {
        if (is_written<Rule>(k)) store(s[b][k], states[k], at, lanes);
      }
      store(p[b], param, at, lanes);
    }
  };

  constexpr std::size_t kLanes = V::kLanes;
  std::size_t i = begin;
  const std::size_t head = elements_to_boundary<T>(param, begin);
  if (head != 0 && end - begin >= kWorthAligning * kLanes) {
    update(i, Block<1>{}, FirstLanes{static_cast<int>(head)});
    i += head;
  }
  if constexpr (kVectorsPerBlock > 1) {
    constexpr std::size_t kStride = kVectorsPerBlock * kLanes;
    for (; i + kStride <= end; i += kStride) update(i, Block<kVectorsPerBlock>{}, AllLanes{});
  }
  for (; i + kLanes <= end; i += kLanes) update(i, Block<1>{}, AllLanes{});
  if (i < end) update(i, Block<1>{}, FirstLanes{static_cast<int>(end - i)});
}

template <class Rule, class T>
void update_plain(const Streams& streams, std::size_t begin, std::size_t end, const StepCoefficients& c) {
  if constexpr (!Rule::kOwnDecay) {
    if (c.decay_mode == Decay::kCoupled) return tile_loop<Rule, CoupledDecay, T>(streams, begin, end, c);
  }
  tile_loop<Rule, DecoupledDecay, T>(streams, begin, end, c);
}

}  // namespace
}  // namespace adamas
