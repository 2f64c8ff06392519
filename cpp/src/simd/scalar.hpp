// One lane of plain C++: runs on every processor, and is what the other instruction sets are compared with.
//
// Each simd header defines Vector<float> and Vector<double> with the same small interface: Lane, kLanes, load and store
// (whole, or the first n lanes only), broadcast, + - * /, square_root, where_greater(a, b, x, y), which is a > b ? x :
// y for every input, NaN and zeros included, and larger(a, b), which is where_greater(a, b, a, b); add_squares(sums),
// which adds the square of each lane in float64 to a sum of its own; and kVectorsPerBlock, for the tile loop. Each
// operation is one IEEE operation, rounded once.
#pragma once

#include <cmath>

namespace adamas {
namespace {

constexpr int kVectorsPerBlock = 1;

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

  void add_squares(double* sums) const { *sums += static_cast<double>(lane) * static_cast<double>(lane); }

  friend Vector operator+(Vector a, Vector b) { return {a.lane + b.lane}; }
  friend Vector operator-(Vector a, Vector b) { return {a.lane - b.lane}; }
  friend Vector operator*(Vector a, Vector b) { return {a.lane * b.lane}; }
  friend Vector operator/(Vector a, Vector b) { return {a.lane / b.lane}; }
  friend Vector larger(Vector a, Vector b) { return {a.lane > b.lane ? a.lane : b.lane}; }
  friend Vector where_greater(Vector a, Vector b, Vector x, Vector y) { return a.lane > b.lane ? x : y; }
};

inline Vector<float> square_root(Vector<float> a) { return {__builtin_sqrtf(a.lane)}; }
inline Vector<double> square_root(Vector<double> a) { return {__builtin_sqrt(a.lane)}; }

}  // namespace
}  // namespace adamas
