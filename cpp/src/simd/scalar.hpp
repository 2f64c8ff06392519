// One lane of plain C++: runs on every processor, and is what the other instruction sets are compared with.
//
// Each simd header defines Vector<float> and Vector<double> with the same small interface: Lane, kLanes, load and store
// (whole, or the first n lanes only), broadcast, + - * /, square_root, where_greater(a, b, x, y), which is a > b ? x :
// y for every input, NaN and zeros included, and larger(a, b), which is where_greater(a, b, a, b); widen(x, parts),
// which puts the lanes into as many vectors of float64 as that takes; and kVectorsPerBlock, for the tile loop. Each
// operation is one IEEE operation, rounded once.
//
// Bits holds an unsigned 32-bit word for each lane of Vector<float>, for number formats that are made by arithmetic on
// words: & | ^ + - * left<n> right<n>; where_greater, which compares signed numbers; larger and largest() of all lanes,
// which compare unsigned ones; numbers(), the index of each lane; loads that widen 8 or 16 bits with zeros. bits_of()
// and float_of() reinterpret. load_rounded() reads float64, rounded to float32; load_signed8() reads 8-bit whole
// numbers; add_unless_nan(x, a) is bits_of(x) + a, or bits_of(x) where x is not a number.
//
// Mixed number formats are worked on in groups of vectors (simd/group.hpp). kGroupsInPhases: all vectors of a group are
// loaded, then all updated, then all stored; or else one after the other. store8() and store16() keep the lowest bits
// of a group of words; any higher ones go through lowest8() or lowest16() first, which clear them where the
// instructions would not ignore them. Table keeps kTableSize floats (a power of 2), in a register where it can, and
// at() looks them up by the lowest bits of an index. kAheadOfCodes: while states of a few bits are decoded and encoded,
// parameter and gradient in float32 are fetched this many bytes ahead; 0 for never.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>

#include "simd/group.hpp"

namespace adamas {
namespace {

constexpr int kVectorsPerBlock = 1;
constexpr bool kGroupsInPhases = false;
constexpr std::size_t kAheadOfCodes = 0;

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
};

inline Vector<float> square_root(Vector<float> a) { return {__builtin_sqrtf(a.lane)}; }
inline Vector<double> square_root(Vector<double> a) { return {__builtin_sqrt(a.lane)}; }

template <class T>
void widen(Vector<T> x, Vector<double>* parts) {
  parts[0] = {static_cast<double>(x.lane)};
}

inline Vector<float> load_rounded(const double* from) { return {static_cast<float>(*from)}; }

struct Bits {
  std::uint32_t lane;

  static Bits broadcast(std::uint32_t value) { return {value}; }
  static Bits numbers() { return {0}; }
  static Bits load8(const std::uint8_t* from) { return {*from}; }
  static Bits load16(const std::uint16_t* from) { return {*from}; }

  template <int kBy>
  Bits left() const {
    return {lane << kBy};
  }
  template <int kBy>
  Bits right() const {
    return {lane >> kBy};
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
inline void store8(const Bits (&bytes)[kVectorsPerGroup], std::uint8_t* to) {
  for (int b = 0; b < kVectorsPerGroup; ++b) to[b] = static_cast<std::uint8_t>(bytes[b].lane);
}
inline void store16(const Bits (&words)[kVectorsPerGroup], std::uint16_t* to) {
  for (int b = 0; b < kVectorsPerGroup; ++b) to[b] = static_cast<std::uint16_t>(words[b].lane);
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
