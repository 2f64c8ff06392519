// The loop for every combination of number formats that computes in float32: the format of the states is a template
// parameter; those of parameter and gradient are looked up once a block of vectors, which costs next to nothing and
// keeps the number of kernels at one for each rule and state format.
//
// It goes through whole blocks of kBlock elements, since quantised states have one scale a block. What is left at the
// end of a parameter is copied to a padded block, so that neither rule nor format has a second form for it.
#pragma once

#include <algorithm>
#include <cstring>

#include "formats/block_states.hpp"
#include "formats/gradients.hpp"
#include "formats/params.hpp"
#include "formats/states.hpp"
#include "kernel/square_sum.hpp"
#include "kernel/tile_loop.hpp"
#include "rules/decay.hpp"

namespace adamas {
namespace {

// All arrays, from the first element of a block on.
struct BlockArrays {
  ParamArrays param;
  const void* grad;
  StateArrays states;
};

template <class Rule, class States>
class MixedLoop {
 public:
  MixedLoop(const Streams& streams, const StepCoefficients& coefficients)
      : streams_(streams),
        param_format_(param_format(streams.param_dtype, streams.residue_kind)),
        param_bytes_(size_of(streams.param_dtype)),
        grad_bytes_(size_of(streams.grad_dtype)),
        residue_bytes_(size_of(streams.residue_kind)),
        scaled_(coefficients.grad_scale != 1.0),
        coupled_(coefficients.decay_mode == Decay::kCoupled),
        step_(static_cast<std::uint32_t>(coefficients.step)),
        c_(coefficients) {}

  void update(std::size_t begin, std::size_t end) const {
    const std::size_t whole = (end - begin) / kBlock;
    const std::size_t most = keeps_rest(param_format_) ? kSettledBlocks : whole;
    for (std::size_t block = 0; block < whole; block += most) {
      const std::size_t blocks = std::min(most, whole - block);
      const std::size_t i = begin + block * kBlock;
      const BlockArrays arrays = arrays_at(i);
      settle(param_format_, arrays.param, blocks * kBlock);
      update_blocks(arrays, i, blocks, kBlock);
    }
    if (const std::size_t rest = (end - begin) % kBlock; rest != 0) {
      const std::size_t i = end - rest;
      Padded padded;
      const BlockArrays arrays = pad(arrays_at(i), rest, padded);
      settle(param_format_, arrays.param, kBlock);
      update_blocks(arrays, i, 1, rest);
      unpad(arrays_at(i), rest, padded);
    }
  }

  // Sums of squares of parameter and direction over one granule; nothing is written, but what is kept of parameters is
  // settled.
  SquareSums measure(std::size_t begin, std::size_t end) const {
    SquareSum of_param;
    SquareSum of_direction;
    typename States::Scratch scratch(step_);
    States states(scratch);
    for (std::size_t i = begin; i < end; i += kBlock) {
      const std::size_t count = std::min(kBlock, end - i);
      Padded padded;
      const BlockArrays arrays = count == kBlock ? arrays_at(i) : pad(arrays_at(i), count, padded);
      settle(param_format_, arrays.param, kBlock);
      states.begin(arrays.states);
      const auto measure = [&](std::size_t j, auto add) ADAMAS_INLINE_LAMBDA {
        V p[1];
        V g[1];
        V s[Rule::kStateCount];
        load_params(param_format_, arrays.param, j, p);
        load_gradients(streams_.grad_dtype, arrays.grad, j, g);
        states.template load<0>(arrays.states, s, j);
        add(of_param, p[0]);
        add(of_direction, adamas::direction<Rule>(p[0], g[0] * c_.grad_scale, s, c_.rule));
      };
      for_each_vector<V::kLanes>(
          0, count,
          [&](std::size_t j, auto b) ADAMAS_INLINE_LAMBDA {
            measure(j, [](SquareSum& sum, V x) ADAMAS_INLINE_LAMBDA { sum.add<decltype(b)::value * V::kLanes>(x); });
          },
          [&](std::size_t j, int n) {
            measure(j, [&](SquareSum& sum, V x) { sum.add_last(x, j % kVirtualLanes, n); });
          });
    }
    return {of_param.total(), of_direction.total()};
  }

 private:
  using V = Vector<float>;

  // So many are settled before they are updated: few enough to stay in the nearest cache meanwhile.
  static constexpr std::size_t kSettledBlocks = 16;

