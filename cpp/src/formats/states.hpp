// How states are kept: each of these classes, and BlockStates, loads and stores all states of a rule, block by block.
//
//   States::Scratch scratch(step);
//   States states(scratch);
//   states.begin(arrays);            for each block
//   states.load<b>(arrays, s, j);    the states of vector b of the group that begins with element j, into s[0], s[1]
//   ...
//   states.store<b>(arrays, s, j);   their new values
//   states.end_group(arrays, j);
//   states.end(arrays, n);           of the block's elements, the first n are real
//   states.flush();                  after the last block
//
// kAhead: parameter and gradient in float32 are to be fetched so many bytes ahead; 0 for not at all.
//
// Objects of them are local to a loop, with the arrays and the scratch memory as local variables beside them: so the
// compiler knows that nothing which is stored can change a pointer.
//
// States of kind kExact are float32 in every format.
#pragma once

#include <cstddef>
#include <cstdint>

#include <adamas/formats.hpp>

#include "formats/dither.hpp"
#include "formats/half.hpp"
#include "simd/inline.hpp"

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
  static constexpr std::size_t kAhead = 0;

  struct Scratch {
    explicit Scratch(std::uint32_t) {}
  };

  explicit Float32States(Scratch&) {}
  ADAMAS_INLINE void begin(const StateArrays&) {}

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
  ADAMAS_INLINE void end_group(const StateArrays&, std::size_t) const {}
  ADAMAS_INLINE void end(const StateArrays&, std::size_t) const {}
  ADAMAS_INLINE void flush() const {}
};

template <class Rule>
struct Bfloat16States {
  using V = Vector<float>;
  static constexpr Storage<Rule, StateFormat::kBfloat16> kStorage{};
  static constexpr std::size_t kAhead = 0;

  struct Scratch {
    explicit Scratch(std::uint32_t step) : dither(step) {}
    Dither<16, 0> dither;
  };

  explicit Bfloat16States(Scratch& scratch) : dither_(scratch.dither) {}
  ADAMAS_INLINE void begin(const StateArrays&) {}

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
  ADAMAS_INLINE void store(const StateArrays& arrays, const V* s, std::size_t group) {
    const std::size_t j = group + b * V::kLanes;
    repeat<Rule::kStateCount>([&](auto k) ADAMAS_INLINE_LAMBDA {
      if constexpr (Rule::kStates[k].kind == StateKind::kExact) {
        s[k].store(static_cast<float*>(arrays.values[k]) + j);
      } else {
        constexpr bool kFirst = Rule::kStates[k].kind != StateKind::kSigned;
        halves_[k][b] = Bfloat16::narrow_at_random(s[k], dither_.template thresholds<kFirst>(j));
      }
    });
  }
  ADAMAS_INLINE void end_group(const StateArrays& arrays, std::size_t group) const {
    repeat<Rule::kStateCount>([&](auto k) ADAMAS_INLINE_LAMBDA {
      if constexpr (Rule::kStates[k].kind != StateKind::kExact) {
        store16(halves_[k], static_cast<std::uint16_t*>(arrays.values[k]) + group);
      }
    });
  }
  ADAMAS_INLINE void end(const StateArrays&, std::size_t) const {}
  ADAMAS_INLINE void flush() const {}

 private:
  const Dither<16, 0>& dither_;
  Bits halves_[kMaxStates][kVectorsPerGroup];  // of the group under way
};

}  // namespace
}  // namespace adamas
