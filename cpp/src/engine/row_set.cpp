#include "engine/row_set.hpp"

namespace adamas {
namespace {

constexpr std::size_t kPrefetchDistance = 24;

}  // namespace

template <class T>
bool RowSet::assign_rows(const T* rows, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    const auto row = static_cast<std::uint64_t>(rows[i]);  // negative ones are too large
    if (row >= rows_) return false;
    if (i + kPrefetchDistance < count) {
      const auto later = static_cast<std::uint64_t>(rows[i + kPrefetchDistance]);
      if (later < rows_) {
        __builtin_prefetch(&slots_[later], 1);
        __builtin_prefetch(counts_ + later, 1);
      }
    }
    const auto value = static_cast<std::uint32_t>(i);
    const std::uint32_t slot = slots_[row];
    if (slot < uses_.size() && uses_[slot].row == row) {
      if (next_.empty()) next_.assign(count, kNone);
      next_[uses_[slot].last] = value;
      uses_[slot].last = value;
      continue;
    }
    slots_[row] = static_cast<std::uint32_t>(uses_.size());
    uses_.push_back({static_cast<std::uint32_t>(row), value, value, 0, kNone});
  }
  return true;
}

bool RowSet::assign(const RowGradient& gradient) {
  if (slots_.empty()) slots_.resize(rows_);
  uses_.clear();
  uses_.reserve(gradient.count);
  next_.clear();
  return gradient.rows_are_64 ? assign_rows(static_cast<const std::int64_t*>(gradient.rows), gradient.count)
                              : assign_rows(static_cast<const std::int32_t*>(gradient.rows), gradient.count);
}

void RowSet::assign_all() {
  next_.clear();
  uses_.resize(rows_);
  for (std::size_t i = 0; i < rows_; ++i) {
    const auto row = static_cast<std::uint32_t>(i);
    uses_[i] = {row, row, row, 0, kNone};
  }
}

}  // namespace adamas
