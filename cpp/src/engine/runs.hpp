// Parameters with states by row or column, several granules at once (kernel/run_loop.hpp).
#pragma once

#include <cstddef>

#include "engine/item.hpp"
#include "kernel/table.hpp"

namespace adamas {

// Calls the kernel for elements [begin, end) of an item in a plain format, from a granule on; sums: null, or of the
// item's granules.
void go_in_runs(AxisRunKernel kernel, const Item& item, const Streams& streams, std::size_t begin, std::size_t end,
                const StepCoefficients& c, GranuleSums* sums);

}  // namespace adamas
