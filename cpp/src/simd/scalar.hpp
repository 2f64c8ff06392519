// One lane of plain C++: runs on every processor, and is what the other instruction sets are compared with.
//
// Each simd header defines Vector<float> and Vector<double> with the same small interface: Lane, kLanes, load and store
// (whole, or the first n lanes only), broadcast, + - * /, square_root, where_greater(a, b, x, y), which is a > b ? x :
// y for every input, NaN and zeros included, and larger(a, b), which is where_greater(a, b, a, b); widen(x, parts),
// which puts the lanes into as many vectors of float64 as that takes; and kVectorsPerBlock, for the tile loop. Each
// operation is one IEEE operation, rounded once. To count, there are masks: greater(a, b) and not_zero(a), both false
// where there is a NaN, &, and add_where(mask, a, b), which is a + b, elsewhere a; a is not -0.
// added_by_halves() and largest_by_halves(), of float alone, join all lanes, of which none is NaN in the latter: the
// upper half of them with the lower half, and so on.
//
// Bits holds an unsigned 32-bit word for each lane of Vector<float>, for number formats that are made by arithmetic on
// words: load and store, of all of them as they lie in memory; & | ^ + - * left<n> right<n>, right_signed<n> for
// signed numbers; where_greater, which compares signed numbers; larger and largest() of all lanes,
// which compare unsigned ones; numbers(), the index of each lane; loads that widen 8 or 16 bits with zeros. bits_of()
// and float_of() reinterpret. load_rounded() reads float64, rounded to float32; load_signed8() reads 8-bit whole
// numbers; add_unless_nan(x, a) is bits_of(x) + a, or bits_of(x) where x is not a number.
//
// Mixed number formats are worked on in pairs of vectors (simd/order.hpp). store16() and store8() keep the lowest bits
// of words; any higher ones go through lowest16() or lowest8() first, which clear them where the instructions would not
// ignore them. store8<kLeast>() raises bytes to kLeast; store_whole8() takes whole numbers from -128 to 127;
// store_sign8() takes bits 0 to 6 and, as the eighth, bit 13. store4() takes codes of 4 bits, negative ones as 0, and
// puts `high` into the high halves of bytes; store_sign4() does so with bits 0 to 2 and, as the fourth, bit 10.
// join_high() and join_low() make two vectors of 16 bits, high or low in each lane, to one, in which they alternate;
// widen16() takes the words of one in order. separate() parts the even elements of two vectors from the odd ones,
// interleave() is the way back. to_whole() rounds to the nearest whole number. Table keeps kTableSize floats (a power
// of 2), in a register where it can, and at() looks them up by the lowest bits of an index. kAheadOfCodes: while states
// of a few bits are decoded and encoded, parameter and gradient are fetched this many bytes ahead; 0 for never.
// kPipelined: the loop over mixed formats is a pipeline (kernel/block_loop.hpp).
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>

#include "simd/group.hpp"

namespace adamas {
namespace {

constexpr int kVectorsPerBlock = 1;
constexpr std::size_t kAheadOfCodes = 0;
constexpr bool kPipelined = false;

template <class T>
struct Vector {
  using Lane = T;
  static constexpr int kLanes = 1;
  T lane;

  static Vector broadcast(T value) { return {value}; }
  static Vector load(const T* from) { return {*from}; }
  static Vector load(const T* from, int) { return {*from}; }
  void store(T* to) const { *to = lane; }
  void store(T* to, int) const { *to = lane; }

  friend Vector operator+(Vector a, Vector b) { return {a.lane + b.lane}; }
  friend Vector operator-(Vector a, Vector b) { return {a.lane - b.lane}; }
  friend Vector operator*(Vector a, Vector b) { return {a.lane * b.lane}; }
  friend Vector operator/(Vector a, Vector b) { return {a.lane / b.lane}; }
  friend Vector larger(Vector a, Vector b) { return {a.lane > b.lane ? a.lane : b.lane}; }
  friend Vector where_greater(Vector a, Vector b, Vector x, Vector y) { return a.lane > b.lane ? x : y; }

  struct Mask {
    bool lane;
    friend Mask operator&(Mask a, Mask b) { return {a.lane && b.lane}; }
  };
  friend Mask greater(Vector a, Vector b) { return {a.lane > b.lane}; }
  friend Mask not_zero(Vector a) { return {a.lane > 0 || a.lane < 0}; }
  friend Vector add_where(Mask mask, Vector a, Vector b) { return {a.lane + (mask.lane ? b.lane : 0)}; }
};

inline Vector<float> square_root(Vector<float> a) { return {__builtin_sqrtf(a.lane)}; }
inline Vector<double> square_root(Vector<double> a) { return {__builtin_sqrt(a.lane)}; }

template <class T>
void widen(Vector<T> x, Vector<double>* parts) {
  parts[0] = {static_cast<double>(x.lane)};
}

inline float added_by_halves(Vector<float> x) { return x.lane; }
inline float largest_by_halves(Vector<float> x) { return x.lane; }

inline Vector<float> load_rounded(const double* from) { return {static_cast<float>(*from)}; }

struct Bits {
  std::uint32_t lane;

  static Bits broadcast(std::uint32_t value) { return {value}; }
  static Bits numbers() { return {0}; }
  static Bits load(const void* from) {
    Bits bits;
    __builtin_memcpy(&bits, from, sizeof bits);
    return bits;
  }
  void store(void* to) const { __builtin_memcpy(to, &lane, sizeof lane); }
  static Bits load8(const std::uint8_t* from) { return {*from}; }
  static Bits load16(const void* from) {
    std::uint16_t word;
    __builtin_memcpy(&word, from, sizeof word);
    return {word};
  }

