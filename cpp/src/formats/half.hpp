// The two 16-bit floating-point formats, by arithmetic on float32 and its bits: alike on every processor. (Instructions
// for bfloat16 flush subnormal numbers to zero; those for float16 are not in plain AVX2.)
#pragma once

#include <cstdint>

#include "simd/inline.hpp"

namespace adamas {
namespace {

constexpr std::uint32_t kMagnitudeMask = 0x7fffffff;
constexpr std::uint32_t kInfinity = 0x7f800000;

struct Bfloat16 {
  static ADAMAS_INLINE Vector<float> widen(Bits half) { return float_of(half.left<16>()); }

  // Rounds to the nearest, ties to even; NaN stays NaN (if it is a quiet one, as the results of operations are). The
  // result is in the highest 16 bits; the others do not matter.
  static ADAMAS_INLINE Bits rounded(Vector<float> value) {
    const Bits odd = bits_of(value).right<16>() & Bits::broadcast(1);
    return add_unless_nan(value, odd + Bits::broadcast(0x7fff));
  }
  // Rounds up or down as `random`, 16 random bits, says: up with the probability of the part cut off.
  static ADAMAS_INLINE Bits rounded_at_random(Vector<float> value, Bits random) {
    return add_unless_nan(value, random);
  }

  // With the result in the lowest 16 bits.
  static ADAMAS_INLINE Bits narrow(Vector<float> value) { return rounded(value).right<16>(); }
};

struct Float16 {
  // float32's exponents are so much larger than those of equal numbers in float16.
  static constexpr std::uint32_t kRebias = (127u - 15u) << 23;
  // The exponents, as float32 has them, from which a float16 is infinite or NaN, and below which it is subnormal.
  static constexpr std::uint32_t kTooLarge = 143u << 23;
  static constexpr std::uint32_t kLeastNormal = 113u << 23;

  static ADAMAS_INLINE Vector<float> widen(Bits half) {
    const Bits shifted = (half & Bits::broadcast(0x7fff)).left<13>();
    const Bits normal = shifted + Bits::broadcast(kRebias);
    const Bits special = normal + Bits::broadcast(kRebias);
    // A subnormal number is a multiple of 2^-24: as the lowest bits of a number near 2^-14, less 2^-14.
    const Vector<float> smallest = float_of(Bits::broadcast(kLeastNormal));
    const Bits subnormal = bits_of(float_of(shifted + Bits::broadcast(kLeastNormal)) - smallest);
    Bits magnitude = where_greater(shifted, Bits::broadcast((31u << 23) - 1u), special, normal);
    magnitude = where_greater(Bits::broadcast(1u << 23), shifted, subnormal, magnitude);
    return float_of(magnitude | (half & Bits::broadcast(0x8000)).left<16>());
  }

  // Rounds to the nearest, ties to even; what is too large becomes infinity, NaN stays NaN. In the lowest 16 bits.
  static ADAMAS_INLINE Bits narrow(Vector<float> value) {
    const Bits bits = bits_of(value);
    const Bits magnitude = bits & Bits::broadcast(kMagnitudeMask);
    const Bits odd = magnitude.right<13>() & Bits::broadcast(1);
    const Bits normal = (magnitude + odd + Bits::broadcast(0xfff) - Bits::broadcast(kRebias)).right<13>();
    // Below 2^-14: adding 1/2 rounds to a multiple of 2^-24, which is then in the lowest bits.
    const Vector<float> half = Vector<float>::broadcast(0.5f);
    const Bits subnormal = bits_of(float_of(magnitude) + half) - bits_of(half);
    const Bits special =
        where_greater(magnitude, Bits::broadcast(kInfinity), Bits::broadcast(0x7e00), Bits::broadcast(0x7c00));
    Bits half_bits = where_greater(Bits::broadcast(kLeastNormal), magnitude, subnormal, normal);
    half_bits = where_greater(magnitude, Bits::broadcast(kTooLarge - 1u), special, half_bits);
    return half_bits | (bits & Bits::broadcast(0x80000000)).right<16>();
  }
};

}  // namespace
}  // namespace adamas
