// The loops over granules of a parameter with states by row or column, where all is of one floating-point type. Such
// rules go through few arrays, several times: so several granules at once (kernel/apart.hpp).
#pragma once

#include "kernel/sum_loop.hpp"
#include "kernel/table.hpp"
#include "kernel/tile_loop.hpp"

namespace adamas {
namespace {

// What the formula is given of elements i to i + lanes of a granule.
template <class Rule, class T, class Lanes>
ADAMAS_INLINE void load_run(const Streams& streams, const AxisRun& run, std::size_t i, Lanes lanes, Vector<T>& param,
                            Vector<T>& grad, Vector<T>* states) {
  const std::size_t at = run.begin + i;
  param = load<T>(streams.param, at, lanes);
  grad = load<T>(streams.grad, at, lanes);
  repeat<Rule::kStateCount>([&](auto k) ADAMAS_INLINE_LAMBDA {
    const bool own = Rule::kStates[k].extent == StateExtent::kElement;
    states[k] =
        own ? load<T>(streams.states[k], at, lanes) : load<T>(run.factors[k].values, i & run.factors[k].mask, lanes);
  });
}

template <class Rule, class Decay, class T, int kRuns>
void update_runs(const Streams& streams, const AxisRun* runs, std::size_t size, const StepCoefficients& coefficients) {
  using V = Vector<T>;
  constexpr std::size_t kLanes = V::kLanes;
  const RuleVectors<Rule, V> c(coefficients);
  const auto update = [&](std::size_t i, auto lanes) ADAMAS_INLINE_LAMBDA {
    V p[kRuns];
    V g[kRuns];
    V s[kRuns][Rule::kStateCount + 1];
    repeat<kRuns>([&](auto r)
                      ADAMAS_INLINE_LAMBDA { load_run<Rule, T>(streams, runs[r], i, lanes, p[r], g[r], s[r]); });
    repeat<kRuns>([&](auto r) ADAMAS_INLINE_LAMBDA {
      const std::size_t at = runs[r].begin + i;
      g[r] = g[r] * c.grad_scale;
      Decay::apply(p[r], g[r], c.decay);
      p[r] = adamas::update<Rule>(p[r], g[r], s[r], c.rule);
      repeat<Rule::kStateCount>([&](auto k) ADAMAS_INLINE_LAMBDA {
        if (is_written<Rule>(k)) store(s[r][k], streams.states[k], at, lanes);
      });
      store(p[r], streams.param, at, lanes);
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
  const RuleVectors<Rule, V> c(coefficients);
  GranuleSums* to[kRuns];
  for (int r = 0; r < kRuns; ++r) to[r] = &out[runs[r].begin / kGranule];
  RuleSums<Rule, T> sums[kRuns];
  sum_granules<Rule, T, kRuns>(
      0, size, coefficients.decay_mode == Decay::kCoupled, c,
      [&](auto r, std::size_t i, auto lanes, V& p, V& g, V* s)
          ADAMAS_INLINE_LAMBDA { load_run<Rule, T>(streams, runs[r], i, lanes, p, g, s); },
      sums, to);
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
  constexpr int kAtOnce = kSummedAtOnce<kRuns>;
  int r = 0;
  for (; r + kAtOnce <= count; r += kAtOnce) sum_runs<Rule, T, kAtOnce>(streams, runs + r, size, c, sums);
  for (; r < count; ++r) sum_runs<Rule, T, 1>(streams, runs + r, size, c, sums);
}

}  // namespace
}  // namespace adamas
