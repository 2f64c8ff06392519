// RAdam: Liu et al. 2020, "On the Variance of the Adaptive Learning Rate and Beyond" (arXiv 1908.03265), Algorithm 2,
// with the threshold and the place of eps of PyTorch.
//
//   m <- b1*m + (1-b1)*g
//   v <- b2*v + (1-b2)*(g*g)
//   rho <- rho_inf - 2*t*b2^t/(1-b2^t),  rho_inf = 2/(1-b2) - 1
//   rho > 5:    p <- p - (lr/(1-b1^t) * r * sqrt(1-b2^t) * m) / (sqrt(v) + eps),
//               r = sqrt((rho-4)*(rho-2)*rho_inf / ((rho_inf-4)*(rho_inf-2)*rho))
//   otherwise:  p <- p - lr/(1-b1^t) * m
#pragma once

#include <cmath>

#include "math/power.hpp"
#include "rules/rectification.hpp"
#include "rules/rule.hpp"

namespace adamas {
namespace {

struct RAdamRule : RuleDefaults {
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
    T eps, rectified, step_size;
  };

  static void coefficients(const Hyperparameters& h, std::int64_t step, Scalars, Coefficients<double&> c) {
    const double bias2 = one_minus_power(h.beta2, step);
    const Rectification r = rectification(h.beta2, bias2, step, 5.0);
    c.beta1 = h.beta1;
    c.one_minus_beta1 = 1.0 - h.beta1;
    c.beta2 = h.beta2;
    c.one_minus_beta2 = 1.0 - h.beta2;
    c.eps = h.eps;
    c.rectified = r.known ? 1.0 : 0.0;
    c.step_size = h.lr / one_minus_power(h.beta1, step) * (r.known ? r.factor * std::sqrt(bias2) : 1.0);
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
    const V d = where_greater(c.rectified, V::broadcast(0), root + c.eps, V::broadcast(1));
    return p - c.step_size * state.exp_avg / d;
  }
};

}  // namespace
}  // namespace adamas
