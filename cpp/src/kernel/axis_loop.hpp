// Sums of squares by row and by column of a matrix, in one pass over gradients, in float64.
//
// They are the same for every instruction set: a row is summed up as granules are (kernel/square_sum.hpp), and a column
// from the first row to the last.
#pragma once

#include <algorithm>

#include "kernel/square_sum.hpp"
#include "kernel/table.hpp"

namespace adamas {
namespace {

// Adds the squares of a vector to as many sums.
template <class T>
ADAMAS_INLINE void add_squares(Vector<T> x, double* sums) {
  constexpr int kParts = Vector<T>::kLanes / Vector<double>::kLanes;
  Vector<double> parts[kParts];
  widen(x, parts);
  for (int k = 0; k < kParts; ++k) {
    double* const at = sums + k * Vector<double>::kLanes;
    (Vector<double>::load(at) + parts[k] * parts[k]).store(at);
  }
}

// The same of its first n lanes alone.
template <class T>
void add_squares(Vector<T> x, double* sums, int n) {
  T values[Vector<T>::kLanes];
  x.store(values);
  for (int k = 0; k < n; ++k) sums[k] += static_cast<double>(values[k]) * static_cast<double>(values[k]);
}

template <class T>
void axis_sums(const void* grad, std::size_t rows, std::size_t columns, double scale, double* row_sums,
               double* column_sums) {
  using V = Vector<T>;
  constexpr std::size_t kLanes = V::kLanes;
  const V s = V::broadcast(static_cast<T>(scale));
  const T* row = static_cast<const T*>(grad);
  for (std::size_t r = 0; r < rows; ++r, row += columns) {
    for (std::size_t begin = 0; begin < columns; begin += kSegment) {
      SquareSum sum;
      for_each_vector<kLanes>(
          begin, std::min(columns, begin + kSegment),
          [&](std::size_t i, auto b) ADAMAS_INLINE_LAMBDA {
            const V g = V::load(row + i) * s;
            sum.template add<decltype(b)::value * kLanes>(g);
            if (column_sums != nullptr) add_squares(g, column_sums + i);
          },
          [&](std::size_t i, int n) {
            const V g = V::load(row + i, n) * s;
            sum.add_last(g, i % kVirtualLanes, n);
            if (column_sums != nullptr) add_squares(g, column_sums + i, n);
          });
      *row_sums++ = sum.total();
    }
  }
}

}  // namespace
}  // namespace adamas
