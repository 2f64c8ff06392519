// Adam: Kingma and Ba 2015 (arXiv 1412.6980), Algorithm 1; with kAmsgrad, Reddi, Kale and Kumar 2018
// (arXiv 1904.09237). AdamW is this rule under decoupled decay.
//
//   m <- b1*m + (1-b1)*g
//   v <- b2*v + (1-b2)*(g*g)                      AMSGrad: vmax <- max(vmax, v), used in place of v below
//   d <- sqrt(v) * (1/sqrt(1-b2^t)) + eps
//   p <- p - (lr/(1-b1^t) * m) / d
//
// "Epsilon hat" is the same formula with eps / sqrt(1-b2^t).
#pragma once

#include <cmath>

#include "engine/power.hpp"
#include "rules/rule.hpp"

namespace adamas {
namespace {

template <bool kAmsgrad>
struct AdamRule : RuleDefaults {
  static constexpr int kStateCount = kAmsgrad ? 3 : 2;
  static constexpr StateInfo kStates[kMaxStates] = {{"exp_avg", StateKind::kSigned, "exp_avg_sq"},
                                                    {"exp_avg_sq", StateKind::kSquare, nullptr},
                                                    {"max_exp_avg_sq", StateKind::kSquare, nullptr}};

  enum { kBeta1, kOneMinusBeta1, kBeta2, kOneMinusBeta2, kInverseSqrtBias2, kEps, kStepSize, kCoefficientCount };

  static void coefficients(const Hyperparameters& h, std::int64_t step, double*, double* c) {
    const double bias1 = h.bias_correction ? one_minus_power(h.beta1, step) : 1.0;
    const double bias2 = h.bias_correction ? one_minus_power(h.beta2, step) : 1.0;
    const double sqrt_bias2 = std::sqrt(bias2);
    c[kBeta1] = h.beta1;
    c[kOneMinusBeta1] = 1.0 - h.beta1;
    c[kBeta2] = h.beta2;
    c[kOneMinusBeta2] = 1.0 - h.beta2;
    c[kInverseSqrtBias2] = 1.0 / sqrt_bias2;
    c[kEps] = h.eps_placement == EpsPlacement::kAfterBiasCorrection ? h.eps : h.eps / sqrt_bias2;
    c[kStepSize] = h.lr / bias1;
  }

  template <class V>
  static V update(V p, V g, V* state, const V* c) {
    const V m = state[0] = c[kBeta1] * state[0] + c[kOneMinusBeta1] * g;
    V v = state[1] = c[kBeta2] * state[1] + c[kOneMinusBeta2] * (g * g);
    if constexpr (kAmsgrad) v = state[2] = larger(state[2], v);
    const V d = square_root(v) * c[kInverseSqrtBias2] + c[kEps];
    return p - c[kStepSize] * m / d;
  }
};

}  // namespace
}  // namespace adamas
