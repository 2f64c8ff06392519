// Adan: Xie et al. 2022 (arXiv 2208.06677), Algorithm 1, with bias correction, eps_root and decoupled decay as in
// optax.
//
//   e <- g - previous g   (0 at the first step)
//   m <- b1*m + (1-b1)*g
//   v <- b2*v + (1-b2)*e
//   n <- b3*n + (1-b3)*(g + k*e)^2          k = 1-b2 (optax), or b2 (the authors' code)
//   d <- sqrt(n * 1/(1-b3^t) + eps_root) + eps
//   p <- p - (lr/(1-b1^t) * m + lr*k/(1-b2^t) * v) / d
#pragma once

#include <cmath>

#include "math/power.hpp"
#include "rules/rule.hpp"

namespace adamas {
namespace {

struct AdanRule : RuleDefaults {
  static constexpr int kStateCount = 4;
  static constexpr StateInfo kStates[kMaxStates] = {{"exp_avg", StateKind::kSigned, "exp_avg_sq"},
                                                    {"exp_avg_diff", StateKind::kSigned, "exp_avg_sq"},
                                                    {"exp_avg_sq", StateKind::kSquare, nullptr},
                                                    {"previous_grad", StateKind::kSigned, nullptr}};

  enum {
    kBeta1,
    kOneMinusBeta1,
    kBeta2,
    kOneMinusBeta2,
    kBeta3,
    kOneMinusBeta3,
    kHasPrevious,
    kMixing,
    kInverseBias3,
    kEpsRoot,
    kEps,
    kMomentumStep,
    kDifferenceStep,
    kCoefficientCount
  };

  static void coefficients(const Hyperparameters& h, std::int64_t step, double*, double* c) {
    const double mixing = h.mix_by_beta2 ? h.beta2 : 1.0 - h.beta2;
    c[kBeta1] = h.beta1;
    c[kOneMinusBeta1] = 1.0 - h.beta1;
    c[kBeta2] = h.beta2;
    c[kOneMinusBeta2] = 1.0 - h.beta2;
    c[kBeta3] = h.beta3;
    c[kOneMinusBeta3] = 1.0 - h.beta3;
    c[kHasPrevious] = step > 1 ? 1.0 : 0.0;
    c[kMixing] = mixing;
    c[kInverseBias3] = 1.0 / one_minus_power(h.beta3, step);
    c[kEpsRoot] = h.eps_root;
    c[kEps] = h.eps;
    c[kMomentumStep] = h.lr / one_minus_power(h.beta1, step);
    c[kDifferenceStep] = h.lr * mixing / one_minus_power(h.beta2, step);
  }

  template <class V>
  static V update(V p, V g, V* state, const V* c) {
    const V e = c[kHasPrevious] * (g - state[3]);
    const V m = state[0] = c[kBeta1] * state[0] + c[kOneMinusBeta1] * g;
    const V v = state[1] = c[kBeta2] * state[1] + c[kOneMinusBeta2] * e;
    const V w = g + c[kMixing] * e;
    const V n = state[2] = c[kBeta3] * state[2] + c[kOneMinusBeta3] * (w * w);
    state[3] = g;
    const V d = square_root(n * c[kInverseBias3] + c[kEpsRoot]) + c[kEps];
    return p - (c[kMomentumStep] * m + c[kDifferenceStep] * v) / d;
  }
};

}  // namespace
}  // namespace adamas
