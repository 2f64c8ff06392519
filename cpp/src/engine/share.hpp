// Splitting one tensor's elements, or a whole plan's, between workers.
#pragma once

#include <cstddef>
#include <cstdint>

namespace adamas {

// Elements of one tensor are split at multiples of this: whole cache lines and, for quantised states, whole blocks.
constexpr std::size_t kGranule = 512;

// Where worker `worker` of `workers` starts in `total` units of work; worker + 1 gives its end.
inline std::uint64_t share_begin(std::uint64_t total, int worker, int workers) {
  const auto k = static_cast<std::uint64_t>(worker);
  const auto n = static_cast<std::uint64_t>(workers);
  return total / n * k + total % n * k / n;
}

inline std::size_t round_down_to_granule(std::size_t element) { return element / kGranule * kGranule; }

}  // namespace adamas
