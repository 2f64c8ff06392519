// Pages of memory.
#pragma once

#include <cstddef>

namespace adamas::bindings {

constexpr std::size_t kPage = 4096;

constexpr std::size_t round_up(std::size_t value, std::size_t unit) { return (value + unit - 1) / unit * unit; }

// Asks for huge pages where the block is large, as NumPy does for its own arrays. Best before it is written to.
void advise_huge(void* block, std::size_t bytes);

}  // namespace adamas::bindings
