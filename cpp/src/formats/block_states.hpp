// States quantised in blocks.
#pragma once

#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "formats/code.hpp"
#include "formats/dither.hpp"
#include "formats/half.hpp"
#include "formats/states.hpp"
#include "kernel/inline.hpp"

namespace adamas {
namespace {

// The index of the divisor of state k, or -1.
constexpr bool same_name(const char* a, const char* b) {
  if (a == nullptr) return false;
  while (*a != 0 && *a == *b) ++a, ++b;
  return *a == *b;
}
template <class Rule>
constexpr int divisor_of(int k) {
  for (int other = 0; other < Rule::kStateCount; ++other) {
    if (same_name(Rule::kStates[k].divisor, Rule::kStates[other].name)) return other;
  }
  return -1;
}

// Codes of kBits bits with one scale a block. A square is kept as its root, and a signed state that has a divisor as
// the quotient: see StateInfo.
//
// 8 bits: a byte for each element. 4 bits: byte j holds element j low and element j + kBlock/2 high.
//
// The scales are known only when the whole block has been updated, and its last root and division take long. So new
// values wait: when the first group of the next block has been updated, they are measured, and with its last groups
// they are encoded.
template <class Rule, int kBits>
class BlockStates {
 public:
  using V = Vector<float>;
  static constexpr Storage<Rule, kBits == 8 ? StateFormat::kInt8 : StateFormat::kInt4> kStorage{};

  static constexpr std::size_t kAhead = kAheadOfCodes;
  static constexpr std::size_t kGroup = kVectorsPerGroup * V::kLanes;
  using Thresholds = Dither<cut_bits(kBits), kOneBits>;

  struct Scratch {
    explicit Scratch(std::uint32_t step) : dither(step) {}
    Thresholds dither;
    // New values of two blocks: the one under way, and the one that waits for its codes.
    alignas(64) float values[2][Rule::kStateCount + 1][kBlock] = {};
    std::uint8_t nowhere[kBlock];  // for the codes that wait before the first block, and their scales
    float nowhere_scale;
  };

  ADAMAS_INLINE explicit BlockStates(Scratch& scratch)
      : dither_(scratch.dither), fresh_(scratch.values[0]), waiting_values_(scratch.values[1]) {
    repeat<Rule::kStateCount>([&](auto k) ADAMAS_INLINE_LAMBDA {
      waiting_.codes[k] = scratch.nowhere;
      waiting_.scales[k] = &scratch.nowhere_scale;
    });
  }

  ADAMAS_INLINE void begin(const StateArrays& arrays) {
    repeat<Rule::kStateCount>([&](auto k) ADAMAS_INLINE_LAMBDA {
      if constexpr (kCoded<k>) decoders_[k] = decoder<Code<k>>(*arrays.scales[k]);
    });
  }

  template <int b>
  ADAMAS_INLINE void load(const StateArrays& arrays, V* s, std::size_t group) const {
    const std::size_t j = group + b * V::kLanes;
    V roots[kMaxStates];
    repeat<Rule::kStateCount>([&](auto k) ADAMAS_INLINE_LAMBDA {
      if constexpr (!kCoded<k>) {
        s[k] = V::load(static_cast<const float*>(arrays.values[k]) + j);
      } else if constexpr (!kSigned<k>) {
        roots[k] = decode<k>(arrays, j);
        s[k] = Rule::kStates[k].kind == StateKind::kSquare ? roots[k] * roots[k] : roots[k];
      }
    });
    repeat<Rule::kStateCount>([&](auto k) ADAMAS_INLINE_LAMBDA {
      if constexpr (kSigned<k>) {
        s[k] = decode<k>(arrays, j);
        if constexpr (kDivisor<k> >= 0) s[k] = s[k] * roots[kDivisor<k>];
      }
    });
  }

  template <int b>
  ADAMAS_INLINE void store(const StateArrays& arrays, const V* s, std::size_t group) {
    const std::size_t j = group + b * V::kLanes;
    V roots[kMaxStates];
    repeat<Rule::kStateCount>([&](auto k) ADAMAS_INLINE_LAMBDA {
      if constexpr (!kCoded<k>) {
        s[k].store(static_cast<float*>(arrays.values[k]) + j);
      } else if constexpr (!kSigned<k>) {
        roots[k] = Rule::kStates[k].kind == StateKind::kSquare ? square_root(s[k]) : s[k];
        roots[k].store(fresh_[k] + j);
      }
    });
    repeat<Rule::kStateCount>([&](auto k) ADAMAS_INLINE_LAMBDA {
      if constexpr (kSigned<k>) {
        V value = s[k];
        if constexpr (kDivisor<k> >= 0) value = value / (roots[kDivisor<k>] + V::broadcast(kLeastDivisor));
        value.store(fresh_[k] + j);
      }
    });
  }

  ADAMAS_INLINE void end_group(const StateArrays&, std::size_t group) {
    if (group == 0) waiting_.measure(waiting_values_);
    if (group >= kBlock / 2) {
      for (std::size_t i = 0; i < 2; ++i) waiting_.encode(2 * group - kBlock + i * kGroup, waiting_values_, dither_);
    }
  }

  ADAMAS_INLINE void end(const StateArrays& arrays, std::size_t count) {
    repeat<Rule::kStateCount>([&](auto k) ADAMAS_INLINE_LAMBDA {
      if constexpr (kCoded<k>) {
        float* fresh = fresh_[k];
        for (std::size_t j = count; j < kBlock; ++j) fresh[j] = 0.0f;
        waiting_.scales[k] = arrays.scales[k];
        waiting_.codes[k] = static_cast<std::uint8_t*>(arrays.values[k]);
      }
    });
    float (*const updated)[kBlock] = fresh_;
    fresh_ = waiting_values_;
    waiting_values_ = updated;
  }

