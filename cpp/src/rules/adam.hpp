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

#include "math/power.hpp"
#include "rules/adam_coefficients.hpp"
#include "rules/rule.hpp"

namespace adamas {
namespace {

template <bool kAmsgrad>
struct AdamRule : RuleDefaults {
  static constexpr int kStateCount = kAmsgrad ? 3 : 2;
  static constexpr StateInfo kStates[kMaxStates] = {{"exp_avg", StateKind::kSigned, "exp_avg_sq"},
                                                    {"exp_avg_sq", StateKind::kSquare, nullptr},
                                                    {"max_exp_avg_sq", StateKind::kSquare, nullptr}};

  static constexpr int kCoefficientCount = adam::kCoefficientCount;

  static void coefficients(const Hyperparameters& h, std::int64_t step, double*, double* c) {
    const double bias1 = h.bias_correction ? one_minus_power(h.beta1, step) : 1.0;
    const double bias2 = h.bias_correction ? one_minus_power(h.beta2, step) : 1.0;
    const double sqrt_bias2 = std::sqrt(bias2);
    c[adam::kBeta1] = h.beta1;
    c[adam::kOneMinusBeta1] = 1.0 - h.beta1;
    c[adam::kBeta2] = h.beta2;
    c[adam::kOneMinusBeta2] = 1.0 - h.beta2;
    c[adam::kInverseSqrtBias2] = 1.0 / sqrt_bias2;
    c[adam::kEps] = h.eps_placement == EpsPlacement::kAfterBiasCorrection ? h.eps : h.eps / sqrt_bias2;
    c[adam::kStepSize] = h.lr / bias1;
  }

  template <class V>
  static V update(V p, V g, V* state, const V* c) {
    const V m = state[0] = c[adam::kBeta1] * state[0] + c[adam::kOneMinusBeta1] * g;
    V v = state[1] = c[adam::kBeta2] * state[1] + c[adam::kOneMinusBeta2] * (g * g);
    if constexpr (kAmsgrad) v = state[2] = larger(state[2], v);
    const V d = square_root(v) * c[adam::kInverseSqrtBias2] + c[adam::kEps];
    return p - c[adam::kStepSize] * m / d;
  }
};

}  // namespace
}  // namespace adamas
