#include "engine/axes.hpp"

#include <algorithm>
#include <type_traits>

#include "rules/registry.hpp"

namespace adamas {
namespace {

// Elements that are worth a thread's while; and rows of a tile, whose columns have a sum each: so few sums take next to
// no memory.
constexpr std::size_t kTile = std::size_t{1} << 16;
constexpr std::size_t kTileRows = 128;
static_assert(kTile % kGranule == 0 && kTileRows % kRowsAtOnce == 0);

// The state along rows or columns; null if there is none.
template <class T>
T* state_along(const Parameter& parameter, StateExtent extent) {
  const RuleInfo& info = rule_info(parameter.rule);
  for (int k = 0; k < info.state_count; ++k) {
    if (info.states[k].extent == extent) return static_cast<T*>(parameter.states[k]);
  }
  return nullptr;
}

}  // namespace

Axes::Axes(const Parameter& parameter)
    : rows_(parameter.matrix_rows),
      columns_(parameter.matrix_columns),
      granules_((columns_ + kGranule - 1) / kGranule),
      tile_rows_(std::max<std::size_t>(kTile / columns_, 1)),
      tiles_(1),
      by_column_(state_along<void>(parameter, StateExtent::kColumn) != nullptr) {
  const std::size_t all_rows = parameter.size / columns_;
  const std::size_t matrices = all_rows / rows_;
  if (by_column_) tile_rows_ = std::max(tile_rows_, kTileRows);
  tile_rows_ = std::min(tile_rows_, rows_);
  tiles_ = (rows_ + tile_rows_ - 1) / tile_rows_;
  row_sums_.resize(all_rows * granules_);
  if (by_column_) column_sums_.resize(matrices * tiles_ * columns_);
  const auto make = [&](auto& arrays) {
    arrays.rows = {decltype(arrays.rows.next)(all_rows), decltype(arrays.rows.next)(all_rows)};
    const std::size_t all_columns = by_column_ ? matrices * columns_ : 0;
    arrays.columns = {decltype(arrays.rows.next)(all_columns), decltype(arrays.rows.next)(all_columns)};
  };
  parameter.dtype == DType::kFloat64 ? make(wide_) : make(narrow_);
}

std::size_t Axes::boundary(std::size_t element) const {
  if (tile_rows_ == 1 && !by_column_) {  // long rows, or few
    const std::size_t column = element % columns_;
    return element - column + column / kTile * kTile;
  }
  const std::size_t place = element % (rows_ * columns_);
  const std::size_t tile = tile_rows_ * columns_;
  return element - place + place / tile * tile;
}

AxisRows Axes::rows_at(std::size_t begin, std::size_t end) {
  const std::size_t row = begin / columns_;
  const std::size_t column = begin % columns_;
  const std::size_t row_of_tile = row % rows_ % tile_rows_;
  const std::size_t tile = row / rows_ * tiles_ + row % rows_ / tile_rows_;
  double* const row_sums = &row_sums_[row * granules_ + column / kGranule];
  AxisRows rows{nullptr, 1, std::min(columns_ - column, end - begin), columns_, row_sums, granules_, nullptr};
  if (rows.columns == columns_) {
    const std::size_t left = std::min(tile_rows_ - row_of_tile, rows_ - row % rows_);
    rows.rows = std::min(left, (end - begin) / columns_);
  }
  if (by_column_) {
    rows.column_sums = &column_sums_[tile * columns_ + column];
    if (row_of_tile == 0) std::fill_n(rows.column_sums, rows.columns, 0.0);
  }
  return rows;
}

template <class R, class T>
void Axes::finish_as(const Parameter& parameter, const double* coefficients, AxisArrays<T>& out) {
  const auto c = coefficients_by_name<R>(coefficients);
  const T* const row_state = state_along<const T>(parameter, StateExtent::kRow);
  const std::size_t matrices = out.rows.next.size() / rows_;
  const double* row_sum = row_sums_.data();
  for (std::size_t matrix = 0; matrix < matrices; ++matrix) {
    const std::size_t first = matrix * rows_;
    double total = 0.0;
    for (std::size_t i = first; i < first + rows_; ++i) {
      double sum = 0.0;
      for (std::size_t k = 0; k < granules_; ++k) sum += *row_sum++;
      const double mean = sum / static_cast<double>(columns_);
      const T next = static_cast<T>(R::next_square(static_cast<double>(row_state[i]), mean, c));
      out.rows.next[i] = next;
      total += static_cast<double>(next);
    }
    const double mean = total / static_cast<double>(rows_);
    for (std::size_t i = first; i < first + rows_; ++i) {
      out.rows.factors[i] = static_cast<T>(R::row_factor(static_cast<double>(out.rows.next[i]), mean, c));
    }
  }
  if constexpr (has_state_by<R>(StateExtent::kColumn)) {
    const T* const column_state = state_along<const T>(parameter, StateExtent::kColumn);
    for (std::size_t matrix = 0; matrix < matrices; ++matrix) {
      double* const sums = &column_sums_[matrix * tiles_ * columns_];
      for (std::size_t tile = 1; tile < tiles_; ++tile) {
        for (std::size_t j = 0; j < columns_; ++j) sums[j] += sums[tile * columns_ + j];
      }
      for (std::size_t j = 0; j < columns_; ++j) {
        const std::size_t i = matrix * columns_ + j;
        const double mean = sums[j] / static_cast<double>(rows_);
        const T next = static_cast<T>(R::next_square(static_cast<double>(column_state[i]), mean, c));
        out.columns.next[i] = next;
        out.columns.factors[i] = static_cast<T>(R::column_factor(static_cast<double>(next), c));
      }
    }
  }
}

template <class R>
constexpr Axes::Finish Axes::finish_of() {
  if constexpr (has_state_by<R>(StateExtent::kRow)) {
    return [](Axes& axes, const Parameter& parameter, const double* c) {
      parameter.dtype == DType::kFloat64 ? axes.finish_as<R>(parameter, c, axes.wide_)
                                         : axes.finish_as<R>(parameter, c, axes.narrow_);
    };
  }
  return nullptr;
}

void Axes::finish(const Parameter& parameter, const StepCoefficients& coefficients) {
#define ADAMAS_CELL(name, ...) finish_of<__VA_ARGS__>(),
  static constexpr Finish kFinish[] = {ADAMAS_RULES(ADAMAS_CELL)};
#undef ADAMAS_CELL
  kFinish[static_cast<int>(parameter.rule)](*this, parameter, coefficients.rule);
}

void Axes::factors(const Parameter& parameter, std::size_t begin, std::size_t end, FactorScratch& scratch,
                   AxisRun::Factors* out) const {
  parameter.dtype == DType::kFloat64 ? factors_as(parameter, wide_, begin, end, scratch, out)
                                     : factors_as(parameter, narrow_, begin, end, scratch, out);
}

template <class T>
void Axes::factors_as(const Parameter& parameter, const AxisArrays<T>& arrays, std::size_t begin, std::size_t end,
                      FactorScratch& scratch, AxisRun::Factors* out) const {
  const RuleInfo& rule = rule_info(parameter.rule);
  const std::size_t row = begin / columns_;
  const std::size_t column = begin % columns_;
  const bool in_one_row = column + (end - begin) <= columns_;
  int axis = 0;
  for (int k = 0; k < rule.state_count; ++k) {
    if (rule.states[k].extent == StateExtent::kElement) continue;
    const bool by_row = rule.states[k].extent == StateExtent::kRow;
    T* const to = reinterpret_cast<T*>(scratch.values[axis++]);
    out[k] = {to, ~std::size_t{0}};
    if (in_one_row && by_row) {
      std::fill_n(to, kCacheLine / sizeof(T), arrays.rows.factors[row]);
      out[k].mask = 0;
    } else if (in_one_row) {
      out[k].values = &arrays.columns.factors[row / rows_ * columns_ + column];
    } else {
      expand_as(arrays, by_row, begin, end, false, to);
    }
  }
}

const void* Axes::expand(const Parameter& parameter, int which, std::size_t begin, std::size_t end, bool read_only,
                         void* scratch) const {
  const bool by_row = rule_info(parameter.rule).states[which].extent == StateExtent::kRow;
  if (parameter.dtype == DType::kFloat64) {
    return expand_as(wide_, by_row, begin, end, read_only, static_cast<double*>(scratch));
  }
  return expand_as(narrow_, by_row, begin, end, read_only, static_cast<float*>(scratch));
}

template <class T>
const T* Axes::expand_as(const AxisArrays<T>& arrays, bool by_row, std::size_t begin, std::size_t end, bool read_only,
                         T* scratch) const {
  std::size_t row = begin / columns_;
  std::size_t column = begin % columns_;
  const auto column_at = [&] { return &arrays.columns.factors[row / rows_ * columns_ + column]; };
  if (!by_row && read_only && column + (end - begin) <= columns_) return column_at();
  T* out = scratch;
  for (std::size_t i = begin; i < end; ++row, column = 0) {
    const std::size_t n = std::min(columns_ - column, end - i);
    if (by_row) {
      std::fill_n(out, n, arrays.rows.factors[row]);
    } else {
      std::copy_n(column_at(), n, out);
    }
    out += n;
    i += n;
  }
  return scratch;
}

void Axes::store(const Parameter& parameter) const {
  parameter.dtype == DType::kFloat64 ? store_as(parameter, wide_) : store_as(parameter, narrow_);
}

template <class T>
void Axes::store_as(const Parameter& parameter, const AxisArrays<T>& arrays) const {
  const auto copy = [&](StateExtent extent, const std::vector<T>& next) {
    if (T* const state = state_along<T>(parameter, extent)) std::copy(next.begin(), next.end(), state);
  };
  copy(StateExtent::kRow, arrays.rows.next);
  copy(StateExtent::kColumn, arrays.columns.next);
}

}  // namespace adamas
