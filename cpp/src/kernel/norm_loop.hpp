// The pass before the update of a rule that needs norms (rules/lamb.hpp): sums of squares of the parameter and of the
// rule's direction, granule by granule. Nothing is written.
#pragma once

#include <algorithm>

#include "kernel/square_sum.hpp"
#include "kernel/table.hpp"
#include "kernel/tile_loop.hpp"

namespace adamas {
namespace {

template <class Rule, class T>
void norm_loop(const Streams& streams, std::size_t begin, std::size_t end, const StepCoefficients& coefficients,
               SquareSums* sums) {
  using V = Vector<T>;
  constexpr std::size_t kLanes = V::kLanes;
  const RuleVectors<Rule, V> c(coefficients);

  for (std::size_t granule = begin; granule < end; granule += kGranule) {
    SquareSum of_param;
    SquareSum of_direction;
    const auto measure = [&](std::size_t i, auto lanes, auto add) ADAMAS_INLINE_LAMBDA {
      const V p = load<T>(streams.param, i, lanes);
      const V g = load<T>(streams.grad, i, lanes) * c.grad_scale;
      V s[Rule::kStateCount];
      for (int k = 0; k < Rule::kStateCount; ++k) s[k] = load<T>(streams.states[k], i, lanes);
      add(of_param, p);
      add(of_direction, adamas::direction<Rule>(p, g, s, c.rule));
    };
    for_each_vector<kLanes>(
        granule, std::min(end, granule + kGranule),
        [&](std::size_t i, auto b) ADAMAS_INLINE_LAMBDA {
          measure(i, AllLanes{},
                  [](SquareSum& sum, V x) ADAMAS_INLINE_LAMBDA { sum.add<decltype(b)::value * kLanes>(x); });
        },
        [&](std::size_t i, int n) {
          measure(i, FirstLanes{n}, [&](SquareSum& sum, V x) { sum.add_last(x, i % kVirtualLanes, n); });
        });
    sums[granule / kGranule] = {of_param.total(), of_direction.total()};
  }
}

}  // namespace
}  // namespace adamas
