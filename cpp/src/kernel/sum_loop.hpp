// The pass before the update of a rule that needs sums over a parameter (rules/rule.hpp), granule by granule. Nothing
// is written, but what is kept of parameters is settled.
#pragma once

#include <algorithm>
#include <type_traits>
#include <utility>

#include "kernel/apart.hpp"
#include "kernel/mixed_loop.hpp"
#include "kernel/square_sum.hpp"
#include "kernel/table.hpp"
#include "kernel/tile_loop.hpp"
#include "rules/decay.hpp"

namespace adamas {
namespace {

// The sums of one granule, of arrays of T.
template <class Rule, class T>
class RuleSums {
 public:
  template <std::size_t kFirst, class V>
  ADAMAS_INLINE void add(const Product<V>* products) {
    repeat<Rule::kSumCount>([&](auto k)
                                ADAMAS_INLINE_LAMBDA { sums_[k].template add<kFirst>(products[k].a, products[k].b); });
  }
  template <class V>
  void add_last(const Product<V>* products, std::size_t first, int n) {
    for (int k = 0; k < Rule::kSumCount; ++k) sums_[k].add_last(products[k].a, products[k].b, first, n);
  }
  ADAMAS_INLINE void restart() {
    for (Sum& sum : sums_) sum.restart();
  }
  void store(GranuleSums& out) const {
    for (int k = 0; k < Rule::kSumCount; ++k) out.values[k] = sums_[k].total();
  }

