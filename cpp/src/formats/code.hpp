// Codes of quantised states: 8 or 4 bits for a number x with |x| <= A, where A is the largest of its block.
//
// LogCode cuts the bits of t = K*x/A + shift short: near A its steps grow with x, as those of a floating-point number,
// and near 0 they are even. So it needs no search and no logarithm. What is cut off is dithered. K is so little below
// what would give x = A the highest code, that rounding errors in t cannot raise it to one more.
// LinearCode has even steps, and rounds to the nearest.
#pragma once

#include <cstdint>

#include "kernel/inline.hpp"

namespace adamas {
namespace {

constexpr std::uint32_t kOneBits = 0x3f800000;

// What decoding and encoding one block needs.
struct BlockScale {
  float decode;  // times the decoded t
  float encode;  // times x; 0 in a block of zeros
};

// Magnitudes from 0 to A, as codes from kLowest to 2^kBits - 1; the highest stands for t = kTop.
template <int kBits, int kLowest>
struct LogCode {
  static_assert(kBits == 8 || kBits == 7 || kBits == 4 || kBits == 3);
  // Bits of t that a code keeps: those of the exponent, and 5 (8 and 7 bits) or 2 (4 and 3 bits) of the mantissa.
  static constexpr int kCut = kBits > 4 ? 18 : 21;
  static constexpr float kTop = kBits == 8 ? 252.0f : kBits == 7 ? 15.75f : kBits == 4 ? 14.0f : 3.5f;
  // Where 0 lies: for 4 bits, code 0 is not zero but the smallest root.
  static constexpr float kShift = kBits == 4 ? 0.8125f : 1.0f;
  static constexpr float kScale = kTop - kShift;
  static constexpr float kEncodeScale = kScale - kTop * 0x1p-21f;

  static ADAMAS_INLINE BlockScale scale(float largest) {
    return {largest * (1.0f / kScale), largest > 0.0f ? kEncodeScale / largest : 0.0f};
  }

  static ADAMAS_INLINE Bits encode(Vector<float> magnitude, float scale, Bits dither) {
    Vector<float> t = magnitude * Vector<float>::broadcast(scale) + Vector<float>::broadcast(kShift);
    if constexpr (kShift < 1.0f) t = larger(t, Vector<float>::broadcast(1.0f));
    const Bits threshold = dither.right<32 - kCut>() - Bits::broadcast(kOneBits);
    const Bits code = (bits_of(t) + threshold).right<kCut>();
    return kLowest == 0 ? code : larger(code, Bits::broadcast(kLowest));
  }

  static ADAMAS_INLINE Vector<float> decode(Bits code, float scale) {
    const Vector<float> t = float_of(code.left<kCut>() + Bits::broadcast(kOneBits));
    return (t - Vector<float>::broadcast(kShift)) * Vector<float>::broadcast(scale);
  }
};

// Signed: a sign bit above a LogCode.
template <int kBits>
struct SignedLogCode {
  using Magnitude = LogCode<kBits - 1, 0>;

  static ADAMAS_INLINE BlockScale scale(float largest) { return Magnitude::scale(largest); }

  static ADAMAS_INLINE Bits encode(Vector<float> x, float scale, Bits dither) {
    const Bits bits = bits_of(x);
    const Vector<float> magnitude = float_of(bits & Bits::broadcast(0x7fffffff));
    const Bits sign = bits.right<32 - kBits>() & Bits::broadcast(1u << (kBits - 1));
    return sign | Magnitude::encode(magnitude, scale, dither);
  }

  static ADAMAS_INLINE Vector<float> decode(Bits code, float scale) {
    const Bits sign = (code & Bits::broadcast(1u << (kBits - 1))).left<32 - kBits>();
    const Vector<float> magnitude = Magnitude::decode(code & Bits::broadcast((1u << (kBits - 1)) - 1), scale);
    return float_of(bits_of(magnitude) | sign);
  }
};

// Signed, 8 bits: -127 to 127 in two's complement, in the lowest 8 bits.
struct LinearCode {
  static ADAMAS_INLINE BlockScale scale(float largest) {
    return {largest * (1.0f / 127.0f), largest > 0.0f ? 127.0f / largest : 0.0f};
  }

  // Adding 1.5 * 2^23 rounds to a whole number, which is then in the lowest bits.
  static ADAMAS_INLINE Bits encode(Vector<float> x, float scale, Bits) {
    const Vector<float> shifted = x * Vector<float>::broadcast(scale) + Vector<float>::broadcast(12582912.0f);
    return bits_of(shifted);
  }

  static ADAMAS_INLINE Vector<float> decode(Vector<float> code, float scale) {
    return code * Vector<float>::broadcast(scale);
  }
};

}  // namespace
}  // namespace adamas
