// The key of a counter-based random generator: a hash of seed, step and parameter.
#pragma once

#include <cstddef>
#include <cstdint>

namespace adamas {

// Two halves, which formats/random.hpp mixes with the number of an element.
struct RandomKey {
  std::uint32_t first;
  std::uint32_t second;
};

// Of one parameter, by its number, in one step.
RandomKey random_key(std::uint64_t seed, std::int64_t step, std::size_t parameter) noexcept;

}  // namespace adamas
