// Rows of a matrix that have a gradient in a step.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include <adamas/plan.hpp>

#include "engine/sparse/row_history.hpp"

namespace adamas {

class RowSet {
 public:
  // A row that has a gradient, once. Its values are the `first`-th of the gradient, and those that follow.
  struct Use {
    std::uint32_t row;
    std::uint32_t first;
    std::uint32_t last;
    std::uint32_t coefficients;  // index into Impl::coefficients
    std::uint32_t missed;        // index into Rows::missed, or kNone
  };
  static constexpr std::uint32_t kNone = 0xffffffff;

  // counts: of each row, which are fetched since they are needed next.
  RowSet(std::size_t rows, const std::uint32_t* counts) : rows_(rows), counts_(counts) {}

  // Takes up the rows of a gradient, each once, in the order in which they come. False if there is no such row.
  bool assign(const RowGradient& gradient);

  // Takes up all rows.
  void assign_all();

  std::vector<Use>& uses() { return uses_; }
  const std::vector<Use>& uses() const { return uses_; }

  // The next one of the gradient's values that is of the same row, or kNone.
  std::uint32_t following(std::uint32_t value) const { return next_.empty() ? kNone : next_[value]; }

 private:
  template <class T>
  bool assign_rows(const T* rows, std::size_t count);

  std::size_t rows_;
  const std::uint32_t* counts_;
  std::vector<Use> uses_;
  std::vector<std::uint32_t> next_;    // empty if each row is there once
  std::vector<std::uint32_t> places_;  // hashed by row: where in uses_ it is, or kNone
};

// What an item has whose gradient may be of single rows.
struct Rows {
  Rows(std::size_t rows, const std::uint32_t* counts) : set(rows, counts) {}
  RowSet set;
  std::size_t given = 0;  // rows of values, of the step under way

  // Of RowMode::kExact: all steps, and those that rows of the set have missed, once for each after which they did.
  RowHistory history;
  std::vector<RowHistory::Missed> missed;
  std::vector<std::uint32_t> missed_from;
  std::vector<std::uint32_t> found;  // by how long ago a row was known: where in `missed`; kNone between steps
};

}  // namespace adamas
