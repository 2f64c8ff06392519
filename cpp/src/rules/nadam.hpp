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
  template <class V>
  struct States {
    V& exp_avg;
    V& exp_avg_sq;
  };
  static constexpr int kStateCount = 2;
  static constexpr StateInfo kStates[kMaxStates] = {{"exp_avg", StateKind::kSigned, "exp_avg_sq"},
                                                    {"exp_avg_sq", StateKind::kSquare, nullptr}};
  static constexpr bool kCautious = true;
  struct Scalars {
    double& mu_product;
  };
  static constexpr int kScalarCount = 1;
  static constexpr ScalarInfo kScalars[kMaxScalars] = {{"mu_product", 1.0}};

  template <class T>
  struct Coefficients {
    T beta1, one_minus_beta1;
    T beta2, one_minus_beta2;
    T inverse_sqrt_bias2, eps, gradient_step, momentum_step;
  };

  static double mu(const Hyperparameters& h, double step) {
    constexpr double kLogBase = -0.04082199452025517;  // log(0.96)
    return h.beta1 * (1.0 - 0.5 * exponential(step * h.momentum_decay * kLogBase));
  }

  static bool accepts(const Hyperparameters& h) { return non_negative(h.momentum_decay); }

  static void coefficients(const Hyperparameters& h, std::int64_t step, Scalars scalars, Coefficients<double&> c) {
    const auto t = static_cast<double>(step);
    const double mu_now = mu(h, t);
    const double mu_next = mu(h, t + 1.0);
    scalars.mu_product = scalars.mu_product * mu_now;
    c.beta1 = h.beta1;
    c.one_minus_beta1 = 1.0 - h.beta1;
    c.beta2 = h.beta2;
    c.one_minus_beta2 = 1.0 - h.beta2;
    c.inverse_sqrt_bias2 = 1.0 / std::sqrt(one_minus_power(h.beta2, step));
    c.eps = h.eps;
    c.gradient_step = h.lr * (1.0 - mu_now) / (1.0 - scalars.mu_product);
    c.momentum_step = h.lr * mu_next / (1.0 - scalars.mu_product * mu_next);
  }

  static constexpr bool kTakesRoot = true;

  template <class V>
  static ADAMAS_INLINE V begin(V, V g, States<V> state, Coefficients<const V&> c) {
    state.exp_avg = c.beta1 * state.exp_avg + c.one_minus_beta1 * g;
    state.exp_avg_sq = c.beta2 * state.exp_avg_sq + c.one_minus_beta2 * (g * g);
    return square_root(state.exp_avg_sq);
  }

  template <class V>
  static ADAMAS_INLINE V finish(V p, V g, V root, States<V> state, Coefficients<const V&> c) {
    const V d = root * c.inverse_sqrt_bias2 + c.eps;
    return p - (c.gradient_step * g + c.momentum_step * state.exp_avg) / d;
  }
};

}  // namespace
}  // namespace adamas
