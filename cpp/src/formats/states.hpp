// How states are kept: each of these classes loads and stores all states of a rule, block by block.
//
//   States::Scratch scratch;
//   States states(step, scratch);
//   states.begin(arrays, element);   for each block: its arrays, and the index of its first element
//   states.move_to(j);               for each group of vectors: the element of the block that it begins with
//   states.load<b>(arrays, s, j);    the states of vector b of the group, decoded into s[0], s[1], ...
//   states.store<b>(arrays, s, j);   their new values
//   states.end(arrays, n);           of the block's elements, the first n are real
//   states.flush();                  after the last block
//
// Objects of them are local to a loop, with the arrays and the scratch memory as local variables beside them: so the
// compiler knows that nothing which is stored can change a pointer.
//
// States of kind kExact are float32 in every format.
#pragma once

#include <cstddef>
#include <cstdint>

#include "formats/code.hpp"
#include "formats/dither.hpp"
#include "formats/half.hpp"
#include "kernel/inline.hpp"
#include "kernel/table.hpp"

namespace adamas {
namespace {

// The arrays of one block of elements.
struct StateArrays {
  void* values[kMaxStates];
  float* scales[kMaxStates];
};

// The storage of each state of a rule in one format. Made at compile time: a function of the public headers that is not
// inlined must not be in an object of one instruction set.
template <class Rule, StateFormat kFormat>
struct Storage {
  constexpr Storage() {
    for (int k = 0; k < Rule::kStateCount; ++k) state[k] = storage_of(kFormat, Rule::kStates[k].kind);
  }
  StateStorage state[kMaxStates] = {};
};

template <class Rule>
struct Float32States {
  using V = Vector<float>;
  static constexpr Storage<Rule, StateFormat::kFloat32> kStorage{};

  struct Scratch {};

  Float32States(std::uint32_t, Scratch&) {}
  ADAMAS_INLINE void begin(const StateArrays&, std::size_t) {}
  ADAMAS_INLINE void move_to(std::size_t) {}

  template <int b>
  ADAMAS_INLINE void load(const StateArrays& arrays, V* s, std::size_t group) const {
    const std::size_t j = group + b * V::kLanes;
    repeat<Rule::kStateCount>(
        [&](auto k) ADAMAS_INLINE_LAMBDA { s[k] = V::load(static_cast<const float*>(arrays.values[k]) + j); });
  }
  template <int b>
  ADAMAS_INLINE void store(const StateArrays& arrays, const V* s, std::size_t group) const {
    const std::size_t j = group + b * V::kLanes;
    repeat<Rule::kStateCount>([&](auto k)
                                  ADAMAS_INLINE_LAMBDA { s[k].store(static_cast<float*>(arrays.values[k]) + j); });
  }
  ADAMAS_INLINE void end(const StateArrays&, std::size_t) const {}
  ADAMAS_INLINE void flush() const {}
};

template <class Rule>
struct Bfloat16States {
  using V = Vector<float>;
  static constexpr Storage<Rule, StateFormat::kBfloat16> kStorage{};

  struct Scratch {};

  Bfloat16States(std::uint32_t step, Scratch&) : step_(step) {}
  ADAMAS_INLINE void begin(const StateArrays&, std::size_t element) { dither_ = Dither(element, step_); }
  ADAMAS_INLINE void move_to(std::size_t j) { dither_.move_to(j); }

  template <int b>
  ADAMAS_INLINE void load(const StateArrays& arrays, V* s, std::size_t group) const {
    const std::size_t j = group + b * V::kLanes;
    repeat<Rule::kStateCount>([&](auto k) ADAMAS_INLINE_LAMBDA {
      if constexpr (Rule::kStates[k].kind == StateKind::kExact) {
        s[k] = V::load(static_cast<const float*>(arrays.values[k]) + j);
      } else {
        s[k] = Bfloat16::widen(Bits::load16(static_cast<const std::uint16_t*>(arrays.values[k]) + j));
      }
    });
  }
  template <int b>
  ADAMAS_INLINE void store(const StateArrays& arrays, const V* s, std::size_t group) const {
    const std::size_t j = group + b * V::kLanes;
    repeat<Rule::kStateCount>([&](auto k) ADAMAS_INLINE_LAMBDA {
      if constexpr (Rule::kStates[k].kind == StateKind::kExact) {
        s[k].store(static_cast<float*>(arrays.values[k]) + j);
      } else {
        constexpr bool kFirst = Rule::kStates[k].kind != StateKind::kSigned;
        const Bits half =
            Bfloat16::narrow_at_random(s[k], dither_.template words<kFirst, b * V::kLanes>().template right<16>());
        half.store16(static_cast<std::uint16_t*>(arrays.values[k]) + j);
      }
    });
  }
  ADAMAS_INLINE void end(const StateArrays&, std::size_t) const {}
  ADAMAS_INLINE void flush() const {}

 private:
  std::uint32_t step_;
  Dither dither_{0, 0};
};

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
// The scales are known only when the whole block has been updated; and then nothing would be left to do beside encoding
// it. So new values wait until the next block is updated, and are encoded vector by vector along with it: encoding is
// all multiplying and shifting, while an update waits for roots and divisions.
template <class Rule, int kBits>
class BlockStates {
 public:
  using V = Vector<float>;
  static constexpr Storage<Rule, kBits == 8 ? StateFormat::kInt8 : StateFormat::kInt4> kStorage{};

