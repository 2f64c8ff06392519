// The byte-limit "rule": every stream of an update with kStates states, and next to no arithmetic. It goes through the
// same tile_loop, so that what a rule takes longer is what its formula costs.
#pragma once

#include "kernel/table.hpp"
#include "kernel/tile_loop.hpp"

namespace adamas::probes {
namespace {

template <int kArrays>
struct ByteLimitRule : RuleDefaults {
  static constexpr int kStateCount = kArrays;

  template <class V>
  struct States {
    template <class... State>
    States(State&... states) : all{&states...} {}
    V* all[kArrays + 1];
  };

  template <class T>
  struct Coefficients {};

  template <class V>
  static ADAMAS_INLINE V update(V p, V g, States<V> state, Coefficients<const V&>) {
    for (int k = 0; k < kArrays; ++k) *state.all[k] = *state.all[k] + g;
    return p + g;
  }
};

struct NoDecay {
  template <class V>
  static void apply(V&, V&, V) {}
};

template <int kStates>
void byte_limit(const Streams& streams, std::size_t begin, std::size_t end) {
  StepCoefficients c{};
  c.decay = 1.0;
  c.grad_scale = 1.0;
  tile_loop<ByteLimitRule<kStates>, NoDecay, float>(streams, begin, end, c);
}

// Reads whole vectors of all streams, and nothing else.
template <int kStates>
void read_limit(const Streams& streams, std::size_t begin, std::size_t end) {
  using V = Vector<float>;
  const void* arrays[2 + kStates] = {streams.param, streams.grad};
  for (int k = 0; k < kStates; ++k) arrays[2 + k] = streams.states[k];
  V sums[2 + kStates];
  for (V& sum : sums) sum = V::broadcast(0.0f);
  for (std::size_t i = begin; i + V::kLanes <= end; i += V::kLanes) {
    for (int k = 0; k < 2 + kStates; ++k) sums[k] = sums[k] + V::load(static_cast<const float*>(arrays[k]) + i);
  }
  for (const V& sum : sums) {
    float lanes[V::kLanes];
    sum.store(lanes);
    const volatile float used = lanes[0];
    static_cast<void>(used);
  }
}

}  // namespace
}  // namespace adamas::probes
