// The sum of squares of the elements of one granule, in float64.
//
// It is the same for every instruction set and thread count: element i goes to virtual lane i mod 16, in order, and
// then the lanes are added in order. The engine adds granules in order.
#pragma once

#include <cstddef>

#include "kernel/tile_loop.hpp"

namespace adamas {
namespace {

class SquareSum {
 public:
  // Adds lanes of x, which holds elements from i on; i is a multiple of the number of lanes.
  template <class T>
  void add(Vector<T> x, std::size_t i, AllLanes) {
    x.add_squares(sums_ + i % kVirtualLanes);
  }
  template <class T>
  void add(Vector<T> x, std::size_t i, FirstLanes lanes) {
    T values[Vector<T>::kLanes];
    x.store(values);
    for (int k = 0; k < lanes.n; ++k) {
      const auto value = static_cast<double>(values[k]);
      sums_[i % kVirtualLanes + static_cast<std::size_t>(k)] += value * value;
    }
  }

  double total() const {
    double sum = sums_[0];
    for (int k = 1; k < kVirtualLanes; ++k) sum += sums_[k];
    return sum;
  }

 private:
  static constexpr int kVirtualLanes = 16;
  alignas(64) double sums_[kVirtualLanes] = {};
};

}  // namespace
}  // namespace adamas
