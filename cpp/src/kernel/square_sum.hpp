// Sums over the elements of one granule: of products, or of squares.
//
// They are the same for every instruction set and thread count: element i goes to virtual lane i mod 16, in order, and
// then the lanes are added in a fixed order. The engine adds granules in order, in float64.
#pragma once

#include <cstddef>
#include <type_traits>

#include "simd/inline.hpp"

namespace adamas {
namespace {

constexpr std::size_t kVirtualLanes = 16;

// In float64. The lanes are added in order.
class ProductSum {
 public:
  // Adds a times b, whose first lanes are virtual lane kFirst.
  template <std::size_t kFirst, class T>
  ADAMAS_INLINE void add(Vector<T> a, Vector<T> b) {
    constexpr int kParts = Vector<T>::kLanes / Vector<double>::kLanes;
    Vector<double> parts_of_a[kParts];
    Vector<double> parts_of_b[kParts];
    widen(a, parts_of_a);
    widen(b, parts_of_b);
    for (int k = 0; k < kParts; ++k) {
      Vector<double>& sum = sums_[kFirst / Vector<double>::kLanes + static_cast<std::size_t>(k)];
      sum = sum + parts_of_a[k] * parts_of_b[k];
    }
  }

  // The last elements, fewer than kVirtualLanes of them: the first n lanes, from virtual lane `first` on. None follow.
  template <class T>
  void add_last(Vector<T> a, Vector<T> b, std::size_t first, int n) {
    T values_of_a[Vector<T>::kLanes];
    T values_of_b[Vector<T>::kLanes];
    a.store(values_of_a);
    b.store(values_of_b);
    for (int k = 0; k < n; ++k) {
      last_[first + static_cast<std::size_t>(k)] =
          static_cast<double>(values_of_a[k]) * static_cast<double>(values_of_b[k]);
    }
  }

  double total() const {
    double lanes[kVirtualLanes];
    for (std::size_t k = 0; k < kVirtualLanes / Vector<double>::kLanes; ++k) {
      sums_[k].store(lanes + k * Vector<double>::kLanes);
    }
    double sum = 0.0;
    for (std::size_t k = 0; k < kVirtualLanes; ++k) sum += lanes[k] + last_[k];
    return sum;
  }

  // Begins anew, if there were no last elements.
  ADAMAS_INLINE void restart() {
    for (Vector<double>& sum : sums_) sum = Vector<double>::broadcast(0.0);
  }

 private:
  Vector<double> sums_[kVirtualLanes / Vector<double>::kLanes] = {};
  double last_[kVirtualLanes] = {};
};

// All lanes of a vector as one number, by halves: so that few operations wait for one another.
template <class Join>
double joined_by_halves(Vector<double> x, Join join) {
  double lanes[Vector<double>::kLanes];
  x.store(lanes);
  for (std::size_t half = Vector<double>::kLanes / 2; half > 0; half /= 2) {
    for (std::size_t k = 0; k < half; ++k) lanes[k] = join(lanes[k], lanes[k + half]);
  }
  return lanes[0];
}
inline double added_by_halves(Vector<double> x) {
  return joined_by_halves(x, [](double a, double b) { return a + b; });
}
inline double largest_by_halves(Vector<double> x) {
  return joined_by_halves(x, [](double a, double b) { return a > b ? a : b; });
}

// In `Lane`, which may be float where rounding and range are no worry. The lanes are added by halves: lanes 8 to 15 to
// lanes 0 to 7, 4 to 7 to 0 to 3, and so on.
template <class Lane>
class HalvedSum {
 public:
  template <std::size_t kFirst, class T>
  ADAMAS_INLINE void add(Vector<T> a, Vector<T> b) {
    if constexpr (std::is_same_v<T, Lane>) {
      V& sum = sums_[kFirst / V::kLanes];
      sum = sum + a * b;
    } else {
      constexpr std::size_t kParts = Vector<T>::kLanes / V::kLanes;
      V parts_of_a[kParts];
      V parts_of_b[kParts];
      widen(a, parts_of_a);
      widen(b, parts_of_b);
      for (std::size_t k = 0; k < kParts; ++k) {
        V& sum = sums_[kFirst / V::kLanes + k];
        sum = sum + parts_of_a[k] * parts_of_b[k];
      }
    }
  }

  // As of ProductSum.
  void add_last(Vector<Lane> a, Vector<Lane> b, std::size_t first, int n) {
    Lane products[V::kLanes];
    (a * b).store(products);
    V& sum = sums_[first / V::kLanes];
    sum = sum + V::load(products, n);
  }

  ADAMAS_INLINE double total() const {
    V sums[kVectors];
    for (std::size_t k = 0; k < kVectors; ++k) sums[k] = sums_[k];
    for (std::size_t half = kVectors / 2; half > 0; half /= 2) {
      for (std::size_t k = 0; k < half; ++k) sums[k] = sums[k] + sums[k + half];
    }
    return static_cast<double>(added_by_halves(sums[0]));
  }

  ADAMAS_INLINE void restart() {
    for (V& sum : sums_) sum = V::broadcast(0);
  }

 private:
  using V = Vector<Lane>;
  static constexpr std::size_t kVectors = kVirtualLanes / V::kLanes;
  V sums_[kVectors] = {};
};

class SquareSum {
 public:
  template <std::size_t kFirst, class T>
  ADAMAS_INLINE void add(Vector<T> x) {
    sum_.add<kFirst>(x, x);
  }
  template <class T>
  void add_last(Vector<T> x, std::size_t first, int n) {
    sum_.add_last(x, x, first, n);
  }
  double total() const { return sum_.total(); }

 private:
  ProductSum sum_;
};

// Calls all(i, Index<b>) for vector b of every group of kVirtualLanes elements of [begin, end), and some(i, n) for what
// is left: i is the first of n elements.
template <std::size_t kLanes, class All, class Some>
ADAMAS_INLINE void for_each_vector(std::size_t begin, std::size_t end, All all, Some some) {
  std::size_t i = begin;
  for (; i + kVirtualLanes <= end; i += kVirtualLanes) {
    repeat<static_cast<int>(kVirtualLanes / kLanes)>(
        [&](auto b) ADAMAS_INLINE_LAMBDA { all(i + static_cast<std::size_t>(b) * kLanes, b); });
  }
  for (; i < end; i += kLanes) some(i, static_cast<int>(end - i < kLanes ? end - i : kLanes));
}

}  // namespace
}  // namespace adamas
