// Adam: Kingma and Ba 2015 (arXiv 1412.6980), Algorithm 1; with kAmsgrad, Reddi, Kale and Kumar 2018
// (arXiv 1904.09237). AdamW is this rule under decoupled decay.
//
//   m <- b1*m + (1-b1)*g
//   v <- b2*v + (1-b2)*(g*g)                      AMSGrad: vmax <- max(vmax, v), used in place of v below
//   d <- sqrt(v) * (1/sqrt(1-b2^t)) + eps
//   p <- p - (lr/(1-b1^t) * m) / d
//
// "Epsilon hat" is the same formula with eps / sqrt(1-b2^t).
#pragma once

#include <cmath>
#include <type_traits>

#include "math/power.hpp"
#include "rules/idle_step.hpp"
#include "rules/rule.hpp"

namespace adamas {
namespace {

template <class V>
struct AdamStates {
  V& exp_avg;
  V& exp_avg_sq;
};

template <class V>
struct AmsgradStates {
  V& exp_avg;
  V& exp_avg_sq;
  V& max_exp_avg_sq;
};

template <bool kAmsgrad>
struct AdamRule : RuleDefaults {
  template <class V>
  using States = std::conditional_t<kAmsgrad, AmsgradStates<V>, AdamStates<V>>;
  static constexpr int kStateCount = kAmsgrad ? 3 : 2;
  static constexpr StateInfo kStates[kMaxStates] = {{"exp_avg", StateKind::kSigned, "exp_avg_sq"},
                                                    {"exp_avg_sq", StateKind::kSquare, nullptr},
                                                    {"max_exp_avg_sq", StateKind::kSquare, nullptr}};
  static constexpr bool kCautious = true;
  static constexpr bool kFollowsAverage = true;

  template <class T>
  struct Coefficients {
    T beta1, one_minus_beta1;
    T beta2, one_minus_beta2;
    T inverse_sqrt_bias2, eps, step_size;
  };

  static void coefficients(const Hyperparameters& h, std::int64_t step, Scalars, Coefficients<double&> c) {
    const double bias1 = h.bias_correction ? one_minus_power(h.beta1, step) : 1.0;
    const double bias2 = h.bias_correction ? one_minus_power(h.beta2, step) : 1.0;
    const double sqrt_bias2 = std::sqrt(bias2);
    c.beta1 = h.beta1;
    c.one_minus_beta1 = 1.0 - h.beta1;
    c.beta2 = h.beta2;
    c.one_minus_beta2 = 1.0 - h.beta2;
    c.inverse_sqrt_bias2 = 1.0 / sqrt_bias2;
    c.eps = h.eps_placement == EpsPlacement::kAfterBiasCorrection ? h.eps : h.eps / sqrt_bias2;
    c.step_size = h.lr / bias1;
  }

  // Without a gradient, the largest second moment would have to be known step by step.
  static constexpr bool kHasClosedForm = !kAmsgrad;

  static IdleStep idle_step(Coefficients<const double&> c) {
    return {c.beta1, c.beta2, c.inverse_sqrt_bias2, c.eps, c.step_size};
  }

  static constexpr bool kTakesRoot = true;

  template <class V>
  static ADAMAS_INLINE V begin(V, V g, States<V> state, Coefficients<const V&> c) {
    state.exp_avg = c.beta1 * state.exp_avg + c.one_minus_beta1 * g;
    V v = state.exp_avg_sq = c.beta2 * state.exp_avg_sq + c.one_minus_beta2 * (g * g);
    if constexpr (kAmsgrad) v = state.max_exp_avg_sq = larger(state.max_exp_avg_sq, v);
    return square_root(v);
  }

  template <class V>
  static ADAMAS_INLINE V finish(V p, V, V root, States<V> state, Coefficients<const V&> c) {
    const V d = root * c.inverse_sqrt_bias2 + c.eps;
    return p - c.step_size * state.exp_avg / d;
  }
};

}  // namespace
}  // namespace adamas
