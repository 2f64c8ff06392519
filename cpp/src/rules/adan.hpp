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
  template <class V>
  struct States {
    V& exp_avg;
    V& exp_avg_diff;
    V& exp_avg_sq;
    V& previous_grad;
  };
  static constexpr int kStateCount = 4;
  static constexpr StateInfo kStates[kMaxStates] = {{"exp_avg", StateKind::kSigned, "exp_avg_sq"},
                                                    {"exp_avg_diff", StateKind::kSigned, "exp_avg_sq"},
                                                    {"exp_avg_sq", StateKind::kSquare, nullptr},
                                                    {"previous_grad", StateKind::kSigned, nullptr}};
  static constexpr bool kCautious = true;

  template <class T>
  struct Coefficients {
    T beta1, one_minus_beta1;
    T beta2, one_minus_beta2;
    T beta3, one_minus_beta3;
    T has_previous, mixing, inverse_bias3, eps_root, eps, momentum_step, difference_step;
  };

  static void coefficients(const Hyperparameters& h, std::int64_t step, Scalars, Coefficients<double&> c) {
    const double mixing = h.mix_by_beta2 ? h.beta2 : 1.0 - h.beta2;
    c.beta1 = h.beta1;
    c.one_minus_beta1 = 1.0 - h.beta1;
    c.beta2 = h.beta2;
    c.one_minus_beta2 = 1.0 - h.beta2;
    c.beta3 = h.beta3;
    c.one_minus_beta3 = 1.0 - h.beta3;
    c.has_previous = step > 1 ? 1.0 : 0.0;
    c.mixing = mixing;
    c.inverse_bias3 = 1.0 / one_minus_power(h.beta3, step);
    c.eps_root = h.eps_root;
    c.eps = h.eps;
    c.momentum_step = h.lr / one_minus_power(h.beta1, step);
    c.difference_step = h.lr * mixing / one_minus_power(h.beta2, step);
  }

  static constexpr bool kTakesRoot = true;

  template <class V>
  static ADAMAS_INLINE V begin(V, V g, States<V> state, Coefficients<const V&> c) {
    const V e = c.has_previous * (g - state.previous_grad);
    state.exp_avg = c.beta1 * state.exp_avg + c.one_minus_beta1 * g;
    state.exp_avg_diff = c.beta2 * state.exp_avg_diff + c.one_minus_beta2 * e;
    const V w = g + c.mixing * e;
    const V n = state.exp_avg_sq = c.beta3 * state.exp_avg_sq + c.one_minus_beta3 * (w * w);
    state.previous_grad = g;
    return square_root(n * c.inverse_bias3 + c.eps_root);
  }

  template <class V>
  static ADAMAS_INLINE V finish(V p, V, V root, States<V> state, Coefficients<const V&> c) {
    return p - (c.momentum_step * state.exp_avg + c.difference_step * state.exp_avg_diff) / (root + c.eps);
  }
};

}  // namespace
}  // namespace adamas