  template <int kBy>
  Bits left() const {
    return {lane << kBy};
  }
  template <int kBy>
  Bits right() const {
    return {lane >> kBy};
  }
  template <int kBy>
  Bits right_signed() const {
    return {static_cast<std::uint32_t>(static_cast<std::int32_t>(lane) >> kBy)};
  }
  friend Bits operator&(Bits a, Bits b) { return {a.lane & b.lane}; }
  friend Bits operator|(Bits a, Bits b) { return {a.lane | b.lane}; }
  friend Bits operator^(Bits a, Bits b) { return {a.lane ^ b.lane}; }
  friend Bits operator+(Bits a, Bits b) { return {a.lane + b.lane}; }
  friend Bits operator-(Bits a, Bits b) { return {a.lane - b.lane}; }
  friend Bits operator*(Bits a, Bits b) { return {a.lane * b.lane}; }
  friend Bits where_greater(Bits a, Bits b, Bits x, Bits y) {
    return static_cast<std::int32_t>(a.lane) > static_cast<std::int32_t>(b.lane) ? x : y;
  }
  friend Bits larger(Bits a, Bits b) { return a.lane > b.lane ? a : b; }
  std::uint32_t largest() const { return lane; }
};

inline Bits bits_of(Vector<float> a) {
  Bits bits;
  __builtin_memcpy(&bits, &a, sizeof bits);
  return bits;
}
inline Vector<float> float_of(Bits a) {
  Vector<float> value;
  __builtin_memcpy(&value, &a, sizeof value);
  return value;
}

inline Bits lowest8(Bits words) { return words; }
inline Bits lowest16(Bits words) { return words; }
inline void store16(Bits word, void* to) {
  const auto half = static_cast<std::uint16_t>(word.lane);
  __builtin_memcpy(to, &half, sizeof half);
}
inline void store16(Bits first, Bits second, void* to) {
  ((first & Bits::broadcast(0xffff)) | second.left<16>()).store(to);
}
inline void store8(Bits byte, std::uint8_t* to) { *to = static_cast<std::uint8_t>(byte.lane); }
inline void store8(Bits first, Bits second, std::uint8_t* to) {
  store8(first, to);
  store8(second, to + 1);
}
template <int kLeast>
inline void store8(const Bits (&bytes)[kVectorsPerGroup], std::uint8_t* to) {
  for (int b = 0; b < kVectorsPerGroup; ++b) {
    store8(kLeast > 0 ? larger(bytes[b], Bits::broadcast(kLeast)) : bytes[b], to + b);
  }
}
inline void store_whole8(const Bits (&x)[kVectorsPerGroup], std::uint8_t* to) { store8<0>(x, to); }
inline void store_sign8(const Bits (&x)[kVectorsPerGroup], std::uint8_t* to) {
  for (int b = 0; b < kVectorsPerGroup; ++b) {
    const Bits sign = x[b].right<6>() & Bits::broadcast(0x80);
    store8((x[b] & Bits::broadcast(0x7f)) | sign, to + b);
  }
}
inline void store4(const Bits (&low)[kVectorsPerGroup], const Bits (&high)[kVectorsPerGroup], std::uint8_t* to) {
  const Bits zero = Bits::broadcast(0);
  for (int b = 0; b < kVectorsPerGroup; ++b) {
    const Bits upper = where_greater(high[b], zero, high[b], zero);
    store8(where_greater(low[b], zero, low[b], zero) | upper.left<4>(), to + b);
  }
}
inline void store_sign4(const Bits (&low)[kVectorsPerGroup], const Bits (&high)[kVectorsPerGroup], std::uint8_t* to) {
  for (int b = 0; b < kVectorsPerGroup; ++b) {
    const Bits both = low[b] | high[b].left<4>();
    store8(both | both.right<7>(), to + b);
  }
}

inline Bits join_high(Bits even, Bits odd) { return even.right<16>() | (odd & Bits::broadcast(0xffff0000)); }
inline Bits join_low(Bits even, Bits odd) { return (even & Bits::broadcast(0xffff)) | odd.left<16>(); }
inline void widen16(Bits both, Bits (&words)[2]) {
  words[0] = both & Bits::broadcast(0xffff);
  words[1] = both.right<16>();
}
inline void separate(Vector<float> (&)[2]) {}
inline void interleave(Vector<float> (&)[2]) {}

// Adding 1.5 * 2^23 rounds; the number is in the lowest bits, less those of that sum's constant.
inline Bits to_whole(Vector<float> x) {
  return bits_of(x + Vector<float>::broadcast(12582912.0f)) - bits_of(Vector<float>::broadcast(12582912.0f));
}

constexpr int kTableSize = 16;
struct Table {
  float values[kTableSize];
  void fill(const float (&from)[kTableSize]) { __builtin_memcpy(values, from, sizeof values); }
  Vector<float> at(Bits index) const { return {values[index.lane % kTableSize]}; }
};

inline Vector<float> load_signed8(const std::uint8_t* from) {
  return {static_cast<float>(static_cast<std::int8_t>(*from))};
}
inline Bits add_unless_nan(Vector<float> x, Bits amount) {
  const Bits bits = bits_of(x);
  return x.lane == x.lane ? bits + amount : bits;
}

}  // namespace
}  // namespace adamas
