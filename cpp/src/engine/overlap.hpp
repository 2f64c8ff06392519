// Checks whether any two arrays share memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace adamas {

// Bytes [begin, end) of memory.
struct Extent {
  std::uintptr_t begin;
  std::uintptr_t end;
};

inline Extent extent(const void* array, std::size_t bytes) {
  const auto begin = reinterpret_cast<std::uintptr_t>(array);
  return {begin, begin + bytes};
}

// Sorts the extents, which must not be empty ones, by address; true if two of them overlap.
bool sort_and_find_overlap(std::vector<Extent>& extents);

// True if an extent of one list overlaps one of the other. Both are sorted and free of overlaps.
bool overlap_between(const std::vector<Extent>& a, const std::vector<Extent>& b);

}  // namespace adamas
