// Random bits for stochastic rounding, from a counter: a hash of the element's index under the key of
// seed, step and parameter. The same on every machine, for every thread count.
#pragma once

#include <cstddef>
#include <cstdint>

#include "math/random_key.hpp"
#include "simd/inline.hpp"
#include "simd/order.hpp"

namespace adamas {
namespace {

// 16 random bits for each element of the pair that begins with element `element`, which is even. Two elements, an even
// one and the next, share a word of 32 bits: the even one has its low half. The mixing is that of a 32-bit finalizer
// with two multiplications (Wellons, "Prospecting for Hash Functions": lowbias32), between two halves of the key.
template <class Order>
ADAMAS_INLINE void random_halves(const RandomKey& key, std::size_t element, Bits (&halves)[2]) {
  const std::uint64_t word = static_cast<std::uint64_t>(element) / 2;
  const auto high = static_cast<std::uint32_t>(word >> 32);
  Bits x = Bits::numbers() + Bits::broadcast(static_cast<std::uint32_t>(word));
  x = x ^ Bits::broadcast(key.first + high * 0x9e3779b9u);
  x = (x ^ x.right<16>()) * Bits::broadcast(0x7feb352d);
  x = x ^ Bits::broadcast(key.second);
  x = (x ^ x.right<15>()) * Bits::broadcast(0x846ca68b);
  Order::halves(x ^ x.right<16>(), halves);
}

}  // namespace
}  // namespace adamas
