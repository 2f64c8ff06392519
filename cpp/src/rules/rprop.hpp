// Rprop: Riedmiller and Braun 1993, "A Direct Adaptive Method for Faster Backpropagation Learning: The RPROP
// Algorithm", as in PyTorch: where the sign has changed, the element waits for a step.
//
//   k <- eta_plus where g and the previous g agree in sign, eta_minus where they disagree, 1 where one of them is zero
//   s <- s*k within [step_min, step_max]         (lr within them at the first step)
//   g <- 0 where they disagree
//   p <- p - sign(g)*s
#pragma once

#include "rules/rule.hpp"

namespace adamas {
namespace {

struct RpropRule : RuleDefaults {
  template <class V>
  struct States {
    V& prev;
    V& step_size;
  };
  static constexpr int kStateCount = 2;
  // Rounded, a factor of 1.2 would not be one, and a small gradient would lose its sign.
  static constexpr StateInfo kStates[kMaxStates] = {{"prev", StateKind::kExact, nullptr},
                                                    {"step_size", StateKind::kExact, nullptr}};

  static constexpr bool kOwnDecay = true;  // which is none

  template <class T>
  struct Coefficients {
    T eta_minus, eta_plus, step_min, step_max, start;
  };

  static bool accepts(const Hyperparameters& h) {
    return h.eta_minus > 0.0 && h.eta_minus < 1.0 && h.eta_plus > 1.0 && h.step_min <= h.step_max &&
           non_negative(h.eta_plus, h.step_min, h.step_max);
  }

  static void coefficients(const Hyperparameters& h, std::int64_t step, Scalars, Coefficients<double&> c) {
    c.eta_minus = h.eta_minus;
    c.eta_plus = h.eta_plus;
    c.step_min = h.step_min;
    c.step_max = h.step_max;
    c.start = step == 1 ? h.lr : 0.0;  // added to a state of zeros
  }

  template <class V>
  static ADAMAS_INLINE V update(V p, V g, States<V> state, Coefficients<const V&> c) {
    const V zero = V::broadcast(0);
    const V one = V::broadcast(1);
    // Of signs, since a product of small gradients would be zero.
    const V agreement = with_sign(one, g) * with_sign(one, state.prev);
    const V factor = where_greater(agreement, zero, c.eta_plus, where_greater(zero, agreement, c.eta_minus, one));
    V s = state.step_size * factor + c.start;
    s = where_greater(c.step_min, s, c.step_min, s);
    s = state.step_size = where_greater(s, c.step_max, c.step_max, s);
    const V taken = state.prev = where_greater(zero, agreement, zero, g);
    return p - with_sign(s, taken);
  }
};

}  // namespace
}  // namespace adamas
