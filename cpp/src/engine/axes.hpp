// States by row or column of a matrix (StateExtent): what a step sums up for them, and what a formula is given.
#pragma once

#include <cstddef>
#include <vector>

#include <adamas/plan.hpp>

#include "kernel/table.hpp"

namespace adamas {

// Whole rows of a matrix, or a part of one, and where their sums go (AxisKernel).
struct AxisPart {
  std::size_t rows;
  std::size_t columns;
  double* row_sums;
  double* column_sums;
};

// In the compute type, one for each row or column of all matrices.
template <class T>
struct AxisValues {
  std::vector<T> next;     // the state after the step under way
  std::vector<T> factors;  // what the formula is given in its place
};

template <class T>
struct AxisArrays {
  AxisValues<T> rows;
  AxisValues<T> columns;
};

class Axes {
 public:
  explicit Axes(const Parameter& parameter);

  // The last element, at or before this one, at which one thread may end and another begin to sum up.
  std::size_t boundary(std::size_t element) const;

  // The elements from `begin` on that are summed up by one call: before `end`, at most `at_once` of them, which is
  // kSegment or more. The first part of a column's sum begins at zero.
  AxisPart part_at(std::size_t begin, std::size_t end, std::size_t at_once);

  // From sums to next states and factors.
  void finish(const Parameter& parameter, const StepCoefficients& coefficients);

  // What the formula is given in the place of state `which`, which is by row or column, for elements [begin, end): in
  // `scratch`, or, if it will only be read, where it is, if it is there.
  const void* expand(const Parameter& parameter, int which, std::size_t begin, std::size_t end, bool read_only,
                     void* scratch) const;

  // Makes the states what they are after the step.
  void store(const Parameter& parameter) const;

 private:
  using Finish = void (*)(Axes&, const Parameter&, const double* coefficients);

  template <class R>
  static constexpr Finish finish_of();
  template <class R, class T>
  void finish_as(const Parameter& parameter, const double* coefficients, AxisArrays<T>& out);
  template <class T>
  const T* expand_as(const AxisArrays<T>& arrays, bool by_row, std::size_t begin, std::size_t end, bool read_only,
                     T* scratch) const;
  template <class T>
  void store_as(const Parameter& parameter, const AxisArrays<T>& arrays) const;

  std::size_t rows_;       // of each matrix
  std::size_t columns_;    // likewise
  std::size_t segments_;   // of each row
  std::size_t tile_rows_;  // rows whose columns are summed up together, by one thread
  std::size_t tiles_;      // of each matrix
  bool by_column_;
  std::vector<double> row_sums_;     // by matrix, row and segment
  std::vector<double> column_sums_;  // by matrix, tile and column
  AxisArrays<float> narrow_;         // of a parameter that is computed with in float32
  AxisArrays<double> wide_;
};

}  // namespace adamas
