// What arithmetic allows, to measure against: the time that a processor's divider takes, and its instructions. All on
// the calling thread, with the instruction set in use.
#pragma once

#include <cstddef>

#include <adamas/types.hpp>

namespace adamas::probes {

// So many roots and quotients for each of `elements` float32 numbers. One unit computes both.
Status divider_limit(std::size_t elements, int roots, int quotients) noexcept;

// So many instructions, at the highest rate; *known: is there such a loop for this kind of processor? If not, nothing
// has been done.
Status instruction_limit(std::size_t count, bool* known) noexcept;

}  // namespace adamas::probes
