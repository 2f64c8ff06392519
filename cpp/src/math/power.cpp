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

constexpr double kNegligible = 1e-40;  // far below half an ulp of 1, far above underflow

// A base, squared again and again: square k is base^(2^k). A step asks for the powers that the step before asked for,
// with an exponent that is larger by one; so the squares are kept.
class Squares {
 public:
  bool are_of(double base) const { return count_ > 0 && squares_[0].high == base; }

  void restart(double base) {
    squares_[0] = {base, 0.0};
    count_ = 1;
    negligible_ = kMost;
    exponent_ = 0;
  }

  double one_minus_power(std::int64_t exponent) {
    if (exponent != exponent_) {
      result_ = compute(exponent);
      exponent_ = exponent;
    }
    return result_;
  }

 private:
  static constexpr int kMost = 63;  // as many bits as an exponent has

  double compute(std::int64_t exponent) {
    if (exponent >> negligible_ != 0) return 1.0;
    DoubleDouble power{1.0, 0.0};
    bool is_one = true;
    for (int k = 0; exponent != 0; ++k, exponent >>= 1) {
      if (k == count_) {
        squares_[k] = multiply(squares_[k - 1], squares_[k - 1]);
        ++count_;
      }
      if (squares_[k].high < kNegligible && k > 0) {
        negligible_ = k;
        return 1.0;  // the power is no larger
      }
      if ((exponent & 1) == 0) continue;
      power = is_one ? squares_[k] : multiply(power, squares_[k]);  // the product with 1 is exact
      is_one = false;
    }
    return (1.0 - power.high) - power.low;
  }

  DoubleDouble squares_[kMost] = {};
  int count_ = 0;
  int negligible_ = kMost;     // the first square that is, once it is known
  std::int64_t exponent_ = 0;  // of the power that was asked for last
  double result_ = 0.0;
};

// Of the bases that this thread asked for last: optimizers have two or three.
constexpr int kBases = 4;
thread_local Squares recent[kBases];
thread_local int oldest = 0;

}  // namespace

double one_minus_power(double base, std::int64_t exponent) noexcept {
  for (Squares& squares : recent) {
    if (squares.are_of(base)) return squares.one_minus_power(exponent);
  }
  Squares& squares = recent[oldest];
  oldest = (oldest + 1) % kBases;
  squares.restart(base);
  return squares.one_minus_power(exponent);
}

}  // namespace adamas
