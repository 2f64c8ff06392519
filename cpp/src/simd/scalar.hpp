// One lane of plain C++: runs on every processor, and is what the other instruction sets are compared with.
//
// Each simd header defines Vector<float> and Vector<double> with the same small interface: Lane, kLanes, load and store
// (whole, or the first n lanes only), broadcast, + - * /, square_root, where_greater(a, b, x, y), which is a > b ? x :
// y for every input, NaN and zeros included, and larger(a, b), which is where_greater(a, b, a, b); widen(x, parts),
// which puts the lanes into as many vectors of float64 as that takes; and kVectorsPerBlock, for the tile loop. Each
// operation is one IEEE operation, rounded once.
//
// Bits holds an unsigned 32-bit word for each lane of Vector<float>, for number formats that are made by arithmetic on
// words: & | ^ + - * left<n> right<n>; where_greater, larger and largest() of all lanes, which compare as signed
// numbers; numbers(), the index of each lane; loads that widen 8 or 16 bits with zeros, stores of the lowest 8 or 16
// bits. bits_of() and float_of() reinterpret. load_rounded() reads float64, rounded to float32; load_signed8() reads
// 8-bit whole numbers; add_unless_nan(x, a) is bits_of(x) + a, or bits_of(x) where x is not a number.
#pragma once

#include <cmath>
#include <cstdint>

namespace adamas {
namespace {

constexpr int kVectorsPerBlock = 1;

// The same for mixed number formats, which are looked up once a block.
constexpr int kVectorsPerMixedBlock = 8;

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
  void store8(std::uint8_t* to) const { *to = static_cast<std::uint8_t>(lane); }
  void store16(std::uint16_t* to) const { *to = static_cast<std::uint16_t>(lane); }

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
  friend Bits larger(Bits a, Bits b) { return where_greater(a, b, a, b); }
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

inline Vector<float> load_signed8(const std::uint8_t* from) {
  return {static_cast<float>(static_cast<std::int8_t>(*from))};
}
inline Bits add_unless_nan(Vector<float> x, Bits amount) {
  const Bits bits = bits_of(x);
  return x.lane == x.lane ? bits + amount : bits;
}

}  // namespace
}  // namespace adamas
