// ADOPT: Taniguchi et al. 2024, "ADOPT: Modified Adam Can Converge with Any beta2 with the Optimal Rate"
// (arXiv 2411.02853), Algorithm 2 with its clipping, as in optax. The first step only sets v.
//
//   u <- clip(g / max(sqrt(v), eps), (t-1)^(1/4))       without clipping: no bound; 0 at the first step
//   m <- b1*m + (1-b1)*u
//   v <- b2*v + (1-b2)*(g*g)                            g*g at the first step
//   p <- p - lr*m
#pragma once

#include <cmath>

#include "rules/rule.hpp"

namespace adamas {
namespace {

struct AdoptRule : RuleDefaults {
  template <class V>
  struct States {
    V& exp_avg;
    V& exp_avg_sq;
  };
  static constexpr int kStateCount = 2;
  static constexpr StateInfo kStates[kMaxStates] = {{"exp_avg", StateKind::kSigned, nullptr},
                                                    {"exp_avg_sq", StateKind::kSquare, nullptr}};
  static constexpr bool kCautious = true;

  template <class T>
  struct Coefficients {
    T beta1, one_minus_beta1;
    T beta2, one_minus_beta2;
    T eps, bound, step_size;
  };

  static void coefficients(const Hyperparameters& h, std::int64_t step, Scalars, Coefficients<double&> c) {
    const bool first = step == 1;
    c.beta1 = h.beta1;
    c.one_minus_beta1 = 1.0 - h.beta1;
    c.beta2 = first ? 0.0 : h.beta2;
    c.one_minus_beta2 = first ? 1.0 : 1.0 - h.beta2;
    c.eps = h.eps;
    c.bound = h.clip || first ? std::sqrt(std::sqrt(static_cast<double>(step - 1))) : HUGE_VAL;
    c.step_size = h.lr;
  }

  static constexpr bool kTakesRoot = true;

  template <class V>
  static ADAMAS_INLINE V begin(V, V g, States<V> state, Coefficients<const V&> c) {
    const V root = square_root(state.exp_avg_sq);
    state.exp_avg_sq = c.beta2 * state.exp_avg_sq + c.one_minus_beta2 * (g * g);
    return root;
  }

  template <class V>
  static ADAMAS_INLINE V finish(V p, V g, V root, States<V> state, Coefficients<const V&> c) {
    const V u = clamp(g / larger(c.eps, root), c.bound);
    const V m = state.exp_avg = c.beta1 * state.exp_avg + c.one_minus_beta1 * u;
    return p - c.step_size * m;
  }
};

}  // namespace
}  // namespace adamas
