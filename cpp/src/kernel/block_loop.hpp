// The loop over whole blocks of elements that computes in float32. Rule and format of the states are template
// parameters; the dtype of the gradient, and how a parameter of bfloat16 is rounded, are looked up once a pair of
// vectors, which costs next to nothing.
//
// From one pair to the next a processor would have to look far ahead: decoding, root, division and encoding follow on
// one another, and take longer than it has room for instructions that wait. So the loop is a pipeline of two stages,
// where the simd header says so (kPipelined): while the root of one pair is taken, the next one is loaded and begun.
#pragma once

#include "formats/block_states.hpp"
#include "formats/gradients.hpp"
#include "formats/params.hpp"
#include "formats/states.hpp"
#include "kernel/tile_loop.hpp"
#include "rules/decay.hpp"
#include "simd/order.hpp"

namespace adamas {
namespace {

// All arrays, from the first element of a block on.
struct BlockArrays {
  ParamArrays param;
  const void* grad;
  StateArrays states;
};

// A pair of vectors between the two stages.
template <class Rule, class States>
struct Pair {
  using V = Vector<float>;
  static constexpr int kCount = Rule::kStateCount;

  V param[2];
  V grad[2];
  V root[2];
  V states[kCount + 1][2];
  V prepared[kCount + 1][2];

  // The states of one of the vectors, as a rule takes them.
  template <class Work>
  ADAMAS_INLINE void with_states(std::size_t b, Work work) {
    V s[kCount + 1];
    for (int k = 0; k < kCount; ++k) s[k] = states[k][b];
    work(s);
    for (int k = 0; k < kCount; ++k) states[k][b] = s[k];
  }

