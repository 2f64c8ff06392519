// Lion: Chen et al. 2023, "Symbolic Discovery of Optimization Algorithms" (arXiv 2302.06675), Program 1.
//
//   u <- sign(b1*m + (1-b1)*g)
//   m <- b2*m + (1-b2)*g
//   p <- p - lr*u
#pragma once

#include "rules/rule.hpp"

namespace adamas {
namespace {

struct LionRule : RuleDefaults {
  template <class V>
  struct States {
    V& exp_avg;
  };
  static constexpr int kStateCount = 1;
  static constexpr StateInfo kStates[kMaxStates] = {{"exp_avg", StateKind::kSigned, nullptr}};
  static constexpr bool kCautious = true;

  template <class T>
  struct Coefficients {
    T beta1, one_minus_beta1;
    T beta2, one_minus_beta2;
    T step_size;
  };

  static void coefficients(const Hyperparameters& h, std::int64_t, Scalars, Coefficients<double&> c) {
    c.beta1 = h.beta1;
    c.one_minus_beta1 = 1.0 - h.beta1;
    c.beta2 = h.beta2;
    c.one_minus_beta2 = 1.0 - h.beta2;
    c.step_size = h.lr;
  }

  template <class V>
  static ADAMAS_INLINE V update(V p, V g, States<V> state, Coefficients<const V&> c) {
    const V mixed = c.beta1 * state.exp_avg + c.one_minus_beta1 * g;
    state.exp_avg = c.beta2 * state.exp_avg + c.one_minus_beta2 * g;
    return p - with_sign(c.step_size, mixed);
  }
};

}  // namespace
}  // namespace adamas
