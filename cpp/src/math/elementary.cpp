#include "math/elementary.hpp"

#include <cmath>

namespace adamas {
namespace {

constexpr double kLog2E = 1.4426950408889634;
constexpr double kLn2High = 0x1.62e42feep-1;  // so short that its product with an exponent is exact
constexpr double kLn2Low = 0x1.a39ef35793c76p-33;
constexpr double kSqrtHalf = 0.70710678118654757;

}  // namespace

double exponential(double x) noexcept {
  if (x > 709.0) return HUGE_VAL;
  if (x < -745.0) return 0.0;
  const double n = std::floor(x * kLog2E + 0.5);
  const double r = (x - n * kLn2High) - n * kLn2Low;
  double sum = 1.0;
  for (int k = 14; k >= 1; --k) sum = 1.0 + r * sum / k;  // Taylor's series, Horner's scheme; |r| < 0.35
  return std::ldexp(sum, static_cast<int>(n));
}

double logarithm(double x) noexcept {
  int exponent = 0;
  double mantissa = std::frexp(x, &exponent);
  if (mantissa < kSqrtHalf) {
    mantissa = mantissa * 2.0;
    --exponent;
  }
  const double s = (mantissa - 1.0) / (mantissa + 1.0);
  const double square = s * s;
  double sum = 1.0 / 25.0;
  for (int k = 23; k >= 1; k -= 2) sum = 1.0 / k + square * sum;  // of 2*atanh(s); |s| < 0.18
  return exponent * kLn2High + (2.0 * s * sum + exponent * kLn2Low);
}

double real_power(double x, double y) noexcept {
  if (y == 0.0) return 1.0;
  if (y == 1.0) return x;
  if (y == 2.0) return x * x;
  if (x == 0.0) return y > 0.0 ? 0.0 : HUGE_VAL;
  return exponential(y * logarithm(x));
}

}  // namespace adamas
