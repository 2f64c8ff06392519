#include "engine/overlap.hpp"

#include <algorithm>

namespace adamas {

bool sort_and_find_overlap(std::vector<Extent>& extents) {
  const auto by_address = [](const Extent& a, const Extent& b) { return a.begin < b.begin; };
  if (!std::is_sorted(extents.begin(), extents.end(), by_address)) {
    std::sort(extents.begin(), extents.end(), by_address);
  }
  for (std::size_t i = 1; i < extents.size(); ++i) {
    if (extents[i].begin < extents[i - 1].end) return true;
  }
  return false;
}

bool overlap_between(const std::vector<Extent>& a, const std::vector<Extent>& b) {
  if (a.empty()) return false;
  const auto ends_before = [](const Extent& extent, std::uintptr_t address) { return extent.end <= address; };
  std::size_t i = 0;
  auto j = static_cast<std::size_t>(std::lower_bound(b.begin(), b.end(), a.front().begin, ends_before) - b.begin());
  while (i < a.size() && j < b.size()) {
    if (a[i].end <= b[j].begin) {
      ++i;
    } else if (b[j].end <= a[i].begin) {
      ++j;
    } else {
      return true;
    }
  }
  return false;
}

}  // namespace adamas
