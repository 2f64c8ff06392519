// LaProp: Ziyin, Wang and Ueda 2020, "LaProp: Separating Momentum and Adaptivity in Adam" (arXiv 2002.04839), Algorithm
// 1, with the learning rate inside the momentum as in the authors' code.
//
//   l <- b1*l + (1-b1)*lr                 (lr_average)
//   v <- b2*v + (1-b2)*(g*g)
//   m <- b1*m + ((1-b1)*lr * g) / (sqrt(v) * (1/sqrt(1-b2^t)) + eps)
//   p <- p - lr/l * m                     (not at all while l is 0)
#pragma once

#include <cmath>

#include "math/power.hpp"
#include "rules/rule.hpp"

namespace adamas {
namespace {

struct LaPropRule : RuleDefaults {
  template <class V>
  struct States {
    V& exp_avg;
    V& exp_avg_sq;
  };
  static constexpr int kStateCount = 2;
  static constexpr StateInfo kStates[kMaxStates] = {{"exp_avg", StateKind::kSigned, nullptr},
                                                    {"exp_avg_sq", StateKind::kSquare, nullptr}};
  static constexpr bool kCautious = true;
  struct Scalars {
    double& lr_average;
  };
  static constexpr int kScalarCount = 1;
  static constexpr ScalarInfo kScalars[kMaxScalars] = {{"lr_average", 0.0}};

  template <class T>
  struct Coefficients {
    T beta1, gradient_step;
    T beta2, one_minus_beta2;
    T inverse_sqrt_bias2, eps, step_size;
  };

  static void coefficients(const Hyperparameters& h, std::int64_t step, Scalars scalars, Coefficients<double&> c) {
    const double gradient_step = (1.0 - h.beta1) * h.lr;
    scalars.lr_average = h.beta1 * scalars.lr_average + gradient_step;
    c.beta1 = h.beta1;
    c.gradient_step = gradient_step;
    c.beta2 = h.beta2;
    c.one_minus_beta2 = 1.0 - h.beta2;
    c.inverse_sqrt_bias2 = 1.0 / std::sqrt(one_minus_power(h.beta2, step));
    c.eps = h.eps;
    c.step_size = scalars.lr_average > 0.0 ? h.lr / scalars.lr_average : 0.0;
  }

  static constexpr bool kTakesRoot = true;

  template <class V>
  static ADAMAS_INLINE V begin(V, V g, States<V> state, Coefficients<const V&> c) {
    state.exp_avg_sq = c.beta2 * state.exp_avg_sq + c.one_minus_beta2 * (g * g);
    return square_root(state.exp_avg_sq);
  }

  template <class V>
  static ADAMAS_INLINE V finish(V p, V g, V root, States<V> state, Coefficients<const V&> c) {
    const V d = root * c.inverse_sqrt_bias2 + c.eps;
    state.exp_avg = c.beta1 * state.exp_avg + c.gradient_step * g / d;
    return p - c.step_size * state.exp_avg;
  }
};

}  // namespace
}  // namespace adamas