  // So many blocks, the first of which begins at `element`; of the elements of the last, the first `count` are real.
  // It is long, and entered from two places: so it is not inlined.
  __attribute__((noinline)) void update_blocks(const BlockArrays& first, std::size_t element, std::size_t blocks,
                                               std::size_t count) const {
    constexpr int kCount = kVectorsPerGroup;
    constexpr std::size_t kStride = kCount * V::kLanes;
    static_assert(kBlock % kStride == 0);
    const RuleVectors<Rule, V> c = c_;
    const ParamFormat param_format = param_format_;
    const DType grad_dtype = streams_.grad_dtype;
    const RandomKey key = streams_.key;
    const bool scaled = scaled_;
    const bool coupled = !Rule::kOwnDecay && coupled_;
    const bool ahead = States::kAhead != 0 && param_bytes_ == sizeof(float) && grad_bytes_ == sizeof(float);
    BlockArrays arrays = first;
    typename States::Scratch scratch(step_);
    States states(scratch);
    for (std::size_t block = 0; block < blocks; ++block) {
      states.begin(arrays.states);
      for (std::size_t j = 0; j < kBlock; j += kStride) {
        V p[kCount];
        V g[kCount];
        if (ahead) {
          prefetch<kStride>(arrays.param.values, j);
          prefetch<kStride>(arrays.grad, j);
        }
        load_params(param_format, arrays.param, j, p);
        load_gradients(grad_dtype, arrays.grad, j, g);
        if (scaled) {
          for (int b = 0; b < kCount; ++b) g[b] = g[b] * c.grad_scale;
        }
        if (coupled) {
          for (int b = 0; b < kCount; ++b) CoupledDecay::apply(p[b], g[b], c.decay);
        } else {
          for (int b = 0; b < kCount; ++b) DecoupledDecay::apply(p[b], g[b], c.decay);
        }
        V s[kCount][Rule::kStateCount + 1];
        const auto load = [&](auto b) ADAMAS_INLINE_LAMBDA { states.template load<b>(arrays.states, s[b], j); };
        const auto update = [&](auto b) ADAMAS_INLINE_LAMBDA { p[b] = adamas::update<Rule>(p[b], g[b], s[b], c.rule); };
        const auto store = [&](auto b) ADAMAS_INLINE_LAMBDA { states.template store<b>(arrays.states, s[b], j); };
        if constexpr (kGroupsInPhases) {
          repeat<kCount>(load);
          repeat<kCount>(update);
          repeat<kCount>(store);
        } else {
          repeat<kCount>([&](auto b) ADAMAS_INLINE_LAMBDA { load(b), update(b), store(b); });
        }
        states.end_group(arrays.states, j);
        store_params(param_format, arrays.param, j, p, element, key);
      }
      states.end(arrays.states, block + 1 == blocks ? count : kBlock);
      element += kBlock;
      advance(arrays, 1);
    }
    states.flush();
  }

  // Elements of float32, States::kAhead bytes after element j. There may be nothing: prefetches do not fault.
  template <std::size_t kElements>
  static ADAMAS_INLINE void prefetch(const void* array, std::size_t j) {
    const char* const begin = static_cast<const char*>(array) + j * sizeof(float) + States::kAhead;
    for (std::size_t i = 0; i < kElements * sizeof(float); i += kCacheLine) __builtin_prefetch(begin + i);
  }

  ADAMAS_INLINE void advance(BlockArrays& arrays, std::size_t blocks) const {
    arrays.param.values = shifted(arrays.param.values, blocks * kBlock * param_bytes_);
    arrays.param.residue = shifted(arrays.param.residue, blocks * kBlock * residue_bytes_);
    arrays.grad = static_cast<const char*>(arrays.grad) + blocks * kBlock * grad_bytes_;
    repeat<Rule::kStateCount>([&](auto k) ADAMAS_INLINE_LAMBDA {
      constexpr StateStorage kStorage = States::kStorage.state[k];
      arrays.states.values[k] = shifted(arrays.states.values[k], blocks * kStorage.block_bytes);
      if constexpr (kStorage.element_bytes == 0) arrays.states.scales[k] += blocks;
    });
  }

  BlockArrays arrays_at(std::size_t i) const {
    BlockArrays arrays{};
    arrays.param.values = streams_.param;
    arrays.param.residue = streams_.residue;
    arrays.grad = streams_.grad;
    for (int k = 0; k < Rule::kStateCount; ++k) {
      const StateStorage& storage = States::kStorage.state[k];
      arrays.states.values[k] = streams_.states[k];
      if (storage.element_bytes != 0) continue;
      const std::size_t blocks = (streams_.size + kBlock - 1) / kBlock;
      arrays.states.scales[k] = static_cast<float*>(shifted(streams_.states[k], blocks * storage.block_bytes));
    }
    advance(arrays, i / kBlock);
    return arrays;
  }

  // One block of gradient, parameter, residue and states. (Codes come in whole blocks already.)
  struct Padded {
    alignas(64) char bytes[3 + kMaxStates][kBlock * sizeof(double)];
  };

  // Calls copy(which, pointer into arrays, bytes) for each array that a step writes, where it is to be padded.
  template <class Arrays, class Copy>
  void for_each_padded(Arrays& arrays, std::size_t count, Copy copy) const {
    copy(1, arrays.param.values, count * param_bytes_);
    copy(2, arrays.param.residue, count * residue_bytes_);
    for (int k = 0; k < Rule::kStateCount; ++k) {
      copy(3 + k, arrays.states.values[k], count * States::kStorage.state[k].element_bytes);
    }
  }

  BlockArrays pad(BlockArrays arrays, std::size_t count, Padded& padded) const {
    std::memset(padded.bytes, 0, sizeof padded.bytes);
    std::memcpy(padded.bytes[0], arrays.grad, count * grad_bytes_);
    arrays.grad = padded.bytes[0];
    for_each_padded(arrays, count, [&](int which, void*& array, std::size_t bytes) {
      if (bytes == 0) return;
      std::memcpy(padded.bytes[which], array, bytes);
      array = padded.bytes[which];
    });
    return arrays;
  }

  void unpad(const BlockArrays& arrays, std::size_t count, const Padded& padded) const {
    for_each_padded(arrays, count, [&](int which, void* array, std::size_t bytes) {
      if (bytes != 0) std::memcpy(array, padded.bytes[which], bytes);
    });
  }

  static ADAMAS_INLINE void* shifted(void* array, std::size_t bytes) { return static_cast<char*>(array) + bytes; }

  const Streams& streams_;
  ParamFormat param_format_;
  std::size_t param_bytes_;
  std::size_t grad_bytes_;
  std::size_t residue_bytes_;
  bool scaled_;
  bool coupled_;
  std::uint32_t step_;
  RuleVectors<Rule, V> c_;
};

}  // namespace
}  // namespace adamas
