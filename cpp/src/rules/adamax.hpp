// Adamax: Kingma and Ba 2015 (arXiv 1412.6980), Algorithm 2, with eps inside the norm as in PyTorch and optax.
//
//   m <- b1*m + (1-b1)*g
//   u <- max(b2*u, |g| + eps)
//   p <- p - (lr/(1-b1^t) * m) / u
#pragma once

#include "math/power.hpp"
#include "rules/rule.hpp"

namespace adamas {
namespace {

struct AdamaxRule : RuleDefaults {
  template <class V>
  struct States {
    V& exp_avg;
    V& exp_inf;
  };
  static constexpr int kStateCount = 2;
  static constexpr StateInfo kStates[kMaxStates] = {{"exp_avg", StateKind::kSigned, "exp_inf"},
                                                    {"exp_inf", StateKind::kMagnitude, nullptr}};
  static constexpr bool kCautious = true;
  static constexpr bool kFollowsAverage = true;

  template <class T>
  struct Coefficients {
    T beta1, one_minus_beta1;
    T beta2, eps, step_size;
  };

  static void coefficients(const Hyperparameters& h, std::int64_t step, Scalars, Coefficients<double&> c) {
    c.beta1 = h.beta1;
    c.one_minus_beta1 = 1.0 - h.beta1;
    c.beta2 = h.beta2;
    c.eps = h.eps;
    c.step_size = h.lr / one_minus_power(h.beta1, step);
  }

  template <class V>
  static ADAMAS_INLINE V update(V p, V g, States<V> state, Coefficients<const V&> c) {
    const V m = state.exp_avg = c.beta1 * state.exp_avg + c.one_minus_beta1 * g;
    const V u = state.exp_inf = larger(c.beta2 * state.exp_inf, magnitude(g) + c.eps);
    return p - c.step_size * m / u;
  }
};

}  // namespace
}  // namespace adamas