 private:
  using Sum = std::conditional_t<Rule::kSumsInComputeType, HalvedSum<T>, ProductSum>;
  Sum sums_[Rule::kSumCount];
};

// Scale and decay, as the update has them.
template <class Rule, class V>
ADAMAS_INLINE void prepare_sums(V& p, V& g, bool coupled, const RuleVectors<Rule, V>& c) {
  g = g * c.grad_scale;
  if constexpr (!Rule::kOwnDecay) {
    if (coupled) {
      CoupledDecay::apply(p, g, c.decay);
    } else {
      DecoupledDecay::apply(p, g, c.decay);
    }
  }
}

// Granules that are gone through at once: as many as there are registers for their sums.
template <int kMost>
constexpr int kSummedAtOnce = Vector<double>::kLanes == 8 ? kMost : 1;

// kRuns granules, the first of elements [begin, end). load(r, i, lanes, p, g, states): of granule r, what lies where
// element i lies in the first. sums: of granules before, none of them the last one of an array.
template <class Rule, class T, int kRuns, class Load>
ADAMAS_INLINE void sum_granules(std::size_t begin, std::size_t end, bool coupled, const RuleVectors<Rule, Vector<T>>& c,
                                Load load, RuleSums<Rule, T>* sums, GranuleSums* const* out) {
  using V = Vector<T>;
  constexpr std::size_t kLanes = V::kLanes;
  for (int r = 0; r < kRuns; ++r) sums[r].restart();
  const auto measure = [&](std::size_t i, auto lanes, auto add) ADAMAS_INLINE_LAMBDA {
    V p[kRuns];
    V g[kRuns];
    V s[kRuns][Rule::kStateCount + 1];
    repeat<kRuns>([&](auto r) ADAMAS_INLINE_LAMBDA { load(r, i, lanes, p[r], g[r], s[r]); });
    repeat<kRuns>([&](auto r) ADAMAS_INLINE_LAMBDA {
      prepare_sums<Rule>(p[r], g[r], coupled, c);
      Product<V> found[Rule::kSumCount];
      products<Rule>(p[r], g[r], s[r], c.rule, found);
      add(sums[r], found);
    });
  };
  for_each_vector<kLanes>(
      begin, end,
      [&](std::size_t i, auto b) ADAMAS_INLINE_LAMBDA {
        measure(i, AllLanes{}, [&](RuleSums<Rule, T>& sum, const Product<V>* found) ADAMAS_INLINE_LAMBDA {
          sum.template add<decltype(b)::value * kLanes>(found);
        });
      },
      [&](std::size_t i, int n) {
        measure(i, FirstLanes{n},
                [&](RuleSums<Rule, T>& sum, const Product<V>* found) { sum.add_last(found, i % kVirtualLanes, n); });
      });
  for (int r = 0; r < kRuns; ++r) sums[r].store(*out[r]);
}

// Parameter, gradient and states all are arrays of T.
template <class Rule, class T>
void sum_loop(const Streams& streams, std::size_t begin, std::size_t end, const StepCoefficients& coefficients,
              GranuleSums* out) {
  using V = Vector<T>;
  const RuleVectors<Rule, V> c(coefficients);
  const bool coupled = coefficients.decay_mode == Decay::kCoupled;
  RuleSums<Rule, T> sums[kSummedAtOnce<kRuns>];
  const auto sum = [&](auto count, std::size_t first, std::size_t apart, std::size_t last) ADAMAS_INLINE_LAMBDA {
    constexpr int kCount = decltype(count)::value;
    GranuleSums* to[kCount];
    for (int r = 0; r < kCount; ++r) to[r] = &out[first / kGranule + static_cast<std::size_t>(r) * (apart / kGranule)];
    sum_granules<Rule, T, kCount>(
        first, last, coupled, c,
        [&](auto r, std::size_t i, auto lanes, V& p, V& g, V* s) ADAMAS_INLINE_LAMBDA {
          const std::size_t at = i + static_cast<std::size_t>(r) * apart;
          p = load<T>(streams.param, at, lanes);
          g = load<T>(streams.grad, at, lanes);
          for (int k = 0; k < Rule::kStateCount; ++k) s[k] = load<T>(streams.states[k], at, lanes);
        },
        sums, to);
  };
  if constexpr (kSummedAtOnce<kRuns> > 1) {
    for_each_apart(begin, end, [&](std::size_t first, std::size_t apart, int count, std::size_t size) {
      count == kRuns ? sum(Index<kRuns>{}, first, apart, first + size) : sum(Index<1>{}, first, 0, first + size);
    });
  } else {
    for (std::size_t i = begin; i < end; i += kGranule) sum(Index<1>{}, i, 0, std::min(end, i + kGranule));
  }
}

// In mixed number formats.
template <class Rule, class States>
void sum_mixed(const Streams& streams, std::size_t begin, std::size_t end, const StepCoefficients& coefficients,
               GranuleSums* out) {
  using V = Vector<float>;
  constexpr std::size_t kLanes = V::kLanes;
  constexpr std::size_t kGroup = std::max(kPair, kVirtualLanes);
  static constexpr MixedKernel kKernel = {nullptr, nullptr, Rule::kStateCount, States::kStorage.state, 0};
  const MixedLoop loop(streams, coefficients, kKernel);
  const RuleVectors<Rule, V> c(coefficients);
  const bool coupled = coefficients.decay_mode == Decay::kCoupled;
  typename States::Scratch scratch(static_cast<std::uint32_t>(coefficients.step));
  States states(scratch);

  RuleSums<Rule, float> sums;
  for (std::size_t granule = begin; granule < end; granule += kGranule) {
    sums.restart();
    const std::size_t last = std::min(end, granule + kGranule);
    for (std::size_t i = granule; i < last; i += kBlock) {
      const std::size_t count = std::min(kBlock, last - i);
      loop.with_block(i, count, [&](const BlockArrays& arrays, const float* params, const float* grads) {
        states.begin(arrays.states);
        for (std::size_t group = 0; group < count; group += kGroup) {
          repeat<static_cast<int>(kGroup / kPair)>([&](auto pair) ADAMAS_INLINE_LAMBDA {
            constexpr std::size_t kFirst = static_cast<std::size_t>(decltype(pair)::value) * kPair;
            Pair<Rule, States> x;
            InOrder::load(params + group + kFirst, x.param);
            InOrder::load(grads + group + kFirst, x.grad);
            states.load(arrays.states, x.states, group + kFirst);
            repeat<2>([&](auto b) ADAMAS_INLINE_LAMBDA {
              constexpr std::size_t kElement = kFirst + static_cast<std::size_t>(decltype(b)::value) * kLanes;
              constexpr std::size_t kLane = kElement % kVirtualLanes;
              const std::size_t element = group + kElement;
              prepare_sums<Rule>(x.param[b], x.grad[b], coupled, c);
              Product<V> found[Rule::kSumCount];
              x.with_states(
                  b, [&](V* s) ADAMAS_INLINE_LAMBDA { products<Rule>(x.param[b], x.grad[b], s, c.rule, found); });
              if (element + kLanes <= count) {
                sums.template add<kLane>(found);
              } else if (element < count) {
                sums.add_last(found, kLane, static_cast<int>(count - element));
              }
            });
          });
        }
      });
    }
    sums.store(out[granule / kGranule]);
  }
}

}  // namespace
}  // namespace adamas
