// Loops over several distant granules at once: with one or two streams a processor does not use the full bandwidth of
// memory; with several streams for each array it uses more of it.
#pragma once

#include <algorithm>
#include <cstddef>

#include "kernel/table.hpp"

namespace adamas {

// Granules from one to the next of them. An odd number, so that few are at the same place of their pages: caches have
// little room for each place.
constexpr std::size_t kApart = 5;

// Calls work(first, apart, count, size) for granules of `size` elements that begin at first, first + apart, ...: all of
// [begin, end), from a granule on. count: kRuns or 1.
template <class Work>
void for_each_apart(std::size_t begin, std::size_t end, Work work) {
  std::size_t i = begin;
  while (end - i >= kRuns * kGranule) {
    const std::size_t apart = std::min(kApart, (end - i) / (kRuns * kGranule)) * kGranule;
    for (const std::size_t last = i + apart; i < last; i += kGranule) work(i, apart, kRuns, kGranule);
    i += (kRuns - 1) * apart;
  }
  for (; i < end; i += kGranule) work(i, 0, 1, std::min(kGranule, end - i));
}

}  // namespace adamas
