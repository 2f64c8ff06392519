// How states are kept: each of these classes, and BlockStates, loads and stores all states of a rule, block by block, a
// pair of vectors at a time.
//
//   States::Scratch scratch(step);
//   States states(scratch);
//   states.begin(arrays);                   for each block
//   states.load(arrays, s, j);              the states of the pair that begins with element j, into s[0], s[1] ...
//   states.prepare(s, prepared);            what the new values will be stored as, where that takes a root
//   states.store(arrays, s, prepared, j);   the new values
//   states.between(j);                      after the load of the pair at j, and the store of the one before it
//   states.end(arrays, n);                  of the block's elements, the first n are real
//   states.flush();                         after the last block
//
// Order: how the elements of a pair are laid out (simd/order.hpp). kPrepares<k>: prepare() has something for state k.
// kAhead: parameter and gradient are to be fetched so many bytes ahead; 0 for not at all.
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
#include "simd/order.hpp"

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
  using Order = InOrder;
  static constexpr Storage<Rule, StateFormat::kFloat32> kStorage{};
  static constexpr std::size_t kAhead = 0;
  template <int k>
  static constexpr bool kPrepares = false;

  struct Scratch {
    explicit Scratch(std::uint32_t) {}
  };

  explicit Float32States(Scratch&) {}
  ADAMAS_INLINE void begin(const StateArrays&) {}

  template <class S>
  ADAMAS_INLINE void load(const StateArrays& arrays, S& s, std::size_t j) const {
    for (int k = 0; k < Rule::kStateCount; ++k) Order::load(static_cast<const float*>(arrays.values[k]) + j, s[k]);
  }
  template <class S>
  ADAMAS_INLINE void prepare(const S&, S&) const {}
  template <class S>
  ADAMAS_INLINE void store(const StateArrays& arrays, const S& s, const S&, std::size_t j) const {
    for (int k = 0; k < Rule::kStateCount; ++k) {
      if (is_written<Rule>(k)) Order::store(s[k], static_cast<float*>(arrays.values[k]) + j);
    }
  }
  ADAMAS_INLINE void between(std::size_t) const {}
  ADAMAS_INLINE void end(const StateArrays&, std::size_t) const {}
  ADAMAS_INLINE void flush() const {}
};

template <class Rule, class AnOrder>
class Bfloat16States {
 public:
  using V = Vector<float>;
  using Order = AnOrder;
  static constexpr Storage<Rule, StateFormat::kBfloat16> kStorage{};
  static constexpr std::size_t kAhead = 0;
  template <int k>
  static constexpr bool kPrepares = false;

  struct Scratch {
    explicit Scratch(std::uint32_t step) : dither(step) {}
    Dither<16, 0, Order> dither;
  };

  explicit Bfloat16States(Scratch& scratch) : dither_(scratch.dither) {}
  ADAMAS_INLINE void begin(const StateArrays&) {}

  template <class S>
  ADAMAS_INLINE void load(const StateArrays& arrays, S& s, std::size_t j) const {
    repeat<Rule::kStateCount>([&](auto k) ADAMAS_INLINE_LAMBDA {
      if constexpr (kExact<k>) {
        Order::load(static_cast<const float*>(arrays.values[k]) + j, s[k]);
      } else {
        Bits words[2];
        Order::load_high16(static_cast<const std::uint16_t*>(arrays.values[k]) + j, words);
        for_both([&](std::size_t b) ADAMAS_INLINE_LAMBDA { s[k][b] = float_of(words[b]); });
      }
    });
  }
  template <class S>
  ADAMAS_INLINE void prepare(const S&, S&) const {}
  template <class S>
  ADAMAS_INLINE void store(const StateArrays& arrays, const S& s, const S&, std::size_t j) const {
    repeat<Rule::kStateCount>([&](auto k) ADAMAS_INLINE_LAMBDA {
      if constexpr (!is_written<Rule>(k)) {
      } else if constexpr (kExact<k>) {
        Order::store(s[k], static_cast<float*>(arrays.values[k]) + j);
      } else {
        constexpr bool kFirst = Rule::kStates[k].kind != StateKind::kSigned;
        Bits words[2];
        for_both([&](std::size_t b) ADAMAS_INLINE_LAMBDA {
          words[b] = Bfloat16::rounded_at_random(s[k][b], dither_.template thresholds<kFirst>(j + b * V::kLanes));
        });
        Order::store_high16(words, static_cast<std::uint16_t*>(arrays.values[k]) + j);
      }
    });
  }
  ADAMAS_INLINE void between(std::size_t) const {}
  ADAMAS_INLINE void end(const StateArrays&, std::size_t) const {}
  ADAMAS_INLINE void flush() const {}

 private:
  template <int k>
  static constexpr bool kExact = Rule::kStates[k].kind == StateKind::kExact;

  const Dither<16, 0, Order>& dither_;
};

// There is no loop beside such parameters: they are unpacked.
template <class>
using Unpacked = void;

template <class Rule>
using Bfloat16InOrder = Bfloat16States<Rule, InOrder>;
template <class Rule>
using Bfloat16EvenOdd = Bfloat16States<Rule, EvenOdd>;

}  // namespace
}  // namespace adamas
