#include "engine/pass.hpp"

#include <algorithm>

#include "engine/work_queue.hpp"

namespace adamas {
namespace {

// Entering and leaving a kernel costs about as much as moving this many bytes.
constexpr std::uint64_t kParameterOverheadBytes = 1024;

struct Walk {
  const Pass& pass;
  const Items& items;
};

std::uint64_t work_before(const Items& items, std::size_t i) { return i == items.first ? 0 : items.work_end[i - 1]; }

// The element of item `i`, on a boundary, counted from the first that takes part, at which `work` bytes of the pass are
// done: the end of one slice and the beginning of the next.
std::size_t element_at(const Pass& pass, const Items& items, std::size_t i, std::uint64_t work) {
  const Item& item = items.all[i];
  const std::uint64_t before = work_before(items, i);
  if (work <= before) return 0;
  if (work >= items.work_end[i]) return item.extent;
  const std::uint64_t element = (work - before) / item.element_bytes;
  // Within the overhead at the end of an item, `element` lies past its last one.
  return std::min(item.extent, boundary(pass, item, static_cast<std::size_t>(element)));
}

void run_all(const Pass& pass, const Items& items) {
  for (std::size_t i = items.first; i < items.last; ++i) {
    const Item& item = items.all[i];
    if (item.extent == 0 || !takes_part(item, pass)) continue;
    run_part(pass, item, i, item.parameter.shard_begin, item.parameter.shard_begin + item.extent);
  }
}

void run_slice(void* context, std::uint64_t slice, std::uint64_t slices) {
  const auto& [pass, items] = *static_cast<const Walk*>(context);
  if (slices == 1) return run_all(pass, items);
  const std::uint64_t total = items.work_end[items.last - 1];
  const std::uint64_t from = slice_begin(total, slice, slices);
  const std::uint64_t to = slice_begin(total, slice + 1, slices);
  const auto begin = items.work_end.begin();
  const auto first = std::upper_bound(begin + static_cast<std::ptrdiff_t>(items.first),
                                      begin + static_cast<std::ptrdiff_t>(items.last), from);
  for (auto i = static_cast<std::size_t>(first - begin); i < items.last; ++i) {
    if (takes_part(items.all[i], pass)) {
      const std::size_t begin_element = element_at(pass, items, i, from);
      const std::size_t end_element = element_at(pass, items, i, to);
      const std::size_t first_element = items.all[i].parameter.shard_begin;
      if (begin_element < end_element) {
        run_part(pass, items.all[i], i, first_element + begin_element, first_element + end_element);
      }
    }
    if (items.work_end[i] >= to) break;
  }
}

}  // namespace

void lay_out_work(const Pass& pass, const Items& items) {
  std::uint64_t work = 0;
  for (std::size_t i = items.first; i < items.last; ++i) {
    const Item& item = items.all[i];
    if (takes_part(item, pass)) work += item.extent * item.element_bytes + kParameterOverheadBytes;
    items.work_end[i] = work;
  }
}

Status run_pass(const Pass& pass, const Items& items, const Crew& crew, int* used) {
  Walk walk{pass, items};
  return run_slices(items.work_end[items.last - 1], crew, run_slice, &walk, used);
}

}  // namespace adamas
