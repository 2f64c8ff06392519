// The angle of a point in the right half plane, atan2(y, x) for x >= 0, alike on every machine: nothing but + - * / and
// selections, in float32 and in float64 to 3 ulp (tests/numerics/test_arctangent.py). adamas.reference
// does the same operations in the same order.
//
// An angle above pi/4 is pi/2 less that of the point mirrored; one above pi/8 is pi/4 more than that of the point
// turned by pi/4. What is left has |q| <= tan(pi/8), where atan(q) = q + q*z*P(z), z = q*q, P a polynomial of least
// relative error. One division serves both cases.
#pragma once

#include <limits>

#include "rules/rule.hpp"

namespace adamas {
namespace {

constexpr double kArctangent32[] = {-0.333333154973, 0.199984889085, -0.142438380327, 0.105959173402, -0.0608322798164};
constexpr double kArctangent64[] = {-0.33333333333330215622, 0.19999999999103948933,   -0.14285714196460816464,
                                    0.11111106700711525067,  -0.090907834603135130197, 0.076900823741280875122,
                                    -0.06641237627520684987, 0.056931193360813632217,  -0.043606932889116455128,
                                    0.021278517276887736457};

template <class V, int kCount>
ADAMAS_INLINE V polynomial(V z, const double (&coefficients)[kCount]) {
  using T = typename V::Lane;
  V sum = V::broadcast(static_cast<T>(coefficients[kCount - 1]));
  for (int k = kCount - 2; k >= 0; --k) sum = sum * z + V::broadcast(static_cast<T>(coefficients[k]));
  return sum;
}

template <class V>
ADAMAS_INLINE V arctangent(V y, V x) {
  using T = typename V::Lane;
  const auto number = [](double value) ADAMAS_INLINE_LAMBDA { return V::broadcast(static_cast<T>(value)); };
  const V zero = number(0.0);
  const V a = magnitude(y);
  const V small = where_greater(a, x, x, a);
  const V large = where_greater(a, x, a, x);
  const V edge = large * number(0.41421356237309503);  // tan(pi/8)
  const V numerator = where_greater(small, edge, small - large, small);
  const V denominator = where_greater(small, edge, small + large, large);
  const V turned = where_greater(small, edge, number(0.78539816339744828), zero);
  // Of the origin, the angle is 0. NaN stays.
  const V q = numerator / where_greater(number(std::numeric_limits<T>::min()), denominator, number(1.0), denominator);
  const V z = q * q;
  V series;
  if constexpr (sizeof(T) == sizeof(float)) {
    series = polynomial(z, kArctangent32);
  } else {
    series = polynomial(z, kArctangent64);
  }
  const V angle = turned + (q + q * z * series);
  return with_sign(where_greater(a, x, number(1.5707963267948966) - angle, angle), y);
}

}  // namespace
}  // namespace adamas
