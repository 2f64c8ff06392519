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
  template <class V>
  struct States {
    V& exp_avg;
    V& exp_avg_slow;
    V& exp_avg_sq;
  };
  static constexpr int kStateCount = 3;
  static constexpr StateInfo kStates[kMaxStates] = {{"exp_avg", StateKind::kSigned, "exp_avg_sq"},
                                                    {"exp_avg_slow", StateKind::kSigned, nullptr},
                                                    {"exp_avg_sq", StateKind::kSquare, nullptr}};
  static constexpr bool kCautious = true;

  template <class T>
  struct Coefficients {
    T beta1, one_minus_beta1;
    T beta2, one_minus_beta2;
    T beta3, one_minus_beta3;
    T inverse_sqrt_bias2, eps, fast_step, slow_step;
  };

  static double beta3(const Hyperparameters& h, double warm) {
    if (warm >= 1.0 || h.beta1 == 0.0 || h.beta3 <= h.beta1) return h.beta3;
    const double log1 = logarithm(h.beta1);
    const double log3 = logarithm(h.beta3);
    return exponential(log1 * log3 / ((1.0 - warm) * log3 + warm * log1));
  }

  static bool accepts(const Hyperparameters& h) { return is_count(h.warmup_steps); }

  static void coefficients(const Hyperparameters& h, std::int64_t step, Scalars, Coefficients<double&> c) {
    const double warm = static_cast<double>(step) < h.warmup_steps ? static_cast<double>(step) / h.warmup_steps : 1.0;
    const double b3 = beta3(h, warm);
    c.beta1 = h.beta1;
    c.one_minus_beta1 = 1.0 - h.beta1;
    c.beta2 = h.beta2;
    c.one_minus_beta2 = 1.0 - h.beta2;
    c.beta3 = b3;
    c.one_minus_beta3 = 1.0 - b3;
    c.inverse_sqrt_bias2 = 1.0 / std::sqrt(one_minus_power(h.beta2, step));
    c.eps = h.eps;
    c.fast_step = h.lr / one_minus_power(h.beta1, step);
    c.slow_step = h.lr * (warm * h.alpha);
  }

  static constexpr bool kTakesRoot = true;

  template <class V>
  static ADAMAS_INLINE V begin(V, V g, States<V> state, Coefficients<const V&> c) {
    state.exp_avg = c.beta1 * state.exp_avg + c.one_minus_beta1 * g;
    state.exp_avg_slow = c.beta3 * state.exp_avg_slow + c.one_minus_beta3 * g;
    state.exp_avg_sq = c.beta2 * state.exp_avg_sq + c.one_minus_beta2 * (g * g);
    return square_root(state.exp_avg_sq);
  }

  template <class V>
  static ADAMAS_INLINE V finish(V p, V, V root, States<V> state, Coefficients<const V&> c) {
    const V d = root * c.inverse_sqrt_bias2 + c.eps;
    return p - (c.fast_step * state.exp_avg + c.slow_step * state.exp_avg_slow) / d;
  }
};

}  // namespace
}  // namespace adamas
