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

// Adds the squares of vectors, one from each of several rows, to as many sums.
template <int kRows, class T>
ADAMAS_INLINE void add_squares(const Vector<T>* x, double* sums) {
  constexpr int kParts = Vector<T>::kLanes / Vector<double>::kLanes;
  Vector<double> parts[kRows][kParts];
  for (int r = 0; r < kRows; ++r) widen(x[r], parts[r]);
  for (int k = 0; k < kParts; ++k) {
    double* const at = sums + k * Vector<double>::kLanes;
    Vector<double> sum = Vector<double>::load(at);
    for (int r = 0; r < kRows; ++r) sum = sum + parts[r][k] * parts[r][k];
    sum.store(at);
  }
}

// The same of the first n lanes alone.
template <int kRows, class T>
void add_squares(const Vector<T>* x, double* sums, int n) {
  T values[Vector<T>::kLanes];
  for (int r = 0; r < kRows; ++r) {
    x[r].store(values);
    for (int k = 0; k < n; ++k) sums[k] += static_cast<double>(values[k]) * static_cast<double>(values[k]);
  }
}

// Several rows at once, so that a column's sum is fetched and put back once for all of them.
template <int kRows, class T>
void sum_rows(const T* grad, std::size_t columns, Vector<T> scale, double* row_sums, double* column_sums) {
  using V = Vector<T>;
  constexpr std::size_t kLanes = V::kLanes;
  const std::size_t segments = (columns + kSegment - 1) / kSegment;
  const auto row = [&](int r) ADAMAS_INLINE_LAMBDA { return grad + static_cast<std::size_t>(r) * columns; };
  for (std::size_t segment = 0; segment < segments; ++segment) {
    const std::size_t begin = segment * kSegment;
    SquareSum sums[kRows];
    for_each_vector<kLanes>(
        begin, std::min(columns, begin + kSegment),
        [&](std::size_t i, auto b) ADAMAS_INLINE_LAMBDA {
          V g[kRows];
          for (int r = 0; r < kRows; ++r) {
            g[r] = V::load(row(r) + i) * scale;
            sums[r].template add<decltype(b)::value * kLanes>(g[r]);
          }
          if (column_sums != nullptr) add_squares<kRows>(g, column_sums + i);
        },
        [&](std::size_t i, int n) {
          V g[kRows];
          for (int r = 0; r < kRows; ++r) {
            g[r] = V::load(row(r) + i, n) * scale;
            sums[r].add_last(g[r], i % kVirtualLanes, n);
          }
          if (column_sums != nullptr) add_squares<kRows>(g, column_sums + i, n);
        });
    for (int r = 0; r < kRows; ++r) row_sums[static_cast<std::size_t>(r) * segments + segment] = sums[r].total();
  }
}

template <class T>
void axis_sums(const void* grad, std::size_t rows, std::size_t columns, double scale, double* row_sums,
               double* column_sums) {
  // As many as there are registers for their sums. (A single row would also be too few streams to fetch memory fast.)
  constexpr int kRows = Vector<double>::kLanes == 8 ? 4 : 2;
  const auto s = Vector<T>::broadcast(static_cast<T>(scale));
  const T* row = static_cast<const T*>(grad);
  const std::size_t segments = (columns + kSegment - 1) / kSegment;
  std::size_t r = 0;
  for (; r + kRows <= rows; r += kRows, row += kRows * columns, row_sums += kRows * segments) {
    sum_rows<kRows>(row, columns, s, row_sums, column_sums);
  }
  for (; r < rows; ++r, row += columns, row_sums += segments) sum_rows<1>(row, columns, s, row_sums, column_sums);
}

}  // namespace
}  // namespace adamas
