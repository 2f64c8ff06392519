// NAdam: Dozat 2016, "Incorporating Nesterov Momentum into Adam", as in PyTorch.
//
//   mu_t <- b1 * (1 - 0.5*0.96^(t*momentum_decay));   the product of mu_1 ... mu_t is kept as a scalar
//   m <- b1*m + (1-b1)*g
//   v <- b2*v + (1-b2)*(g*g)
//   d <- sqrt(v) * (1/sqrt(1-b2^t)) + eps
//   p <- p - (lr*(1-mu_t)/(1-mu_1...mu_t) * g + lr*mu_{t+1}/(1-mu_1...mu_{t+1}) * m) / d
#pragma once

#include <cmath>

#include "math/elementary.hpp"
#include "math/power.hpp"
#include "rules/rule.hpp"

namespace adamas {
namespace {

struct NAdamRule : RuleDefaults {
  static constexpr int kStateCount = 2;
  static constexpr StateInfo kStates[kMaxStates] = {{"exp_avg", StateKind::kSigned, "exp_avg_sq"},
                                                    {"exp_avg_sq", StateKind::kSquare, nullptr}};
  static constexpr int kScalarCount = 1;
  static constexpr ScalarInfo kScalars[kMaxScalars] = {{"mu_product", 1.0}};

  enum {
    kBeta1,
    kOneMinusBeta1,
    kBeta2,
    kOneMinusBeta2,
    kInverseSqrtBias2,
    kEps,
    kGradientStep,
    kMomentumStep,
    kCoefficientCount
  };

  static double mu(const Hyperparameters& h, double step) {
    constexpr double kLogBase = -0.04082199452025517;  // log(0.96)
    return h.beta1 * (1.0 - 0.5 * exponential(step * h.momentum_decay * kLogBase));
  }

  static void coefficients(const Hyperparameters& h, std::int64_t step, double* scalars, double* c) {
    const auto t = static_cast<double>(step);
    const double mu_now = mu(h, t);
    const double mu_next = mu(h, t + 1.0);
    scalars[0] = scalars[0] * mu_now;
    c[kBeta1] = h.beta1;
    c[kOneMinusBeta1] = 1.0 - h.beta1;
    c[kBeta2] = h.beta2;
    c[kOneMinusBeta2] = 1.0 - h.beta2;
    c[kInverseSqrtBias2] = 1.0 / std::sqrt(one_minus_power(h.beta2, step));
    c[kEps] = h.eps;
    c[kGradientStep] = h.lr * (1.0 - mu_now) / (1.0 - scalars[0]);
    c[kMomentumStep] = h.lr * mu_next / (1.0 - scalars[0] * mu_next);
  }

  template <class V>
  static V update(V p, V g, V* state, const V* c) {
    const V m = state[0] = c[kBeta1] * state[0] + c[kOneMinusBeta1] * g;
    const V v = state[1] = c[kBeta2] * state[1] + c[kOneMinusBeta2] * (g * g);
    const V d = square_root(v) * c[kInverseSqrtBias2] + c[kEps];
    return p - (c[kGradientStep] * g + c[kMomentumStep] * m) / d;
  }
};

}  // namespace
}  // namespace adamas
