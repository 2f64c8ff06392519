// Random bits for stochastic rounding, from a counter: a hash of the element's index under the key of
// seed, step and parameter. The same on every machine, for every thread count.
#pragma once

#include <cstddef>
#include <cstdint>

#include "math/random_key.hpp"
#include "simd/inline.hpp"

namespace adamas {
namespace {

// 32 random bits for each lane, from element `element` on. The mixing is that of a 32-bit finalizer with two
// multiplications (Wellons, "Prospecting for Hash Functions": lowbias32), between two halves of the key.
ADAMAS_INLINE Bits random_words(const RandomKey& key, std::size_t element) {
  const auto high = static_cast<std::uint32_t>(static_cast<std::uint64_t>(element) >> 32);
  Bits x = Bits::numbers() + Bits::broadcast(static_cast<std::uint32_t>(element));
  x = x ^ Bits::broadcast(key.first + high * 0x9e3779b9u);
  x = (x ^ x.right<16>()) * Bits::broadcast(0x7feb352d);
  x = x ^ Bits::broadcast(key.second);
  x = (x ^ x.right<15>()) * Bits::broadcast(0x846ca68b);
  return x ^ x.right<16>();
}

}  // namespace
}  // namespace adamas
