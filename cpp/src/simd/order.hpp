// How the elements of a pair of vectors are laid out. An update does not mind, so formats choose what is cheapest for
// them.
//
// InOrder: the first half of the elements in the first vector. EvenOdd: the even elements in the first vector, the odd
// ones in the second: two words of 16 bits lie side by side in a lane, and so become the high halves of two float32
// numbers by a shift and a mask.
#pragma once

#include <cstddef>
#include <cstdint>

#include "simd/inline.hpp"

namespace adamas {
namespace {

constexpr std::size_t kPair = 2 * Vector<float>::kLanes;  // elements

struct InOrder {
  using V = Vector<float>;

  static ADAMAS_INLINE void load(const float* from, V (&x)[2]) {
    x[0] = V::load(from);
    x[1] = V::load(from + V::kLanes);
  }
  static ADAMAS_INLINE void store(const V (&x)[2], float* to) {
    x[0].store(to);
    x[1].store(to + V::kLanes);
  }
  static ADAMAS_INLINE void load_rounded(const double* from, V (&x)[2]) {
    x[0] = adamas::load_rounded(from);
    x[1] = adamas::load_rounded(from + V::kLanes);
  }

  // Words of 16 bits in the high or the low half of each lane, and bytes in the lowest bits. All other bits are zeros
  // when they are loaded, and do not matter when they are stored.
  static ADAMAS_INLINE void load_high16(const std::uint16_t* from, Bits (&x)[2]) {
    x[0] = Bits::load16(from).left<16>();
    x[1] = Bits::load16(from + V::kLanes).left<16>();
  }
  static ADAMAS_INLINE void load_low16(const std::uint16_t* from, Bits (&x)[2]) {
    x[0] = Bits::load16(from);
    x[1] = Bits::load16(from + V::kLanes);
  }
  static ADAMAS_INLINE void load8(const std::uint8_t* from, Bits (&x)[2]) {
    x[0] = Bits::load8(from);
    x[1] = Bits::load8(from + V::kLanes);
  }
  static ADAMAS_INLINE void store_high16(const Bits (&x)[2], std::uint16_t* to) {
    store16(x[0].right<16>(), x[1].right<16>(), to);
  }
  static ADAMAS_INLINE void store_low16(const Bits (&x)[2], std::uint16_t* to) {
    store16(lowest16(x[0]), lowest16(x[1]), to);
  }
  static ADAMAS_INLINE void store8(const Bits (&x)[2], std::uint8_t* to) {
    adamas::store8(lowest8(x[0]), lowest8(x[1]), to);
  }

  // 16 bits of `both` for each element: the words of a vector as they lie in memory.
  static ADAMAS_INLINE void halves(Bits both, Bits (&x)[2]) { widen16(both, x); }

  // The index in the pair of each element of vector b.
  static ADAMAS_INLINE Bits numbers(std::size_t b) {
    return Bits::numbers() + Bits::broadcast(static_cast<std::uint32_t>(b * V::kLanes));
  }
};

struct EvenOdd {
  using V = Vector<float>;

  static ADAMAS_INLINE void load(const float* from, V (&x)[2]) {
    InOrder::load(from, x);
    separate(x);
  }
  static ADAMAS_INLINE void store(const V (&x)[2], float* to) {
    V y[2] = {x[0], x[1]};
    interleave(y);
    InOrder::store(y, to);
  }
  static ADAMAS_INLINE void load_rounded(const double* from, V (&x)[2]) {
    InOrder::load_rounded(from, x);
    separate(x);
  }

  static ADAMAS_INLINE void load_high16(const std::uint16_t* from, Bits (&x)[2]) {
    const Bits both = Bits::load(from);
    x[0] = both.left<16>();
    x[1] = both & Bits::broadcast(0xffff0000);
  }
  static ADAMAS_INLINE void load_low16(const std::uint16_t* from, Bits (&x)[2]) { halves(Bits::load(from), x); }
  static ADAMAS_INLINE void load8(const std::uint8_t* from, Bits (&x)[2]) {
    const Bits both = Bits::load16(from);
    x[0] = both & Bits::broadcast(0xff);
    x[1] = both.right<8>();
  }
  static ADAMAS_INLINE void store_high16(const Bits (&x)[2], std::uint16_t* to) { join_high(x[0], x[1]).store(to); }
  static ADAMAS_INLINE void store_low16(const Bits (&x)[2], std::uint16_t* to) { join_low(x[0], x[1]).store(to); }
  static ADAMAS_INLINE void store8(const Bits (&x)[2], std::uint8_t* to) {
    store16(lowest16((x[0] & Bits::broadcast(0xff)) | x[1].left<8>()), to);
  }

  static ADAMAS_INLINE void halves(Bits both, Bits (&x)[2]) {
    x[0] = both & Bits::broadcast(0xffff);
    x[1] = both.right<16>();
  }

  static ADAMAS_INLINE Bits numbers(std::size_t b) {
    return Bits::numbers().left<1>() + Bits::broadcast(static_cast<std::uint32_t>(b));
  }
};

// For both vectors of a pair.
template <class Body>
ADAMAS_INLINE void for_both(Body body) {
  body(0);
  body(1);
}

}  // namespace
}  // namespace adamas
