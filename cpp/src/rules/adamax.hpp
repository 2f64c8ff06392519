// Adamax: Kingma and Ba 2015 (arXiv 1412.6980), Algorithm 2, with eps inside the norm as in PyTorch and optax.
//
//   m <- b1*m + (1-b1)*g
//   u <- max(b2*u, |g| + eps)
//   p <- p - (lr/(1-b1^t) * m) / u
#pragma once

#include "math/power.hpp"
#include "rules/rule.hpp"

namespace adamas {
namespace {

struct AdamaxRule : RuleDefaults {
  static constexpr int kStateCount = 2;
  static constexpr StateInfo kStates[kMaxStates] = {{"exp_avg", StateKind::kSigned, "exp_inf"},
                                                    {"exp_inf", StateKind::kMagnitude, nullptr}};

  enum { kBeta1, kOneMinusBeta1, kBeta2, kEps, kStepSize, kCoefficientCount };

  static void coefficients(const Hyperparameters& h, std::int64_t step, double*, double* c) {
    c[kBeta1] = h.beta1;
    c[kOneMinusBeta1] = 1.0 - h.beta1;
    c[kBeta2] = h.beta2;
    c[kEps] = h.eps;
    c[kStepSize] = h.lr / one_minus_power(h.beta1, step);
  }

  template <class V>
  static V update(V p, V g, V* state, const V* c) {
    const V m = state[0] = c[kBeta1] * state[0] + c[kOneMinusBeta1] * g;
    const V u = state[1] = larger(c[kBeta2] * state[1], magnitude(g) + c[kEps]);
    return p - c[kStepSize] * m / u;
  }
};

}  // namespace
}  // namespace adamas
