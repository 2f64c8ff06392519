// AdEMAMix: Pagliardini, Ablin and Grangier 2024 (arXiv 2409.03137), Algorithm 1.
//
//   m1 <- b1*m1 + (1-b1)*g
//   m2 <- b3(t)*m2 + (1-b3(t))*g
//   v  <- b2*v + (1-b2)*(g*g)
//   d  <- sqrt(v) * (1/sqrt(1-b2^t)) + eps
//   p  <- p - (lr/(1-b1^t) * m1 + lr*alpha(t) * m2) / d
//
// Over the first warmup_steps T, with x = min(t/T, 1):
//   alpha(t) = x*alpha,   b3(t) = exp(ln(b1)*ln(b3) / ((1-x)*ln(b3) + x*ln(b1)))
#pragma once

#include <cmath>

#include "math/elementary.hpp"
#include "math/power.hpp"
#include "rules/rule.hpp"

namespace adamas {
namespace {

struct AdemamixRule : RuleDefaults {
  static constexpr int kStateCount = 3;
  static constexpr StateInfo kStates[kMaxStates] = {{"exp_avg", StateKind::kSigned, "exp_avg_sq"},
                                                    {"exp_avg_slow", StateKind::kSigned, nullptr},
                                                    {"exp_avg_sq", StateKind::kSquare, nullptr}};

  enum {
    kBeta1,
    kOneMinusBeta1,
    kBeta2,
    kOneMinusBeta2,
    kBeta3,
    kOneMinusBeta3,
    kInverseSqrtBias2,
    kEps,
    kFastStep,
    kSlowStep,
    kCoefficientCount
  };

  static double beta3(const Hyperparameters& h, double warm) {
    if (warm >= 1.0 || h.beta1 == 0.0 || h.beta3 <= h.beta1) return h.beta3;
    const double log1 = logarithm(h.beta1);
    const double log3 = logarithm(h.beta3);
    return exponential(log1 * log3 / ((1.0 - warm) * log3 + warm * log1));
  }

  static void coefficients(const Hyperparameters& h, std::int64_t step, double*, double* c) {
    const double warm = static_cast<double>(step) < h.warmup_steps ? static_cast<double>(step) / h.warmup_steps : 1.0;
    const double b3 = beta3(h, warm);
    c[kBeta1] = h.beta1;
    c[kOneMinusBeta1] = 1.0 - h.beta1;
    c[kBeta2] = h.beta2;
    c[kOneMinusBeta2] = 1.0 - h.beta2;
    c[kBeta3] = b3;
    c[kOneMinusBeta3] = 1.0 - b3;
    c[kInverseSqrtBias2] = 1.0 / std::sqrt(one_minus_power(h.beta2, step));
    c[kEps] = h.eps;
    c[kFastStep] = h.lr / one_minus_power(h.beta1, step);
    c[kSlowStep] = h.lr * (warm * h.alpha);
  }

  template <class V>
  static V update(V p, V g, V* state, const V* c) {
    const V m1 = state[0] = c[kBeta1] * state[0] + c[kOneMinusBeta1] * g;
    const V m2 = state[1] = c[kBeta3] * state[1] + c[kOneMinusBeta3] * g;
    const V v = state[2] = c[kBeta2] * state[2] + c[kOneMinusBeta2] * (g * g);
    const V d = square_root(v) * c[kInverseSqrtBias2] + c[kEps];
    return p - (c[kFastStep] * m1 + c[kSlowStep] * m2) / d;
  }
};

}  // namespace
}  // namespace adamas
