// States by row or column of a matrix (StateExtent): what a step sums up for them, and what a formula is given.
#pragma once

#include <cstddef>
#include <vector>

#include <adamas/plan.hpp>

#include "kernel/table.hpp"

namespace adamas {

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

// Room for what the formula is given of a granule.
struct FactorScratch {
  alignas(kCacheLine) double values[kMaxAxes][kGranule];
};

class Axes {
 public:
  explicit Axes(const Parameter& parameter);

  // The last element, at or before this one, at which one thread may end and another begin to sum up.
  std::size_t boundary(std::size_t element) const;

  // Whole rows from element `begin` on, or a part of one, that are summed up together, before `end`: the kernel's
  // arguments except for the gradient. The sums of columns that begin there are zero.
  AxisRows rows_at(std::size_t begin, std::size_t end);

  // From sums to next states and factors.
  void finish(const Parameter& parameter, const StepCoefficients& coefficients);

  // What the formula is given in the place of state `which`, which is by row or column, for elements [begin, end): in
  // `scratch`, or, if it will only be read, where it is, if it is there.
  const void* expand(const Parameter& parameter, int which, std::size_t begin, std::size_t end, bool read_only,
                     void* scratch) const;

  // The same for all such states and elements of a granule, or fewer, of a parameter in a plain format.
  void factors(const Parameter& parameter, std::size_t begin, std::size_t end, FactorScratch& scratch,
               AxisRun::Factors* out) const;

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
  void factors_as(const Parameter& parameter, const AxisArrays<T>& arrays, std::size_t begin, std::size_t end,
                  FactorScratch& scratch, AxisRun::Factors* out) const;
  template <class T>
  void store_as(const Parameter& parameter, const AxisArrays<T>& arrays) const;

  std::size_t rows_;       // of each matrix
  std::size_t columns_;    // likewise
  std::size_t granules_;   // of each row
  std::size_t tile_rows_;  // rows whose columns are summed up together, by one thread
  std::size_t tiles_;      // of each matrix
  bool by_column_;
  std::vector<double> row_sums_;     // by matrix, row and granule
  std::vector<double> column_sums_;  // by matrix, tile and column
  AxisArrays<float> narrow_;         // of a parameter that is computed with in float32
  AxisArrays<double> wide_;
};

}  // namespace adamas
