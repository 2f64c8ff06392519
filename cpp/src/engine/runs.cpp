#include "engine/runs.hpp"

#include "kernel/apart.hpp"

namespace adamas {

void go_in_runs(AxisRunKernel kernel, const Item& item, const Streams& streams, std::size_t begin, std::size_t end,
                const StepCoefficients& c, GranuleSums* sums) {
  AxisRun runs[kRuns];
  FactorScratch scratch[kRuns];
  for_each_apart(begin, end, [&](std::size_t first, std::size_t apart, int count, std::size_t size) {
    for (int r = 0; r < count; ++r) {
      runs[r].begin = first + static_cast<std::size_t>(r) * apart;
      item.axes->factors(item.parameter, runs[r].begin, runs[r].begin + size, scratch[r], runs[r].factors);
    }
    kernel(streams, runs, count, size, c, sums);
  });
}

}  // namespace adamas