  // Number by number, so that they stay in registers.
  ADAMAS_INLINE void operator=(const Pair& other) {
    for_both([&](std::size_t b) ADAMAS_INLINE_LAMBDA {
      param[b] = other.param[b];
      grad[b] = other.grad[b];
      if constexpr (Rule::kTakesRoot) root[b] = other.root[b];
      repeat<kCount>([&](auto k) ADAMAS_INLINE_LAMBDA {
        states[k][b] = other.states[k][b];
        if constexpr (States::template kPrepares<k>) prepared[k][b] = other.prepared[k][b];
      });
    });
  }
};

// Blocks, the first of which begins at `element`; of the elements of the last, the first `count` are real.
struct Run {
  std::size_t element;
  std::size_t blocks;
  std::size_t count;
};

// An array that is fetched while elements are updated, a pair at a time, long before it is read.
struct Fetched {
  const char* next;
  std::size_t element_bytes;
};

// What is the same for all elements of a run.
struct MixedStep {
  const Streams& streams;
  const StepCoefficients& coefficients;
  ParamFormat format;  // as the loop is to see it: one that is direct
  DType grad_dtype;    // likewise
  Fetched fetched[3];  // parameter, gradient, and what is kept beside a parameter
};

inline void* shifted(void* array, std::size_t bytes) { return static_cast<char*>(array) + bytes; }

// A pair of at most float32. There may be nothing: prefetches do not fault.
ADAMAS_INLINE void prefetch_pair(const char* begin) {
  for (std::size_t i = 0; i < kPair * sizeof(float); i += kCacheLine) __builtin_prefetch(begin + i);
}

// Updates whole blocks. kWords: the parameter is one of bfloat16; else it is float32.
template <class Rule, class States, bool kWords>
void update_blocks(const MixedStep& step, const BlockArrays& first, const Run& run) {
  using V = Vector<float>;
  using Order = typename States::Order;
  static_assert(kBlock % kPair == 0);
  const StepCoefficients& coefficients = step.coefficients;
  const RuleVectors<Rule, V> c(coefficients);
  const bool at_random = step.format == ParamFormat::kBfloat16Random;
  const DType dtype = step.grad_dtype;
  const RandomKey key = step.streams.key;
  const bool scaled = coefficients.grad_scale != 1.0;
  const bool coupled = !Rule::kOwnDecay && coefficients.decay_mode == Decay::kCoupled;
  const std::size_t param_bytes = kWords ? 2 : sizeof(float);
  const std::size_t grad_bytes = size_of(dtype);
  std::size_t element = run.element;
  BlockArrays arrays = first;
  Fetched fetched[] = {step.fetched[0], step.fetched[1], step.fetched[2]};
  typename States::Scratch scratch(static_cast<std::uint32_t>(coefficients.step));
  States states(scratch);

  // The pair that begins with element j of the block.
  const auto begin = [&](std::size_t j, Pair<Rule, States>& x) ADAMAS_INLINE_LAMBDA {
    if constexpr (States::kAhead != 0) {
      for (const Fetched& array : fetched) prefetch_pair(array.next + j * array.element_bytes);
    }
    if constexpr (kWords) {
      load_words<Order>(arrays.param.values, j, x.param);
    } else {
      Order::load(static_cast<const float*>(arrays.param.values) + j, x.param);
    }
    load_gradients<Order>(dtype, arrays.grad, j, x.grad);
    states.load(arrays.states, x.states, j);
    if (scaled) {
      for_both([&](std::size_t b) ADAMAS_INLINE_LAMBDA { x.grad[b] = x.grad[b] * c.grad_scale; });
    }
    if (coupled) {
      for_both([&](std::size_t b) ADAMAS_INLINE_LAMBDA { CoupledDecay::apply(x.param[b], x.grad[b], c.decay); });
    } else {
      for_both([&](std::size_t b) ADAMAS_INLINE_LAMBDA { DecoupledDecay::apply(x.param[b], x.grad[b], c.decay); });
    }
    if constexpr (Rule::kTakesRoot) {
      for_both([&](std::size_t b) ADAMAS_INLINE_LAMBDA {
        x.with_states(
            b, [&](V* s) ADAMAS_INLINE_LAMBDA { x.root[b] = begin_update<Rule>(x.param[b], x.grad[b], s, c.rule); });
      });
      states.prepare(x.states, x.prepared);
    }
  };
  const auto finish = [&](std::size_t j, Pair<Rule, States>& x) ADAMAS_INLINE_LAMBDA {
    for_both([&](std::size_t b) ADAMAS_INLINE_LAMBDA {
      x.with_states(b, [&](V* s) ADAMAS_INLINE_LAMBDA {
        if constexpr (Rule::kTakesRoot) {
          x.param[b] = finish_update<Rule>(x.param[b], x.grad[b], x.root[b], s, c.rule);
        } else {
          x.param[b] = adamas::update<Rule>(x.param[b], x.grad[b], s, c.rule);
        }
      });
    });
    if constexpr (!Rule::kTakesRoot) states.prepare(x.states, x.prepared);
    states.store(arrays.states, x.states, x.prepared, j);
    if constexpr (kWords) {
      store_words<Order>(at_random, arrays.param.values, j, x.param, element, key);
    } else {
      Order::store(x.param, static_cast<float*>(arrays.param.values) + j);
    }
  };

  for (std::size_t block = 0; block < run.blocks; ++block) {
    states.begin(arrays.states);
    if constexpr (kPipelined) {
      Pair<Rule, States> now;
      begin(0, now);
      for (std::size_t j = kPair; j < kBlock; j += kPair) {
        Pair<Rule, States> next;
        begin(j, next);
        finish(j - kPair, now);
        states.between(j);
        now = next;
      }
      finish(kBlock - kPair, now);
    } else {
      for (std::size_t j = 0; j < kBlock; j += kPair) {
        Pair<Rule, States> now;
        begin(j, now);
        finish(j, now);
        states.between(j);
      }
    }
    states.end(arrays.states, block + 1 == run.blocks ? run.count : kBlock);
    element += kBlock;
    arrays.param.values = shifted(arrays.param.values, kBlock * param_bytes);
    arrays.grad = static_cast<const char*>(arrays.grad) + kBlock * grad_bytes;
    if constexpr (States::kAhead != 0) {
      for (Fetched& array : fetched) array.next += kBlock * array.element_bytes;
    }
    repeat<Rule::kStateCount>([&](auto k) ADAMAS_INLINE_LAMBDA {
      constexpr StateStorage kStorage = States::kStorage.state[k];
      arrays.states.values[k] = shifted(arrays.states.values[k], kStorage.block_bytes);
      if constexpr (kStorage.element_bytes == 0) ++arrays.states.scales[k];
    });
  }
  states.flush();
}

}  // namespace
}  // namespace adamas
