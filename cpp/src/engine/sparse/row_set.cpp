#include "engine/sparse/row_set.hpp"

namespace adamas {
namespace {

constexpr std::uint64_t kMultiplier = 0x9e3779b97f4a7c15u;  // 2^64 divided by the golden ratio: spreads neighbours

}  // namespace

template <class T>
bool RowSet::assign_rows(const T* rows, std::size_t count) {
  const std::size_t mask = places_.size() - 1;
  for (std::size_t i = 0; i < count; ++i) {
    const auto row = static_cast<std::uint64_t>(rows[i]);  // negative ones are too large
    if (row >= rows_) return false;
    const auto value = static_cast<std::uint32_t>(i);
    std::size_t place = (row * kMultiplier >> 32) & mask;
    while (places_[place] != kNone && uses_[places_[place]].row != row) place = (place + 1) & mask;
    if (places_[place] == kNone) {
      __builtin_prefetch(counts_ + row, 1);
      places_[place] = static_cast<std::uint32_t>(uses_.size());
      uses_.push_back({static_cast<std::uint32_t>(row), value, value, 0, kNone});
      continue;
    }
    Use& use = uses_[places_[place]];
    if (next_.empty()) next_.assign(count, kNone);
    next_[use.last] = value;
    use.last = value;
  }
  return true;
}

bool RowSet::assign(const RowGradient& gradient) {
  uses_.clear();
  uses_.reserve(gradient.count);
  next_.clear();
  std::size_t size = 16;
  while (size < 2 * gradient.count) size *= 2;
  places_.assign(size, kNone);
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