  ADAMAS_INLINE void flush() const { finish(waiting_, waiting_values_, dither_); }

 private:
  // Keeps the quotient finite where squares have underflowed: then both numbers are smaller than this.
  static constexpr float kLeastDivisor = 1e-20f;
  // A block whose largest value is below this is a block of zeros: its scale could not be inverted.
  static constexpr float kLeastScale = 0x1p-100f;

  template <int k>
  static constexpr bool kCoded = Rule::kStates[k].kind != StateKind::kExact;
  template <int k>
  static constexpr bool kSigned = Rule::kStates[k].kind == StateKind::kSigned;
  template <int k>
  static constexpr int kDivisor = divisor_of<Rule>(k);

  template <int k>
  static constexpr bool kLinear = kBits == 8 && kSigned<k> && kDivisor<k> >= 0;
  template <int k>
  using OtherCode = std::conditional_t<kSigned<k>, SignedLogCode<kBits>, LogCode<kBits, kBits == 8 ? 1 : 0>>;
  template <int k>
  using Code = std::conditional_t<kLinear<k>, LinearCode, OtherCode<k>>;

  template <int k>
  ADAMAS_INLINE V decode(const StateArrays& arrays, std::size_t j) const {
    const auto* bytes = static_cast<const std::uint8_t*>(arrays.values[k]);
    if constexpr (kLinear<k>) {
      return Code<k>::decode(load_signed8(bytes + j), decoders_[k]);
    } else if constexpr (kBits == 8) {
      return Code<k>::decode(Bits::load8(bytes + j), decoders_[k]);
    } else {
      const bool low = j < kBlock / 2;
      const Bits byte = low ? Bits::load8(bytes + j) : Bits::load8(bytes + (j - kBlock / 2)).template right<4>();
      return Code<k>::decode(byte, decoders_[k]);
    }
  }

  // The largest bits of a block's values, with or without their signs.
  template <bool kWithSigns>
  static ADAMAS_INLINE std::uint32_t largest_bits(const float* values) {
    Bits largest = Bits::broadcast(0);
    for (std::size_t j = 0; j < kBlock; j += V::kLanes) {
      const Bits bits = bits_of(V::load(values + j));
      largest = larger(largest, kWithSigns ? bits : bits & Bits::broadcast(kMagnitudeMask));
    }
    return largest.largest();
  }

  // The largest magnitude of a block. With an infinity or NaN in it, the block is lost: it becomes zeros with a scale
  // of NaN, which make every state of it NaN.
  template <bool kHasSigns>
  static ADAMAS_INLINE float largest_of(float* values) {
    std::uint32_t bits = largest_bits<!kHasSigns>(values);
    if (!kHasSigns && bits >= kInfinity) bits = largest_bits<false>(values);  // the sign of a zero, or no number
    if (bits >= kInfinity) {
      __builtin_memset(values, 0, kBlock * sizeof(float));
      return __builtin_nanf("");
    }
    float largest;
    __builtin_memcpy(&largest, &bits, sizeof largest);
    return largest < kLeastScale ? 0.0f : largest;
  }

  // A block that has been updated and waits for its scales and codes.
  struct Waiting {
    std::uint8_t* codes[kMaxStates] = {};
    float* scales[kMaxStates] = {};
    float encode_scales[kMaxStates] = {};

    ADAMAS_INLINE void measure(float (*values)[kBlock]) {
      repeat<Rule::kStateCount>([&](auto k) ADAMAS_INLINE_LAMBDA {
        if constexpr (kCoded<k>) {
          const float largest = largest_of<kSigned<k>>(values[k]);
          *scales[k] = largest;
          encode_scales[k] = Code<k>::encode_scale(largest);
        }
      });
    }

    // One group, if it has codes of its own: of 4 bits, they hold the groups of both halves of the block.
    ADAMAS_INLINE void encode(std::size_t group, const float (*values)[kBlock], const Thresholds& dither) const {
      if (kBits == 4 && group >= kBlock / 2) return;
      repeat<Rule::kStateCount>([&](auto k) ADAMAS_INLINE_LAMBDA {
        if constexpr (kCoded<k>) {
          const auto code = [&](std::size_t j) ADAMAS_INLINE_LAMBDA {
            const Bits threshold = dither.template thresholds<!kSigned<k>>(j);
            return Code<k>::encode(V::load(values[k] + j), encode_scales[k], threshold);
          };
          Bits bytes[kVectorsPerGroup];
          repeat<kVectorsPerGroup>([&](auto b) ADAMAS_INLINE_LAMBDA {
            const std::size_t j = group + b * V::kLanes;
            bytes[b] = code(j);
            if constexpr (kBits == 4) bytes[b] = bytes[b] | code(j + kBlock / 2).template left<4>();
          });
          store8(bytes, codes[k] + group);
        }
      });
    }
  };

  // Not inlined, and given copies: so it costs no room, and the compiler still knows the object to be local.
  static __attribute__((noinline)) void finish(Waiting waiting, float (*values)[kBlock], const Thresholds& dither) {
    waiting.measure(values);
    for (std::size_t j = 0; j < kBlock; j += kGroup) waiting.encode(j, values, dither);
  }

  const Thresholds& dither_;
  Decoder decoders_[kMaxStates] = {};
  Waiting waiting_;
  float (*fresh_)[kBlock];
  float (*waiting_values_)[kBlock];
};

}  // namespace
}  // namespace adamas
