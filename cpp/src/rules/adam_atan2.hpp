// Adam-atan2: Everett et al. 2024, "Scaling Exponents Across Parameterizations and Optimizers" (arXiv 2407.05872): Adam
// with an angle in place of the quotient, which needs no eps and does not change when all gradients are scaled.
//
//   m <- b1*m + (1-b1)*g
//   v <- b2*v + (1-b2)*(g*g)
//   p <- p - lr*a * atan2(1/(1-b1^t) * m, sqrt(v) * (b/sqrt(1-b2^t)))
#pragma once

#include <cmath>

#include "math/power.hpp"
#include "rules/arctangent.hpp"
#include "rules/rule.hpp"

namespace adamas {
namespace {

struct AdamAtan2Rule : RuleDefaults {
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
    T beta2, one_minus_beta2;
    T inverse_bias1, root_scale, step_size;
  };

  static bool accepts(const Hyperparameters& h) { return non_negative(h.atan_a, h.atan_b); }

  static void coefficients(const Hyperparameters& h, std::int64_t step, Scalars, Coefficients<double&> c) {
    c.beta1 = h.beta1;
    c.one_minus_beta1 = 1.0 - h.beta1;
    c.beta2 = h.beta2;
    c.one_minus_beta2 = 1.0 - h.beta2;
    c.inverse_bias1 = 1.0 / one_minus_power(h.beta1, step);
    c.root_scale = h.atan_b / std::sqrt(one_minus_power(h.beta2, step));
    c.step_size = h.lr * h.atan_a;
  }

  static constexpr bool kTakesRoot = true;

  template <class V>
  static ADAMAS_INLINE V begin(V, V g, States<V> state, Coefficients<const V&> c) {
    state.exp_avg = c.beta1 * state.exp_avg + c.one_minus_beta1 * g;
    state.exp_avg_sq = c.beta2 * state.exp_avg_sq + c.one_minus_beta2 * (g * g);
    return square_root(state.exp_avg_sq);
  }

  template <class V>
  static ADAMAS_INLINE V finish(V p, V, V root, States<V> state, Coefficients<const V&> c) {
    return p - c.step_size * arctangent(c.inverse_bias1 * state.exp_avg, root * c.root_scale);
  }
};

}  // namespace
}  // namespace adamas
