// The physical limit of a step, to measure against: the same memory streams with next to no arithmetic.
#pragma once

#include <cstddef>

#include <adamas/types.hpp>

namespace adamas::probes {

// For each of the `size` float32 elements: p += g and, for each state s, s += g. Same threads, same split of the work
// and same instruction set as a step over one parameter with those arrays. read_only: all arrays are read, and none
// written, as in a pass that takes norms.
Status byte_limit(float* param, const float* grad, float* const* states, int state_count, std::size_t size,
                  int threads = 0, bool read_only = false) noexcept;

}  // namespace adamas::probes
