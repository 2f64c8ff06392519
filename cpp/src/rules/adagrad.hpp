// Adagrad: Duchi, Hazan and Singer 2011 (JMLR 12), as in PyTorch. The sum starts at initial_accumulator_value.
//
//   s <- s + g*g
//   p <- p - (lr/(1 + (t-1)*lr_decay) * g) / (sqrt(s) + eps)
#pragma once

#include "rules/rule.hpp"

namespace adamas {
namespace {

struct AdagradRule : RuleDefaults {
  static constexpr int kStateCount = 1;
  static constexpr StateInfo kStates[kMaxStates] = {{"sum", StateKind::kExact, nullptr}};

  enum { kEps, kStepSize, kCoefficientCount };

  static void coefficients(const Hyperparameters& h, std::int64_t step, double*, double* c) {
    c[kEps] = h.eps;
    c[kStepSize] = h.lr / (1.0 + static_cast<double>(step - 1) * h.lr_decay);
  }

  template <class V>
  static V update(V p, V g, V* state, const V* c) {
    const V s = state[0] = state[0] + g * g;
    return p - c[kStepSize] * g / (square_root(s) + c[kEps]);
  }
};

}  // namespace
}  // namespace adamas
