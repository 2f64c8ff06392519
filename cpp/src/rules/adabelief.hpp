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
  template <class V>
  struct States {
    V& exp_avg;
    V& exp_avg_var;
  };
  static constexpr int kStateCount = 2;
  static constexpr StateInfo kStates[kMaxStates] = {{"exp_avg", StateKind::kSigned, "exp_avg_var"},
                                                    {"exp_avg_var", StateKind::kSquare, nullptr}};
  static constexpr bool kCautious = true;
  static constexpr bool kFollowsAverage = true;

  template <class T>
  struct Coefficients {
    T beta1, one_minus_beta1;
    T beta2, one_minus_beta2;
    T eps_root, inverse_sqrt_bias2, eps, step_size;
  };

  static void coefficients(const Hyperparameters& h, std::int64_t step, Scalars, Coefficients<double&> c) {
    c.beta1 = h.beta1;
    c.one_minus_beta1 = 1.0 - h.beta1;
    c.beta2 = h.beta2;
    c.one_minus_beta2 = 1.0 - h.beta2;
    c.eps_root = h.eps_root;
    c.inverse_sqrt_bias2 = 1.0 / std::sqrt(one_minus_power(h.beta2, step));
    c.eps = h.eps;
    c.step_size = h.lr / one_minus_power(h.beta1, step);
  }

  static constexpr bool kTakesRoot = true;

  template <class V>
  static ADAMAS_INLINE V begin(V, V g, States<V> state, Coefficients<const V&> c) {
    const V m = state.exp_avg = c.beta1 * state.exp_avg + c.one_minus_beta1 * g;
    const V e = g - m;
    state.exp_avg_var = c.beta2 * state.exp_avg_var + c.one_minus_beta2 * (e * e) + c.eps_root;
    return square_root(state.exp_avg_var);
  }

  template <class V>
  static ADAMAS_INLINE V finish(V p, V, V root, States<V> state, Coefficients<const V&> c) {
    const V d = root * c.inverse_sqrt_bias2 + c.eps;
    return p - c.step_size * state.exp_avg / d;
  }
};

}  // namespace
}  // namespace adamas
