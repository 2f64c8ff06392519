// The loops over granules of a parameter with states by row or column, where all is of one floating-point type. Such
// rules go through few arrays, several times: so several granules at once (kernel/apart.hpp).
#pragma once

#include "kernel/sum_loop.hpp"
#include "kernel/table.hpp"
#include "kernel/tile_loop.hpp"

namespace adamas {
namespace {

// What the formula is given of elements i to i + lanes of a granule.
template <class Rule, class T>
struct RunVectors {
  Vector<T> param;
  Vector<T> grad;
  Vector<T> states[Rule::kStateCount + 1];

  template <class Lanes>
  ADAMAS_INLINE void load_from(const Streams& streams, const AxisRun& run, std::size_t i, Lanes lanes) {
    const std::size_t at = run.begin + i;
    param = load<T>(streams.param, at, lanes);
    grad = load<T>(streams.grad, at, lanes);
    repeat<Rule::kStateCount>([&](auto k) ADAMAS_INLINE_LAMBDA {
      const bool own = Rule::kStates[k].extent == StateExtent::kElement;
      states[k] =
          own ? load<T>(streams.states[k], at, lanes) : load<T>(run.factors[k].values, i & run.factors[k].mask, lanes);
    });
  }
};

template <class Rule, class Decay, class T, int kRuns>
void update_runs(const Streams& streams, const AxisRun* runs, std::size_t size, const StepCoefficients& coefficients) {
  constexpr std::size_t kLanes = Vector<T>::kLanes;
  const RuleVectors<Rule, Vector<T>> c(coefficients);
  const auto update = [&](std::size_t i, auto lanes) ADAMAS_INLINE_LAMBDA {
    RunVectors<Rule, T> x[kRuns];
    repeat<kRuns>([&](auto r) ADAMAS_INLINE_LAMBDA { x[r].load_from(streams, runs[r], i, lanes); });
    repeat<kRuns>([&](auto r) ADAMAS_INLINE_LAMBDA {
      const std::size_t at = runs[r].begin + i;
      x[r].grad = x[r].grad * c.grad_scale;
      Decay::apply(x[r].param, x[r].grad, c.decay);
      x[r].param = adamas::update<Rule>(x[r].param, x[r].grad, x[r].states, c.rule);
      repeat<Rule::kStateCount>([&](auto k) ADAMAS_INLINE_LAMBDA {
        if (is_written<Rule>(k)) store(x[r].states[k], streams.states[k], at, lanes);
      });
      store(x[r].param, streams.param, at, lanes);
    });
  };
  // Granules lie alike on cache lines.
  std::size_t i = std::min(size, elements_to_boundary<T>(streams.param, runs[0].begin));
  if (i != 0) update(0, FirstLanes{static_cast<int>(i)});
  for (; i + kLanes <= size; i += kLanes) update(i, AllLanes{});
  if (i < size) update(i, FirstLanes{static_cast<int>(size - i)});
}

template <class Rule, class T, int kRuns>
void sum_runs(const Streams& streams, const AxisRun* runs, std::size_t size, const StepCoefficients& coefficients,
              GranuleSums* out) {
  using V = Vector<T>;
  constexpr std::size_t kLanes = V::kLanes;
  const RuleVectors<Rule, V> c(coefficients);
  const bool coupled = coefficients.decay_mode == Decay::kCoupled;
  RuleSums<Rule, T> sums[kRuns];
  const auto measure = [&](std::size_t i, auto lanes, auto add) ADAMAS_INLINE_LAMBDA {
    RunVectors<Rule, T> x[kRuns];
    repeat<kRuns>([&](auto r) ADAMAS_INLINE_LAMBDA { x[r].load_from(streams, runs[r], i, lanes); });
    repeat<kRuns>([&](auto r) ADAMAS_INLINE_LAMBDA {
      prepare_sums<Rule>(x[r].param, x[r].grad, coupled, c);
      Product<V> found[Rule::kSumCount];
      products<Rule>(x[r].param, x[r].grad, x[r].states, c.rule, found);
      add(sums[r], found);
    });
  };
  for_each_vector<kLanes>(
      0, size,
      [&](std::size_t i, auto b) ADAMAS_INLINE_LAMBDA {
        measure(i, AllLanes{}, [&](RuleSums<Rule, T>& sum, const Product<V>* found) ADAMAS_INLINE_LAMBDA {
          sum.template add<decltype(b)::value * kLanes>(found);
        });
      },
      [&](std::size_t i, int n) {
        measure(i, FirstLanes{n},
                [&](RuleSums<Rule, T>& sum, const Product<V>* found) { sum.add_last(found, i % kVirtualLanes, n); });
      });
  for (int r = 0; r < kRuns; ++r) sums[r].store(out[runs[r].begin / kGranule]);
}

template <class Rule, class T>
void update_runs(const Streams& streams, const AxisRun* runs, int count, std::size_t size, const StepCoefficients& c,
                 GranuleSums*) {
  if constexpr (!Rule::kOwnDecay) {
    if (c.decay_mode == Decay::kCoupled) {
      for (int r = 0; r < count; ++r) update_runs<Rule, CoupledDecay, T, 1>(streams, runs + r, size, c);
      return;
    }
  }
  if (count == kRuns) return update_runs<Rule, DecoupledDecay, T, kRuns>(streams, runs, size, c);
  for (int r = 0; r < count; ++r) update_runs<Rule, DecoupledDecay, T, 1>(streams, runs + r, size, c);
}

template <class Rule, class T>
void sum_runs(const Streams& streams, const AxisRun* runs, int count, std::size_t size, const StepCoefficients& c,
              GranuleSums* sums) {
  constexpr int kAtOnce = Vector<double>::kLanes == 8 ? kRuns : 1;  // as many as there are registers for their sums
  int r = 0;
  for (; r + kAtOnce <= count; r += kAtOnce) sum_runs<Rule, T, kAtOnce>(streams, runs + r, size, c, sums);
  for (; r < count; ++r) sum_runs<Rule, T, 1>(streams, runs + r, size, c, sums);
}

}  // namespace
}  // namespace adamas
