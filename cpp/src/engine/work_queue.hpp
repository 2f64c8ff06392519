// Cutting a pass over memory into slices and running them on several threads.
#pragma once

#include <cstddef>
#include <cstdint>

#include <adamas/types.hpp>

#include "engine/threads.hpp"
#include "kernel/table.hpp"

namespace adamas {

inline std::size_t round_down_to_granule(std::size_t element) { return element / kGranule * kGranule; }

// Where slice `slice` of `slices` begins in `total` units of work; slice + 1 gives its end.
inline std::uint64_t slice_begin(std::uint64_t total, std::uint64_t slice, std::uint64_t slices) {
  return total / slices * slice + total % slices * slice / slices;
}

// Does one slice; slices are disjoint, so they can be done in any order and on any thread.
using SliceBody = void (*)(void* context, std::uint64_t slice, std::uint64_t slices);

// Does all slices of a pass that moves `bytes`, and reports how many threads were used. On an error nothing has been
// done.
Status run_slices(std::uint64_t bytes, const Crew& crew, SliceBody body, void* context, int* threads) noexcept;

}  // namespace adamas
