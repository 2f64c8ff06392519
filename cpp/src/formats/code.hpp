// Codes of quantised states: 8 or 4 bits for a number x with |x| <= A, where A is the largest of its block.
//
// LogCode cuts the bits of t = K*x/A + shift short: near A its steps grow with x, as those of a floating-point number,
// and near 0 they are even. So it needs no search and no logarithm. What is cut off is dithered. K is so little below
// what would give x = A the highest code, that rounding errors in t cannot raise it to one more.
// LinearCode has even steps, and rounds to the nearest.
//
// Of few bits there are so few values that they fit into a table: they are computed once a block, just as they would be
// for each element.
#pragma once

#include <cstdint>

#include "simd/inline.hpp"

namespace adamas {
namespace {

constexpr std::uint32_t kOneBits = 0x3f800000;

// Bits of t that a code of so many bits does not keep: it has those of the exponent, and 5 (8 and 7 bits) or 2 (4 and 3
// bits) of the mantissa.
constexpr int cut_bits(int bits) { return bits > 4 ? 18 : 21; }

// What decoding one block needs.
struct Decoder {
  float scale;  // times the decoded t
  Table table;  // or all values there are
};

template <class Code>
ADAMAS_INLINE Decoder decoder(float largest) {
  Decoder decoder{Code::decode_scale(largest), {}};
  if constexpr (Code::kTabulated) {
    float values[kTableSize];
    for (int i = 0; i < kTableSize; i += Vector<float>::kLanes) {
      const Bits codes = Bits::numbers() + Bits::broadcast(static_cast<std::uint32_t>(i));
      Code::compute(codes, decoder.scale).store(values + i);
    }
    decoder.table.fill(values);
  }
  return decoder;
}

// Magnitudes from 0 to A, as codes from kLowest to 2^kBits - 1; the highest stands for t = kTop.
template <int kBits, int kLowest>
struct LogCode {
  static_assert(kBits == 8 || kBits == 7 || kBits == 4 || kBits == 3);
  static constexpr bool kTabulated = (1 << kBits) <= kTableSize;
  static constexpr int kLeast = kLowest;
  static constexpr int kCut = cut_bits(kBits);
  static constexpr float kTop = kBits == 8 ? 252.0f : kBits == 7 ? 15.75f : kBits == 4 ? 14.0f : 3.5f;
  // Where 0 lies: for 4 bits, code 0 is not zero but the smallest root.
  static constexpr float kShift = kBits == 4 ? 0.8125f : 1.0f;
  static constexpr float kScale = kTop - kShift;
  static constexpr float kEncodeScale = kScale - kTop * 0x1p-21f;
  // The highest code but one stands for this t; where the scale is so much larger than A, A has no higher code.
  static constexpr float kNextToTop = kTop - kTop / (kBits > 4 ? 63.0f : 7.0f);
  static constexpr float kBelowHighest = kScale / (kNextToTop - kShift) * (1.0f + 0x1p-18f);

  static ADAMAS_INLINE float decode_scale(float largest) { return largest * (1.0f / kScale); }
  // 0 for a block of zeros.
  static ADAMAS_INLINE float encode_scale(float largest) { return largest > 0.0f ? kEncodeScale / largest : 0.0f; }

  // threshold: from 0 to below 2^kCut, less the bits of 1. What comes out below kLeast, which may be negative, stands
  // for kLeast.
  static ADAMAS_INLINE Bits encode(Vector<float> magnitude, float scale, Bits threshold) {
    const Vector<float> t = magnitude * Vector<float>::broadcast(scale) + Vector<float>::broadcast(kShift);
    const Bits bits = bits_of(t) + threshold;
    if constexpr (kShift < 1.0f) return bits.right_signed<kCut>();
    return bits.right<kCut>();
  }

  static ADAMAS_INLINE Vector<float> compute(Bits code, float scale) {
    const Vector<float> t = float_of(code.left<kCut>() + Bits::broadcast(kOneBits));
    return (t - Vector<float>::broadcast(kShift)) * Vector<float>::broadcast(scale);
  }

  // Of a byte, the lowest kBits bits.
  static ADAMAS_INLINE Vector<float> decode(Bits byte, const Decoder& decoder) {
    if constexpr (kTabulated) return decoder.table.at(byte);
    return compute(kBits == 8 ? byte : byte & Bits::broadcast((1u << kBits) - 1), decoder.scale);
  }
};

// Signed: a sign bit above a LogCode.
template <int kBits>
struct SignedLogCode {
  using Magnitude = LogCode<kBits - 1, 0>;
  static constexpr bool kWhole = (1 << kBits) <= kTableSize;
  static constexpr bool kTabulated = kWhole || Magnitude::kTabulated;
  static constexpr std::uint32_t kSign = 1u << (kBits - 1);

  static ADAMAS_INLINE float decode_scale(float largest) { return Magnitude::decode_scale(largest); }
  static ADAMAS_INLINE float encode_scale(float largest) { return Magnitude::encode_scale(largest); }

  // The magnitude in the lowest bits and the sign in bit 31 - kCut, zeros elsewhere: t has the sign of x.
  static ADAMAS_INLINE Bits encode(Vector<float> x, float scale, Bits threshold) {
    static_assert(Magnitude::kShift == 1.0f);
    const Vector<float> scaled = x * Vector<float>::broadcast(scale);
    const Bits one = (bits_of(scaled) & Bits::broadcast(0x80000000)) | Bits::broadcast(kOneBits);
    return (bits_of(scaled + float_of(one)) + threshold).template right<Magnitude::kCut>();
  }

  static ADAMAS_INLINE Vector<float> with_sign(Vector<float> magnitude, Bits byte) {
    return float_of(bits_of(magnitude) | (byte.left<32 - kBits>() & Bits::broadcast(0x80000000)));
  }

  static ADAMAS_INLINE Vector<float> compute(Bits code, float scale) {
    const Vector<float> magnitude = Magnitude::compute(code & Bits::broadcast(kSign - 1), scale);
    return kWhole ? with_sign(magnitude, code) : magnitude;
  }

  static ADAMAS_INLINE Vector<float> decode(Bits byte, const Decoder& decoder) {
    if constexpr (kWhole) return decoder.table.at(byte);
    return with_sign(Magnitude::decode(byte, decoder), byte);
  }
};

// Signed, 8 bits: -127 to 127 in two's complement.
struct LinearCode {
  static constexpr bool kTabulated = false;

  static ADAMAS_INLINE float decode_scale(float largest) { return largest * (1.0f / 127.0f); }
  static ADAMAS_INLINE float encode_scale(float largest) { return largest > 0.0f ? 127.0f / largest : 0.0f; }

  static ADAMAS_INLINE Bits encode(Vector<float> x, float scale, Bits) {
    return to_whole(x * Vector<float>::broadcast(scale));
  }

  static ADAMAS_INLINE Vector<float> decode(Vector<float> code, const Decoder& decoder) {
    return code * Vector<float>::broadcast(decoder.scale);
  }
};

}  // namespace
}  // namespace adamas
