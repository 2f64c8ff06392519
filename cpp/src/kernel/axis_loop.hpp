// Sums of squares by row and by column of a matrix, in one pass over gradients.
//
// They are the same for every instruction set: the granules of a row are summed up in the compute type, as HalvedSum
// does it, and so are kRowsAtOnce elements of a column, in order; those sums are added in float64.
#pragma once

#include <algorithm>

#include "kernel/square_sum.hpp"
#include "kernel/table.hpp"

namespace adamas {
namespace {

// Of vectors, one from each of several rows.
template <int kRows, class V>
ADAMAS_INLINE V sum_of_squares(const V* x) {
  V sum = x[0] * x[0];
  for (int r = 1; r < kRows; ++r) sum = sum + x[r] * x[r];
  return sum;
}

// Adds the lanes of a vector to as many sums.
template <class T>
ADAMAS_INLINE void add_to(double* sums, Vector<T> x) {
  constexpr int kParts = Vector<T>::kLanes / Vector<double>::kLanes;
  Vector<double> parts[kParts];
  widen(x, parts);
  for (int k = 0; k < kParts; ++k) {
    double* const at = sums + k * Vector<double>::kLanes;
    (Vector<double>::load(at) + parts[k]).store(at);
  }
}

// The same of the first n lanes alone.
template <class T>
void add_to(double* sums, Vector<T> x, int n) {
  T values[Vector<T>::kLanes];
  x.store(values);
  for (int k = 0; k < n; ++k) sums[k] += static_cast<double>(values[k]);
}

// The first kRows rows at once. Of rows that are not there, the elements are zero.
template <int kRows, bool kByColumn, class T>
void sum_rows(const AxisRows& rows, Vector<T> scale) {
  using V = Vector<T>;
  constexpr std::size_t kLanes = V::kLanes;
  static constexpr T kZeros[kGranule] = {};
  for (std::size_t begin = 0; begin < rows.columns; begin += kGranule) {
    const T* from[kRows];
    for (std::size_t r = 0; r < kRows; ++r) {
      from[r] = r < rows.rows ? static_cast<const T*>(rows.grad) + r * rows.stride + begin : kZeros;
    }
    HalvedSum<T> sums[kRows];
    for_each_vector<kLanes>(
        0, std::min(rows.columns - begin, kGranule),
        [&](std::size_t i, auto b) ADAMAS_INLINE_LAMBDA {
          V g[kRows];
          repeat<kRows>([&](auto r) ADAMAS_INLINE_LAMBDA {
            g[r] = V::load(from[r] + i) * scale;
            sums[r].template add<decltype(b)::value * kLanes>(g[r], g[r]);
          });
          if constexpr (kByColumn) add_to(rows.column_sums + begin + i, sum_of_squares<kRows>(g));
        },
        [&](std::size_t i, int n) {
          V g[kRows];
          for (int r = 0; r < kRows; ++r) {
            g[r] = V::load(from[r] + i, n) * scale;
            sums[r].add_last(g[r], g[r], i % kVirtualLanes, n);
          }
          if constexpr (kByColumn) add_to(rows.column_sums + begin + i, sum_of_squares<kRows>(g), n);
        });
    for (std::size_t r = 0; r < std::min<std::size_t>(kRows, rows.rows); ++r) {
      rows.row_sums[r * rows.granules + begin / kGranule] = sums[r].total();
    }
  }
}

// The first of the rows: kRowsAtOnce, or as many as there are.
template <bool kByColumn, class T>
void sum_first_rows(const AxisRows& rows, Vector<T> scale) {
  static_assert(kRowsAtOnce == 8);
  if (rows.rows > 4) return sum_rows<8, kByColumn>(rows, scale);
  if (rows.rows > 2) return sum_rows<4, kByColumn>(rows, scale);
  if (rows.rows > 1) return sum_rows<2, kByColumn>(rows, scale);
  sum_rows<1, kByColumn>(rows, scale);
}

template <class T>
void axis_sums(const AxisRows& all, double scale) {
  constexpr std::size_t kRows = kRowsAtOnce;
  const auto s = Vector<T>::broadcast(static_cast<T>(scale));
  AxisRows rows = all;
  // A single row is too few streams to fetch memory fast. Its granules can be taken for those of several rows.
  const std::size_t share = rows.columns / (kRows * kGranule);
  if (rows.rows == 1 && rows.column_sums == nullptr && share > 0) {
    const std::size_t columns = share * kGranule;
    sum_rows<kRows, false>(AxisRows{rows.grad, kRows, columns, columns, rows.row_sums, share, nullptr}, s);
    rows.grad = static_cast<const T*>(rows.grad) + kRows * columns;
    rows.columns -= kRows * columns;
    rows.row_sums += kRows * share;
  }
  for (std::size_t r = 0; r < all.rows; r += kRows) {
    rows.rows = all.rows - r;
    all.column_sums != nullptr ? sum_first_rows<true>(rows, s) : sum_first_rows<false>(rows, s);
    rows.grad = static_cast<const T*>(rows.grad) + kRows * rows.stride;
    rows.row_sums += kRows * rows.granules;
  }
}

}  // namespace
}  // namespace adamas
