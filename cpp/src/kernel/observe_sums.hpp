// What an observed step adds up over the elements of a granule.
#pragma once

#include <algorithm>
#include <limits>
#include <type_traits>

#include <adamas/observation.hpp>

#include "kernel/square_sum.hpp"
#include "kernel/table.hpp"
#include "rules/rule.hpp"

namespace adamas {
namespace {

template <class V>
ADAMAS_INLINE double count_of(V ones) {
  return static_cast<double>(added_by_halves(ones));
}

// What the elements of a granule are measured by.
template <class T>
struct ObservedScales {
  using V = Vector<T>;

  explicit ObservedScales(const ObservedPiece& piece)
      : grad(V::broadcast(static_cast<T>(piece.grad_scale))), floor(V::broadcast(floor_of(piece.floor))) {}

  // In T: one that is too small for it is a floor all the same, and squares that have become zero are below it.
  static T floor_of(double floor) {
    const double most = static_cast<double>(std::numeric_limits<T>::max());
    const T least = floor > 0.0 ? std::numeric_limits<T>::denorm_min() : T{0};
    return std::max(static_cast<T>(std::min(floor, most)), least);
  }

  V grad;   // multiplies the gradient
  V floor;  // second moments below it are small beside eps
};

// Of elements of T, with sums in `Lane`. Counts are sums of ones, in vectors of T: there are few enough for float32 to
// be exact.
template <class T, class Lane>
class ObservedSums {
 public:
  using V = Vector<T>;

  // A vector of elements whose first lanes are virtual lane kFirst: the gradient as it was given, the parameter before
  // and after, the first moment before, the second one after.
  template <std::size_t kFirst>
  ADAMAS_INLINE void add(V given, V before, V after, V moment, V second, const ObservedScales<T>& scales) {
    const V one = V::broadcast(1);
    const V g = given * scales.grad;
    const V u = after - before;
    grad_squares_.template add<kFirst>(g, g);
    param_squares_.template add<kFirst>(before, before);
    update_squares_.template add<kFirst>(u, u);
    moment_squares_.template add<kFirst>(moment, moment);
    moment_products_.template add<kFirst>(moment, u);
    largest_grad_ = larger(size_of(g), largest_grad_);  // where one is NaN, the second
    largest_param_ = larger(size_of(before), largest_param_);
    largest_update_ = larger(size_of(u), largest_update_);
    const auto moves = not_zero(given);
    moving_ = add_where(moves, moving_, one);
    moved_ = add_where(moves & not_zero(u), moved_, one);
    below_ = add_where(moves & greater(scales.floor, second), below_, one);
  }

  // has_moment: there is a first moment; has_floor: there is a second one, and something that is large beside it.
  // out.count is known.
  __attribute__((noinline)) void store(bool has_moment, bool has_floor, Observation& out) const {
    constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
    const double moving = count_of(moving_);
    out.grad_square = grad_squares_.total();
    out.param_square = param_squares_.total();
    out.update_square = update_squares_.total();
    out.grad_largest = magnitude_of(largest_by_halves(largest_grad_));
    out.param_largest = magnitude_of(largest_by_halves(largest_param_));
    out.update_largest = magnitude_of(largest_by_halves(largest_update_));
    out.grad_zero = out.count - moving;
    out.update_flushed = moving - count_of(moved_);
    out.below_eps = has_floor ? count_of(below_) : kNan;
    out.moment_square = has_moment ? moment_squares_.total() : kNan;
    out.moment_product = has_moment ? moment_products_.total() : kNan;
  }

 private:
  // What tells which number is the largest: its square, which is added up anyway, if that is in T. The root of it is
  // the magnitude again, where squares have neither vanished nor been too large.
  static constexpr bool kBySquare = std::is_same_v<Lane, float> && std::is_same_v<T, float>;
  static ADAMAS_INLINE V size_of(V x) { return kBySquare ? x * x : magnitude(x); }
  static ADAMAS_INLINE double magnitude_of(T size) {
    return static_cast<double>(kBySquare ? static_cast<T>(__builtin_sqrtf(static_cast<float>(size))) : size);
  }

  HalvedSum<Lane> grad_squares_, param_squares_, update_squares_, moment_squares_, moment_products_;
  V largest_grad_ = V::broadcast(0);
  V largest_param_ = V::broadcast(0);
  V largest_update_ = V::broadcast(0);
  V moving_ = V::broadcast(0);  // the gradient is not zero
  V moved_ = V::broadcast(0);   // neither is the update
  V below_ = V::broadcast(0);
};

// Squares of float32 may have vanished, or been too large. Between these there are neither, except for those that are
// nothing beside the sum.
inline bool are_good(const Observation& sums, bool has_moment) {
  const auto is_good = [](double sum) { return sum > 0x1p-84 && sum < 0x1p100; };
  return is_good(sums.grad_square) && is_good(sums.update_square) && is_good(sums.param_square) &&
         (!has_moment || is_good(sums.moment_square));
}

}  // namespace
}  // namespace adamas