  // New values of two blocks: the one under way, and the one that waits for its codes.
  struct Scratch {
    alignas(64) float values[2][Rule::kStateCount + 1][kBlock] = {};
    std::uint8_t nowhere[kBlock];  // for the codes that wait before the first block
  };

  ADAMAS_INLINE BlockStates(std::uint32_t step, Scratch& scratch)
      : step_(step), fresh_(scratch.values[0]), waiting_values_(scratch.values[1]) {
    repeat<Rule::kStateCount>([&](auto k) ADAMAS_INLINE_LAMBDA { waiting_.codes[k] = scratch.nowhere; });
  }

  ADAMAS_INLINE void begin(const StateArrays& arrays, std::size_t element) {
    element_ = element;
    repeat<Rule::kStateCount>([&](auto k) ADAMAS_INLINE_LAMBDA {
      if constexpr (kCoded<k>) scales_[k] = Code<k>::scale(*arrays.scales[k]).decode;
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
    encode_waiting<b>(group);
  }

  ADAMAS_INLINE void end(const StateArrays& arrays, std::size_t count) {
    waiting_.dither = Dither(element_, step_);
    repeat<Rule::kStateCount>([&](auto k) ADAMAS_INLINE_LAMBDA {
      if constexpr (kCoded<k>) {
        float* fresh = fresh_[k];
        for (std::size_t j = count; j < kBlock; ++j) fresh[j] = 0.0f;
        const float largest = largest_of(fresh);
        *arrays.scales[k] = largest;
        waiting_.scales[k] = Code<k>::scale(largest).encode;
        waiting_.codes[k] = static_cast<std::uint8_t*>(arrays.values[k]);
      }
    });
    float (*const updated)[kBlock] = fresh_;
    fresh_ = waiting_values_;
    waiting_values_ = updated;
  }

  ADAMAS_INLINE void flush() {
    for (std::size_t j = 0; j < kBlock; j += V::kLanes) {
      move_to(j);
      encode_waiting<0>(j);
    }
  }

  // Of the block that waits.
  ADAMAS_INLINE void move_to(std::size_t j) { waiting_.dither.move_to(j); }

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

  // 8 bits: a byte for each element. 4 bits: byte j holds element j low and element j + kBlock/2 high.
  template <int k>
  ADAMAS_INLINE V decode(const StateArrays& arrays, std::size_t j) const {
    const auto* bytes = static_cast<const std::uint8_t*>(arrays.values[k]);
    if constexpr (kLinear<k>) {
      return Code<k>::decode(load_signed8(bytes + j), scales_[k]);
    } else if constexpr (kBits == 8) {
      return Code<k>::decode(Bits::load8(bytes + j), scales_[k]);
    } else {
      const Bits code = j < kBlock / 2 ? Bits::load8(bytes + j) & Bits::broadcast(15)
                                       : Bits::load8(bytes + (j - kBlock / 2)).template right<4>();
      return Code<k>::decode(code, scales_[k]);
    }
  }

  // The largest magnitude of a block. With an infinity or NaN in it, the block is lost: it becomes zeros with a scale
  // of NaN, which make every state of it NaN.
  static ADAMAS_INLINE float largest_of(float* fresh) {
    Bits biggest = Bits::broadcast(0);
    for (std::size_t j = 0; j < kBlock; j += V::kLanes) {
      biggest = larger(biggest, bits_of(V::load(fresh + j)) & Bits::broadcast(kMagnitudeMask));
    }
    const std::uint32_t bits = biggest.largest();
    if (bits >= kInfinity) {
      __builtin_memset(fresh, 0, kBlock * sizeof(float));
      return __builtin_nanf("");
    }
    float largest;
    __builtin_memcpy(&largest, &bits, sizeof largest);
    return largest < kLeastScale ? 0.0f : largest;
  }

  // Of the block that was updated last: the codes of vector b of the group.
  template <int b>
  ADAMAS_INLINE void encode_waiting(std::size_t group) {
    if (kBits == 4 && group + b * V::kLanes >= kBlock / 2) return;
    repeat<Rule::kStateCount>([&](auto k) ADAMAS_INLINE_LAMBDA {
      if constexpr (kCoded<k>) {
        Bits codes = encode<k, b * V::kLanes>(group);
        if constexpr (kBits == 4) codes = codes | encode<k, b * V::kLanes + kBlock / 2>(group).template left<4>();
        codes.store8(waiting_.codes[k] + group + b * V::kLanes);
      }
    });
  }

  template <int k, std::size_t kOffset>
  ADAMAS_INLINE Bits encode(std::size_t group) const {
    const V values = V::load(waiting_values_[k] + group + kOffset);
    return Code<k>::encode(values, waiting_.scales[k], waiting_.dither.template words<!kSigned<k>, kOffset>());
  }

  // A block that has been updated and waits for its codes.
  struct Waiting {
    std::uint8_t* codes[kMaxStates] = {};
    float scales[kMaxStates] = {};  // for encoding
    Dither dither{0, 0};
  };

  std::size_t element_ = 0;
  std::uint32_t step_;
  float scales_[kMaxStates] = {};  // for decoding
  Waiting waiting_;
  float (*fresh_)[kBlock];
  float (*waiting_values_)[kBlock];
};

}  // namespace
}  // namespace adamas
