// Yogi: Zaheer et al. 2018, "Adaptive Methods for Nonconvex Optimization" (NeurIPS 2018), Algorithm 2, with the bias
// correction of optax. Both moments start at initial_accumulator_value.
//
//   m <- b1*m + (1-b1)*g
//   v <- v - ((1-b2)*(g*g)) * sign(v - g*g)
//   d <- sqrt(v) * (1/sqrt(1-b2^t)) + eps
//   p <- p - (lr/(1-b1^t) * m) / d
#pragma once

#include <cmath>

#include "math/power.hpp"
#include "rules/rule.hpp"

namespace adamas {
namespace {

struct YogiRule : RuleDefaults {
  template <class V>
  struct States {
    V& exp_avg;
    V& exp_avg_sq;
  };
  static constexpr int kStateCount = 2;
  static constexpr StateInfo kStates[kMaxStates] = {{"exp_avg", StateKind::kSigned, "exp_avg_sq"},
                                                    {"exp_avg_sq", StateKind::kSquare, nullptr}};
  static constexpr bool kCautious = true;
  static constexpr bool kFollowsAverage = true;

  template <class T>
  struct Coefficients {
    T beta1, one_minus_beta1;
    T one_minus_beta2, inverse_sqrt_bias2, eps, step_size;
  };

  static void coefficients(const Hyperparameters& h, std::int64_t step, Scalars, Coefficients<double&> c) {
    c.beta1 = h.beta1;
    c.one_minus_beta1 = 1.0 - h.beta1;
    c.one_minus_beta2 = 1.0 - h.beta2;
    c.inverse_sqrt_bias2 = 1.0 / std::sqrt(one_minus_power(h.beta2, step));
    c.eps = h.eps;
    c.step_size = h.lr / one_minus_power(h.beta1, step);
  }

  static constexpr bool kTakesRoot = true;

  template <class V>
  static ADAMAS_INLINE V begin(V, V g, States<V> state, Coefficients<const V&> c) {
    state.exp_avg = c.beta1 * state.exp_avg + c.one_minus_beta1 * g;
    const V square = g * g;
    state.exp_avg_sq = state.exp_avg_sq - with_sign(c.one_minus_beta2 * square, state.exp_avg_sq - square);
    return square_root(state.exp_avg_sq);
  }

  template <class V>
  static ADAMAS_INLINE V finish(V p, V, V root, States<V> state, Coefficients<const V&> c) {
    const V d = root * c.inverse_sqrt_bias2 + c.eps;
    return p - c.step_size * state.exp_avg / d;
  }
};

}  // namespace
}  // namespace adamas
