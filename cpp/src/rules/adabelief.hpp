// AdaBelief: Zhuang et al. 2020 (arXiv 2010.07468), Algorithm 2, as in optax.
//
//   m <- b1*m + (1-b1)*g
//   e <- g - m
//   s <- b2*s + (1-b2)*(e*e) + eps_root
//   d <- sqrt(s) * (1/sqrt(1-b2^t)) + eps
//   p <- p - (lr/(1-b1^t) * m) / d
#pragma once

#include <cmath>

#include "math/power.hpp"
#include "rules/rule.hpp"

namespace adamas {
namespace {

struct AdaBeliefRule : RuleDefaults {
  static constexpr int kStateCount = 2;
  static constexpr StateInfo kStates[kMaxStates] = {{"exp_avg", StateKind::kSigned, "exp_avg_var"},
                                                    {"exp_avg_var", StateKind::kSquare, nullptr}};

  enum {
    kBeta1,
    kOneMinusBeta1,
    kBeta2,
    kOneMinusBeta2,
    kEpsRoot,
    kInverseSqrtBias2,
    kEps,
    kStepSize,
    kCoefficientCount
  };

  static void coefficients(const Hyperparameters& h, std::int64_t step, double*, double* c) {
    c[kBeta1] = h.beta1;
    c[kOneMinusBeta1] = 1.0 - h.beta1;
    c[kBeta2] = h.beta2;
    c[kOneMinusBeta2] = 1.0 - h.beta2;
    c[kEpsRoot] = h.eps_root;
    c[kInverseSqrtBias2] = 1.0 / std::sqrt(one_minus_power(h.beta2, step));
    c[kEps] = h.eps;
    c[kStepSize] = h.lr / one_minus_power(h.beta1, step);
  }

  template <class V>
  static V update(V p, V g, V* state, const V* c) {
    const V m = state[0] = c[kBeta1] * state[0] + c[kOneMinusBeta1] * g;
    const V e = g - m;
    const V s = state[1] = c[kBeta2] * state[1] + c[kOneMinusBeta2] * (e * e) + c[kEpsRoot];
    const V d = square_root(s) * c[kInverseSqrtBias2] + c[kEps];
    return p - c[kStepSize] * m / d;
  }
};

}  // namespace
}  // namespace adamas
