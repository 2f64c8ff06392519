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
void norm_loop(const Streams& streams, std::size_t begin, std::size_t end, const Coefficients& coefficients,
               SquareSums* sums) {
  using V = Vector<T>;
  constexpr std::size_t kLanes = V::kLanes;
  const RuleVectors<Rule, V> c(coefficients);

  for (std::size_t granule = begin; granule < end; granule += kGranule) {
    SquareSum of_param;
    SquareSum of_direction;
    const auto measure = [&](std::size_t i, auto lanes) {
      const V p = load<T>(streams.param, i, lanes);
      const V g = load<T>(streams.grad, i, lanes) * c.grad_scale;
      V s[Rule::kStateCount];
      for (int k = 0; k < Rule::kStateCount; ++k) s[k] = load<T>(streams.states[k], i, lanes);
      of_param.add(p, i, lanes);
      of_direction.add(Rule::direction(p, g, s, c.rule), i, lanes);
    };
    const std::size_t last = std::min(end, granule + kGranule);
    std::size_t i = granule;
    for (; i + kLanes <= last; i += kLanes) measure(i, AllLanes{});
    if (i < last) measure(i, FirstLanes{static_cast<int>(last - i)});
    sums[granule / kGranule] = {of_param.total(), of_direction.total()};
  }
}

}  // namespace
}  // namespace adamas
