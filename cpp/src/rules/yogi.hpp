// Yogi: Zaheer et al. 2018, "Adaptive Methods for Nonconvex Optimization" (NeurIPS 2018), Algorithm 2, with the bias
// correction of optax. Both moments start at initial_accumulator_value.
//
//   m <- b1*m + (1-b1)*g
//   v <- v - ((1-b2)*(g*g)) * sign(v - g*g)
//   d <- sqrt(v) * (1/sqrt(1-b2^t)) + eps
//   p <- p - (lr/(1-b1^t) * m) / d
#pragma once

#include <cmath>

#include "math/power.hpp"
#include "rules/rule.hpp"

namespace adamas {
namespace {

struct YogiRule : RuleDefaults {
  static constexpr int kStateCount = 2;
  static constexpr StateInfo kStates[kMaxStates] = {{"exp_avg", StateKind::kSigned, "exp_avg_sq"},
                                                    {"exp_avg_sq", StateKind::kSquare, nullptr}};

  enum { kBeta1, kOneMinusBeta1, kOneMinusBeta2, kInverseSqrtBias2, kEps, kStepSize, kCoefficientCount };

  static void coefficients(const Hyperparameters& h, std::int64_t step, double*, double* c) {
    c[kBeta1] = h.beta1;
    c[kOneMinusBeta1] = 1.0 - h.beta1;
    c[kOneMinusBeta2] = 1.0 - h.beta2;
    c[kInverseSqrtBias2] = 1.0 / std::sqrt(one_minus_power(h.beta2, step));
    c[kEps] = h.eps;
    c[kStepSize] = h.lr / one_minus_power(h.beta1, step);
  }

  template <class V>
  static V update(V p, V g, V* state, const V* c) {
    const V m = state[0] = c[kBeta1] * state[0] + c[kOneMinusBeta1] * g;
    const V square = g * g;
    const V v = state[1] = state[1] - with_sign(c[kOneMinusBeta2] * square, state[1] - square);
    const V d = square_root(v) * c[kInverseSqrtBias2] + c[kEps];
    return p - c[kStepSize] * m / d;
  }
};

}  // namespace
}  // namespace adamas
