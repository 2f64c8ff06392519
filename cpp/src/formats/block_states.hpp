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

// One state of a block that has been updated, which waits for its scale and codes.
struct WaitingState {
  std::uint8_t* codes = nullptr;
  float* scale = nullptr;
  float encode_scale = 0.0f;
  bool overflown = false;
  std::uint32_t largest = 0;  // bits of its values: see largest_bits()
};

// How states of one kind are coded, whatever the rule; kDivided: as the quotient by another state.
template <int kBits, StateKind kKind, bool kDivided>
class Coding {
 public:
  using V = Vector<float>;
  static constexpr bool kSigned = kKind == StateKind::kSigned;
  static constexpr bool kSquare = kKind == StateKind::kSquare;
  static constexpr bool kLinear = kBits == 8 && kSigned && kDivided;
  using LogCodes = std::conditional_t<kSigned, SignedLogCode<kBits>, LogCode<kBits, kBits == 8 ? 1 : 0>>;
  using Code = std::conditional_t<kLinear, LinearCode, LogCodes>;
  using Thresholds = Dither<cut_bits(kBits), kOneBits>;
  static constexpr std::size_t kGroup = kVectorsPerGroup * V::kLanes;

  // One pair of vectors, from element j of a block on.
  static ADAMAS_INLINE void decode(const void* codes, std::size_t j, const Decoder& decoder, V (&x)[2]) {
    if constexpr (kLinear) {
      const auto* const bytes = static_cast<const std::uint8_t*>(codes) + j;
      for_both([&](std::size_t b)
                   ADAMAS_INLINE_LAMBDA { x[b] = Code::decode(load_signed8(bytes + b * V::kLanes), decoder); });
    } else {
      Bits words[2];
      load_codes(codes, j, words);
      for_both([&](std::size_t b) ADAMAS_INLINE_LAMBDA { x[b] = Code::decode(words[b], decoder); });
    }
  }

  // Decoded squares, infinite where the code says so.
  static ADAMAS_INLINE void restore_infinities(const void* codes, std::size_t j, V (&squares)[2]) {
    Bits words[2];
    load_codes(codes, j, words);
    for_both([&](std::size_t b) ADAMAS_INLINE_LAMBDA { squares[b] = infinite_where_marked(words[b], squares[b]); });
  }

