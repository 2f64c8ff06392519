#include "math/power.hpp"

namespace adamas {
namespace {

// An unevaluated sum high + low with |low| <= ulp(high) / 2.
struct DoubleDouble {
  double high;
  double low;
};

// Dekker's exact product, without fused multiply-add (Numer. Math. 18, 1971).
DoubleDouble exact_product(double a, double b) {
  constexpr double kSplitter = 134217729.0;  // 2^27 + 1
  const double a_scaled = kSplitter * a;
  const double a_high = a_scaled - (a_scaled - a);
  const double a_low = a - a_high;
  const double b_scaled = kSplitter * b;
  const double b_high = b_scaled - (b_scaled - b);
  const double b_low = b - b_high;
  const double product = a * b;
  return {product, ((a_high * b_high - product) + a_high * b_low + a_low * b_high) + a_low * b_low};
}

DoubleDouble multiply(DoubleDouble a, DoubleDouble b) {
  const DoubleDouble product = exact_product(a.high, b.high);
  const double low = product.low + (a.high * b.low + a.low * b.high);
  const double high = product.high + low;
  return {high, low - (high - product.high)};
}

}  // namespace

double one_minus_power(double base, std::int64_t exponent) noexcept {
  constexpr double kNegligible = 1e-40;  // far below half an ulp of 1, far above underflow
  DoubleDouble power{1.0, 0.0};
  DoubleDouble square{base, 0.0};
  for (;;) {
    if (exponent & 1) power = multiply(power, square);
    exponent >>= 1;
    if (exponent == 0) break;
    square = multiply(square, square);
    if (square.high < kNegligible) return 1.0;  // the power is no larger
  }
  return (1.0 - power.high) - power.low;
}

}  // namespace adamas
