// One pass over the arrays of many parameters, in one parallel region.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "engine/item.hpp"
#include "engine/threads.hpp"

namespace adamas {

// The items with numbers [first, last) of a plan. The work done before and with item i, in bytes moved, is work_end[i].
struct Items {
  std::vector<Item>& all;
  std::vector<std::uint64_t>& work_end;
  std::size_t first;
  std::size_t last;
};

// Sums up the work of a pass in which these items take part: of those that do not, there is none.
void lay_out_work(const Pass& pass, const Items& items);

// Reports how many threads were used. On an error nothing has been done.
Status run_pass(const Pass& pass, const Items& items, const Crew& crew, int* used);

}  // namespace adamas
