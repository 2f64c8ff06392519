// States quantised in blocks.
#pragma once

#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "formats/code.hpp"
#include "formats/dither.hpp"
#include "formats/half.hpp"
#include "formats/states.hpp"
#include "simd/inline.hpp"

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
// A square can overflow where its gradient is finite. Then it is infinite, as in float32, and stays so: the scale,
// which is that of the other elements, has a negative sign, and the highest code stands for infinity. A block in which
// something is no number is lost.
//
// The scales are known only when the whole block has been updated, and its last root and division take long. So new
// values wait: when the first pair of the next block has been updated, they are scaled, and with its last pairs they
// are encoded.
template <class Rule, int kBits>
class BlockStates {
 public:
  using V = Vector<float>;
  using Order = InOrder;
  static constexpr Storage<Rule, kBits == 8 ? StateFormat::kInt8 : StateFormat::kInt4> kStorage{};

  static constexpr std::size_t kAhead = kAheadOfCodes;
  static constexpr std::size_t kGroup = kVectorsPerGroup * V::kLanes;
  using Thresholds = Dither<cut_bits(kBits), kOneBits>;

  template <int k>
  static constexpr bool kCoded = Rule::kStates[k].kind != StateKind::kExact;
  template <int k>
  static constexpr bool kSigned = Rule::kStates[k].kind == StateKind::kSigned;
  template <int k>
  static constexpr bool kSquare = Rule::kStates[k].kind == StateKind::kSquare;
  template <int k>
  static constexpr bool kPrepares = kSquare<k>;

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
      if constexpr (kCoded<k>) {
        const float scale = *arrays.scales[k];
        decoders_[k] = decoder<Code<k>>(__builtin_fabsf(scale));
        if constexpr (kSquare<k>) overflown_[k] = __builtin_signbit(scale);
      }
    });
  }

  template <class S>
  ADAMAS_INLINE void load(const StateArrays& arrays, S& s, std::size_t j) const {
    V roots[kMaxStates][2];
    repeat<Rule::kStateCount>([&](auto k) ADAMAS_INLINE_LAMBDA {
      if constexpr (!kCoded<k>) {
        Order::load(static_cast<const float*>(arrays.values[k]) + j, s[k]);
      } else if constexpr (!kSigned<k>) {
        decode<k>(arrays, j, roots[k]);
        for_both([&](auto b) ADAMAS_INLINE_LAMBDA { s[k][b] = kSquare<k> ? roots[k][b] * roots[k][b] : roots[k][b]; });
        if constexpr (kSquare<k>) {
          if (__builtin_expect(overflown_[k], false)) {
            Bits codes[2];
            load_codes<k>(arrays, j, codes);
            for_both([&](auto b) ADAMAS_INLINE_LAMBDA { s[k][b] = infinite_where_marked(codes[b], s[k][b]); });
          }
        }
      }
    });
    repeat<Rule::kStateCount>([&](auto k) ADAMAS_INLINE_LAMBDA {
      if constexpr (kSigned<k>) {
        decode<k>(arrays, j, s[k]);
        if constexpr (kDivisor<k> >= 0) {
          for_both([&](auto b) ADAMAS_INLINE_LAMBDA { s[k][b] = s[k][b] * roots[kDivisor<k>][b]; });
        }
      }
    });
  }

  // The roots of squares.
  template <class S>
  ADAMAS_INLINE void prepare(const S& s, S& roots) const {
    repeat<Rule::kStateCount>([&](auto k) ADAMAS_INLINE_LAMBDA {
      if constexpr (kSquare<k>) for_both([&](auto b) ADAMAS_INLINE_LAMBDA { roots[k][b] = square_root(s[k][b]); });
    });
  }

  template <class S>
  ADAMAS_INLINE void store(const StateArrays& arrays, const S& s, const S& roots, std::size_t j) {
    repeat<Rule::kStateCount>([&](auto k) ADAMAS_INLINE_LAMBDA {
      if constexpr (!kCoded<k>) {
        Order::store(s[k], static_cast<float*>(arrays.values[k]) + j);
      } else if constexpr (kSigned<k> && kDivisor<k> >= 0) {
        constexpr int d = kDivisor<k>;
        V quotients[2];
        for_both([&](auto b) ADAMAS_INLINE_LAMBDA {
          quotients[b] = s[k][b] / ((kSquare<d> ? roots : s)[d][b] + V::broadcast(kLeastDivisor));
        });
        keep<k>(quotients, j);
      } else {
        keep<k>(kSquare<k> ? roots[k] : s[k], j);
      }
    });
  }

  ADAMAS_INLINE void between(std::size_t j) {
    if (j == kPair) waiting_.measure(waiting_values_);
    if (j >= kBlock / 2) waiting_.encode(2 * j - kBlock, waiting_values_, dither_);
  }

  ADAMAS_INLINE void end(const StateArrays& arrays, std::size_t count) {
    repeat<Rule::kStateCount>([&](auto k) ADAMAS_INLINE_LAMBDA {
      if constexpr (kCoded<k>) {
        float* fresh = fresh_[k];
        for (std::size_t j = count; j < kBlock; ++j) fresh[j] = 0.0f;
        waiting_.largest[k] = count == kBlock ? largest_[k].largest() : largest_bits<!kSigned<k>>(fresh);
        largest_[k] = Bits::broadcast(0);
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
  static constexpr int kDivisor = divisor_of<Rule>(k);

  template <int k>
  static constexpr bool kLinear = kBits == 8 && kSigned<k> && kDivisor<k> >= 0;
  template <int k>
  using OtherCode = std::conditional_t<kSigned<k>, SignedLogCode<kBits>, LogCode<kBits, kBits == 8 ? 1 : 0>>;
  template <int k>
  using Code = std::conditional_t<kLinear<k>, LinearCode, OtherCode<k>>;

  // Keeps a pair of new values, and what their largest bits are; of those that are signed, without the signs.
  template <int k>
  ADAMAS_INLINE void keep(const V (&x)[2], std::size_t j) {
    for_both([&](auto b) ADAMAS_INLINE_LAMBDA {
      const Bits bits = bits_of(x[b]);
      largest_[k] = larger(largest_[k], kSigned<k> ? bits & Bits::broadcast(kMagnitudeMask) : bits);
    });
    Order::store(x, fresh_[k] + j);
  }

  template <int k>
  ADAMAS_INLINE void decode(const StateArrays& arrays, std::size_t j, V (&x)[2]) const {
    if constexpr (kLinear<k>) {
      const auto* codes = static_cast<const std::uint8_t*>(arrays.values[k]) + j;
      for_both([&](auto b)
                   ADAMAS_INLINE_LAMBDA { x[b] = Code<k>::decode(load_signed8(codes + b * V::kLanes), decoders_[k]); });
    } else {
      Bits codes[2];
      load_codes<k>(arrays, j, codes);
      for_both([&](auto b) ADAMAS_INLINE_LAMBDA { x[b] = Code<k>::decode(codes[b], decoders_[k]); });
    }
  }

  // In the lowest kBits bits.
  template <int k>
  static ADAMAS_INLINE void load_codes(const StateArrays& arrays, std::size_t j, Bits (&codes)[2]) {
    const auto* bytes = static_cast<const std::uint8_t*>(arrays.values[k]);
    if (kBits == 8 || j < kBlock / 2) return Order::load8(bytes + j, codes);
    Order::load8(bytes + (j - kBlock / 2), codes);
    for_both([&](auto b) ADAMAS_INLINE_LAMBDA { codes[b] = codes[b].template right<4>(); });
  }

  static constexpr std::uint32_t kHighest = (1u << kBits) - 1;

  static __attribute__((noinline)) V infinite_where_marked(Bits codes, V squares) {
    const Bits code = codes & Bits::broadcast(kHighest);
    const Bits infinity = Bits::broadcast(kInfinity);
    return float_of(where_greater(Bits::broadcast(kHighest), code, bits_of(squares), infinity));
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

  // The scale of a block: its largest magnitude, of which these are the bits.
  template <int k>
  static ADAMAS_INLINE float scale_of(float* values, std::uint32_t bits) {
    if (!kSigned<k> && bits >= kInfinity) bits = largest_bits<false>(values);  // the sign of a zero, or no number
    if (bits < kInfinity) return unless_tiny(bits);
    if constexpr (kSquare<k>) {
      if (bits == kInfinity) return mark_overflown<k>(values);
    }
    return lose(values);
  }

  static ADAMAS_INLINE float unless_tiny(std::uint32_t bits) {
    float largest;
    __builtin_memcpy(&largest, &bits, sizeof largest);
    return largest < kLeastScale ? 0.0f : largest;
  }

  // The block becomes zeros with a scale of NaN, which make every state of it NaN.
  static float lose(float* values) {
    __builtin_memset(values, 0, kBlock * sizeof(float));
    return __builtin_nanf("");
  }

  // Marks infinite roots by a negative number, which no root is, so large that it is encoded as less than nothing; the
  // scale is such that no other root has the highest code.
  static constexpr float kMark = -0x1.fffffep127f;
  template <int k>
  static __attribute__((noinline)) float mark_overflown(float* values) {
    float largest = 0.0f;
    for (std::size_t j = 0; j < kBlock; ++j) {
      if (values[j] == __builtin_inff()) {
        values[j] = kMark;
      } else if (values[j] > largest) {
        largest = values[j];
      }
    }
    return -(largest < kLeastScale ? 0.0f : largest * Code<k>::kBelowHighest);
  }

  // A block that has been updated and waits for its scales and codes.
  struct Waiting {
    std::uint8_t* codes[kMaxStates] = {};
    float* scales[kMaxStates] = {};
    float encode_scales[kMaxStates] = {};
    bool overflown[kMaxStates] = {};
    std::uint32_t largest[kMaxStates] = {};

    ADAMAS_INLINE void measure(float (*values)[kBlock]) {
      repeat<Rule::kStateCount>([&](auto k) ADAMAS_INLINE_LAMBDA {
        if constexpr (kCoded<k>) {
          const float scale = scale_of<k>(values[k], largest[k]);
          *scales[k] = scale;
          encode_scales[k] = Code<k>::encode_scale(__builtin_fabsf(scale));
          if constexpr (kSquare<k>) overflown[k] = __builtin_signbit(scale);
        }
      });
    }

    // One group, if it has codes of its own: of 4 bits, they hold the groups of both halves of the block.
    ADAMAS_INLINE void encode(std::size_t group, const float (*values)[kBlock], const Thresholds& dither) const {
      if (kBits == 4 && group >= kBlock / 2) return;
      repeat<Rule::kStateCount>([&](auto k) ADAMAS_INLINE_LAMBDA {
        if constexpr (kCoded<k>) {
          std::uint8_t* const to = codes[k] + group;
          const auto encode = [&](Bits(&x)[kVectorsPerGroup], std::size_t first) ADAMAS_INLINE_LAMBDA {
            repeat<kVectorsPerGroup>([&](auto b) ADAMAS_INLINE_LAMBDA {
              const std::size_t j = first + b * V::kLanes;
              const Bits threshold = dither.template thresholds<!kSigned<k>>(j);
              x[b] = Code<k>::encode(V::load(values[k] + j), encode_scales[k], threshold);
            });
          };
          Bits x[kVectorsPerGroup];
          encode(x, group);
          if constexpr (kBits == 4) {
            Bits high[kVectorsPerGroup];
            encode(high, group + kBlock / 2);
            kSigned<k> ? store_sign4(x, high, to) : store4(x, high, to);
          } else if constexpr (kLinear<k>) {
            store_whole8(x, to);
          } else if constexpr (kSigned<k>) {
            store_sign8(x, to);
          } else {
            store8<Code<k>::kLeast>(x, to);
          }
          if constexpr (kSquare<k>) {
            if (__builtin_expect(overflown[k], false)) put_highest(values[k] + group, to);
          }
        }
      });
    }

    // Gives the marked values of a group their code.
    static __attribute__((noinline)) void put_highest(const float* values, std::uint8_t* codes) {
      for (std::size_t j = 0; j < kGroup; ++j) {
        if (values[j] == kMark) codes[j] = static_cast<std::uint8_t>(codes[j] | kHighest);
        if (kBits == 4 && values[j + kBlock / 2] == kMark)
          codes[j] = static_cast<std::uint8_t>(codes[j] | kHighest << 4);
      }
    }
  };

  // Not inlined, and given copies: so it costs no room, and the compiler still knows the object to be local.
  static __attribute__((noinline)) void finish(Waiting waiting, float (*values)[kBlock], const Thresholds& dither) {
    waiting.measure(values);
    for (std::size_t j = 0; j < kBlock; j += kGroup) waiting.encode(j, values, dither);
  }

  const Thresholds& dither_;
  Decoder decoders_[kMaxStates] = {};
  bool overflown_[kMaxStates] = {};
  Bits largest_[kMaxStates] = {};  // of the block under way, in each lane
  Waiting waiting_;
  float (*fresh_)[kBlock];
  float (*waiting_values_)[kBlock];
};

template <class Rule>
using Int8States = BlockStates<Rule, 8>;
template <class Rule>
using Int4States = BlockStates<Rule, 4>;

}  // namespace
}  // namespace adamas