  // The bits by which the largest value is found: of what is signed, without the sign.
  static ADAMAS_INLINE Bits measured_bits(V x) {
    return kSigned ? bits_of(x) & Bits::broadcast(kMagnitudeMask) : bits_of(x);
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

  static ADAMAS_INLINE void measure(WaitingState& state, float* values) {
    const float scale = scale_of(values, state.largest);
    *state.scale = scale;
    state.encode_scale = Code::encode_scale(__builtin_fabsf(scale));
    if constexpr (kSquare) state.overflown = __builtin_signbit(scale);
  }

  // One group of values, if it has codes of its own: of 4 bits, they hold the groups of both halves of the block.
  static ADAMAS_INLINE void encode(const WaitingState& state, std::size_t group, const float* values,
                                   const Thresholds& dither) {
    if (kBits == 4 && group >= kBlock / 2) return;
    std::uint8_t* const to = state.codes + group;
    const auto words_of = [&](Bits(&x)[kVectorsPerGroup], std::size_t first) ADAMAS_INLINE_LAMBDA {
      repeat<kVectorsPerGroup>([&](auto b) ADAMAS_INLINE_LAMBDA {
        const std::size_t j = first + b * V::kLanes;
        const Bits threshold = dither.template thresholds<!kSigned>(j);
        x[b] = Code::encode(V::load(values + j), state.encode_scale, threshold);
      });
    };
    Bits x[kVectorsPerGroup];
    words_of(x, group);
    if constexpr (kBits == 4) {
      Bits high[kVectorsPerGroup];
      words_of(high, group + kBlock / 2);
      kSigned ? store_sign4(x, high, to) : store4(x, high, to);
    } else if constexpr (kLinear) {
      store_whole8(x, to);
    } else if constexpr (kSigned) {
      store_sign8(x, to);
    } else {
      store8<Code::kLeast>(x, to);
    }
    if constexpr (kSquare) {
      if (__builtin_expect(state.overflown, false)) put_highest(values + group, to);
    }
  }

  // All of it. Not inlined, and given a copy: so it costs no room, and the compiler still knows what is local.
  static __attribute__((noinline)) void finish(WaitingState state, float* values, const Thresholds& dither) {
    measure(state, values);
    for (std::size_t j = 0; j < kBlock; j += kGroup) encode(state, j, values, dither);
  }

 private:
  // A block whose largest value is below this is a block of zeros: its scale could not be inverted.
  static constexpr float kLeastScale = 0x1p-100f;
  // In the lowest kBits bits.
  static ADAMAS_INLINE void load_codes(const void* codes, std::size_t j, Bits (&words)[2]) {
    const auto* const bytes = static_cast<const std::uint8_t*>(codes);
    if (kBits == 8 || j < kBlock / 2) return InOrder::load8(bytes + j, words);
    InOrder::load8(bytes + (j - kBlock / 2), words);
    for_both([&](std::size_t b) ADAMAS_INLINE_LAMBDA { words[b] = words[b].template right<4>(); });
  }

  static constexpr std::uint32_t kHighest = (1u << kBits) - 1;

  static __attribute__((noinline)) V infinite_where_marked(Bits codes, V squares) {
    const Bits code = codes & Bits::broadcast(kHighest);
    const Bits infinity = Bits::broadcast(kInfinity);
    return float_of(where_greater(Bits::broadcast(kHighest), code, bits_of(squares), infinity));
  }

  // The scale of a block: its largest magnitude, of which these are the bits.
  static ADAMAS_INLINE float scale_of(float* values, std::uint32_t bits) {
    if (!kSigned && bits >= kInfinity) bits = largest_bits<false>(values);  // the sign of a zero, or no number
    if (bits < kInfinity) return unless_tiny(bits);
    if constexpr (kSquare) {
      if (bits == kInfinity) return mark_overflown(values);
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

  // Marks infinite roots by a negative number, which no root is, so large that it is encoded below zero. With this
  // scale, no other root has the highest code.
  static constexpr float kMark = -0x1.fffffep127f;
  static __attribute__((noinline)) float mark_overflown(float* values) {
    float largest = 0.0f;
    for (std::size_t j = 0; j < kBlock; ++j) {
      if (values[j] == __builtin_inff()) {
        values[j] = kMark;
      } else if (values[j] > largest) {
        largest = values[j];
      }
    }
    return -(largest < kLeastScale ? 0.0f : largest * Code::kBelowHighest);
  }

  // Gives the marked values of a group their code.
  static __attribute__((noinline)) void put_highest(const float* values, std::uint8_t* codes) {
    for (std::size_t j = 0; j < kGroup; ++j) {
      if (values[j] == kMark) codes[j] = static_cast<std::uint8_t>(codes[j] | kHighest);
      if (kBits == 4 && values[j + kBlock / 2] == kMark) codes[j] = static_cast<std::uint8_t>(codes[j] | kHighest << 4);
    }
  }
};

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
      waiting_[k].codes = scratch.nowhere;
      waiting_[k].scale = &scratch.nowhere_scale;
    });
  }

  ADAMAS_INLINE void begin(const StateArrays& arrays) {
    repeat<Rule::kStateCount>([&](auto k) ADAMAS_INLINE_LAMBDA {
      if constexpr (kCoded<k>) {
        const float scale = *arrays.scales[k];
        decoders_[k] = decoder<typename CodingOf<k>::Code>(__builtin_fabsf(scale));
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
        CodingOf<k>::decode(arrays.values[k], j, decoders_[k], roots[k]);
        for_both([&](std::size_t b)
                     ADAMAS_INLINE_LAMBDA { s[k][b] = kSquare<k> ? roots[k][b] * roots[k][b] : roots[k][b]; });
        if constexpr (kSquare<k>) {
          if (__builtin_expect(overflown_[k], false)) {
            CodingOf<k>::restore_infinities(arrays.values[k], j, s[k]);
          }
        }
      }
    });
    repeat<Rule::kStateCount>([&](auto k) ADAMAS_INLINE_LAMBDA {
      if constexpr (kSigned<k>) {
        CodingOf<k>::decode(arrays.values[k], j, decoders_[k], s[k]);
        if constexpr (kDivisor<k> >= 0) {
          for_both([&](std::size_t b) ADAMAS_INLINE_LAMBDA { s[k][b] = s[k][b] * roots[kDivisor<k>][b]; });
        }
      }
    });
  }

  // The roots of squares.
  template <class S>
  ADAMAS_INLINE void prepare(const S& s, S& roots) const {
    repeat<Rule::kStateCount>([&](auto k) ADAMAS_INLINE_LAMBDA {
      if constexpr (kSquare<k>)
        for_both([&](std::size_t b) ADAMAS_INLINE_LAMBDA { roots[k][b] = square_root(s[k][b]); });
    });
  }

  template <class S>
  ADAMAS_INLINE void store(const StateArrays& arrays, const S& s, const S& roots, std::size_t j) {
    repeat<Rule::kStateCount>([&](auto k) ADAMAS_INLINE_LAMBDA {
      if constexpr (!is_written<Rule>(k)) {
      } else if constexpr (!kCoded<k>) {
        Order::store(s[k], static_cast<float*>(arrays.values[k]) + j);
      } else if constexpr (kSigned<k> && kDivisor<k> >= 0) {
        constexpr int d = kDivisor<k>;
        V quotients[2];
        for_both([&](std::size_t b) ADAMAS_INLINE_LAMBDA {
          quotients[b] = s[k][b] / ((kSquare<d> ? roots : s)[d][b] + V::broadcast(kLeastDivisor));
        });
        keep<k>(quotients, j);
      } else {
        keep<k>(kSquare<k> ? roots[k] : s[k], j);
      }
    });
  }

  ADAMAS_INLINE void between(std::size_t j) {
    for_each_coded([&](auto k) ADAMAS_INLINE_LAMBDA {
      if (j == kPair) CodingOf<k>::measure(waiting_[k], waiting_values_[k]);
      if (j >= kBlock / 2) CodingOf<k>::encode(waiting_[k], 2 * j - kBlock, waiting_values_[k], dither_);
    });
  }

  ADAMAS_INLINE void end(const StateArrays& arrays, std::size_t count) {
    repeat<Rule::kStateCount>([&](auto k) ADAMAS_INLINE_LAMBDA {
      if constexpr (kCoded<k>) {
        float* fresh = fresh_[k];
        for (std::size_t j = count; j < kBlock; ++j) fresh[j] = 0.0f;
        waiting_[k].largest =
            count == kBlock ? largest_[k].largest() : CodingOf<k>::template largest_bits<!kSigned<k>>(fresh);
        largest_[k] = Bits::broadcast(0);
        waiting_[k].scale = arrays.scales[k];
        waiting_[k].codes = static_cast<std::uint8_t*>(arrays.values[k]);
      }
    });
    float (*const updated)[kBlock] = fresh_;
    fresh_ = waiting_values_;
    waiting_values_ = updated;
  }

  ADAMAS_INLINE void flush() const {
    for_each_coded([&](auto k) ADAMAS_INLINE_LAMBDA { CodingOf<k>::finish(waiting_[k], waiting_values_[k], dither_); });
  }

 private:
  // Keeps the quotient finite where squares have underflowed: then both numbers are smaller than this.
  static constexpr float kLeastDivisor = 1e-20f;

  template <int k>
  static constexpr int kDivisor = divisor_of<Rule>(k);

  template <int k>
  using CodingOf = Coding<kBits, Rule::kStates[k].kind, (kDivisor<k> >= 0)>;

  template <class Work>
  static ADAMAS_INLINE void for_each_coded(Work work) {
    repeat<Rule::kStateCount>([&](auto k) ADAMAS_INLINE_LAMBDA {
      if constexpr (kCoded<k>) work(k);
    });
  }

  // Keeps a pair of new values, and what their largest bits are.
  template <int k>
  ADAMAS_INLINE void keep(const V (&x)[2], std::size_t j) {
    for_both([&](std::size_t b)
                 ADAMAS_INLINE_LAMBDA { largest_[k] = larger(largest_[k], CodingOf<k>::measured_bits(x[b])); });
    Order::store(x, fresh_[k] + j);
  }

  const Thresholds& dither_;
  Decoder decoders_[kMaxStates] = {};
  bool overflown_[kMaxStates] = {};
  Bits largest_[kMaxStates] = {};  // of the block under way, in each lane
  WaitingState waiting_[kMaxStates];
  float (*fresh_)[kBlock];
  float (*waiting_values_)[kBlock];
};

template <class Rule>
using Int8States = BlockStates<Rule, 8>;
template <class Rule>
using Int4States = BlockStates<Rule, 4>;

}  // namespace
}  // namespace adamas
