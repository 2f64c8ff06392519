// Adagrad: Duchi, Hazan and Singer 2011 (JMLR 12), as in PyTorch. The sum starts at initial_accumulator_value.
//
//   s <- s + g*g
//   p <- p - (lr/(1 + (t-1)*lr_decay) * g) / (sqrt(s) + eps)
#pragma once

#include "rules/rule.hpp"

namespace adamas {
namespace {

struct AdagradRule : RuleDefaults {
  template <class V>
  struct States {
    V& sum;
  };
  static constexpr int kStateCount = 1;
  static constexpr StateInfo kStates[kMaxStates] = {{"sum", StateKind::kExact, nullptr}};

  template <class T>
  struct Coefficients {
    T eps, step_size;
  };

  static bool accepts(const Hyperparameters& h) { return non_negative(h.lr_decay); }

  static void coefficients(const Hyperparameters& h, std::int64_t step, Scalars, Coefficients<double&> c) {
    c.eps = h.eps;
    c.step_size = h.lr / (1.0 + static_cast<double>(step - 1) * h.lr_decay);
  }

  static constexpr bool kTakesRoot = true;

  template <class V>
  static ADAMAS_INLINE V begin(V, V g, States<V> state, Coefficients<const V&>) {
    state.sum = state.sum + g * g;
    return square_root(state.sum);
  }

  template <class V>
  static ADAMAS_INLINE V finish(V p, V g, V root, States<V>, Coefficients<const V&> c) {
    return p - c.step_size * g / (root + c.eps);
  }
};

}  // namespace
}  // namespace adamas
