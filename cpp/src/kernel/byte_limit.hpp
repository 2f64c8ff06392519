// The byte-limit "rule": every stream of an update with kStates states, and next to no arithmetic. It goes through the
// same tile_loop, so that what a rule takes longer is what its formula costs.
#pragma once

#include "kernel/table.hpp"
#include "kernel/tile_loop.hpp"

namespace adamas {
namespace {

template <int kStates>
struct ByteLimitRule {
  static constexpr int kStateCount = kStates;
  static constexpr int kCoefficientCount = 0;

  template <class V>
  static V update(V p, V g, V* state, const V*) {
    for (int k = 0; k < kStates; ++k) state[k] = state[k] + g;
    return p + g;
  }
};

struct NoDecay {
  template <class V>
  static void apply(V&, V&, V) {}
};

template <int kStates>
void byte_limit(const Streams& streams, std::size_t begin, std::size_t end) {
  Coefficients c{};
  c.decay = 1.0;
  c.grad_scale = 1.0;
  tile_loop<ByteLimitRule<kStates>, NoDecay, float>(streams, begin, end, c);
}

}  // namespace
}  // namespace adamas
