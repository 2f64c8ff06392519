#include "engine/axis_sums.hpp"

#include <algorithm>

namespace adamas {
namespace {

// As many rows and columns at once as there is room for.
void sum_prepared(const GradientKernels& kernels, const Item& item, const GivenGradient& gradient, const AxisRows& rows,
                  std::size_t begin) {
  alignas(64) double prepared[kRowsAtOnce * kGranule];
  const bool fit = rows.columns <= kGranule;
  const std::size_t columns_at_once = fit ? rows.columns : kGranule;
  const std::size_t rows_at_once = kGranule / columns_at_once * kRowsAtOnce;
  for (std::size_t row = 0; row < rows.rows; row += rows_at_once) {
    for (std::size_t column = 0; column < rows.columns; column += columns_at_once) {
      AxisRows some = rows;
      some.grad = prepared;
      some.rows = std::min(rows_at_once, rows.rows - row);
      some.columns = some.stride = std::min(columns_at_once, rows.columns - column);
      some.row_sums += row * rows.granules + column / kGranule;
      if (some.column_sums != nullptr) some.column_sums += column;
      const std::size_t pieces = fit ? 1 : some.rows;
      const std::size_t size = some.rows * some.columns / pieces;
      for (std::size_t k = 0; k < pieces; ++k) {
        const std::size_t i = begin + (row + k) * rows.stride + column;
        void* const to = shifted(prepared, k * size * size_of(item.compute_dtype()));
        kernels.prepare(gradient.dtype, gradient.array, gradient.sums, i, i + size, gradient.scale, gradient.limit, to);
      }
      kernels.axes(some, 1.0);
    }
  }
}

}  // namespace

void sum_along_axes(const GradientKernels& kernels, const Item& item, const GivenGradient& gradient, bool prepare,
                    std::size_t begin, std::size_t end) {
  const DType type = item.compute_dtype();
  for (std::size_t i = begin; i < end;) {
    AxisRows rows = item.axes->rows_at(i, end);
    if (prepare || gradient.dtype != type) {
      sum_prepared(kernels, item, gradient, rows, i);
    } else {
      rows.grad = shifted(gradient.array, i * size_of(type));
      kernels.axes(rows, gradient.scale);
    }
    i += rows.rows * rows.columns;
  }
}

}  // namespace adamas
