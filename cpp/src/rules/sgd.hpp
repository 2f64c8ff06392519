// Stochastic gradient descent, plain, with momentum (Polyak 1964) or Nesterov's (Sutskever et al. 2013), as in PyTorch.
//
//   plain:      p <- p - lr*g
//   momentum:   b <- momentum*b + (1-dampening)*g     (b <- g at the first step);   p <- p - lr*b
//   Nesterov:   b likewise;                           p <- p - lr*(g + momentum*b)
#pragma once

#include "rules/rule.hpp"

namespace adamas {
namespace {

enum class Momentum { kNone, kHeavyBall, kNesterov };

template <Momentum kMomentum>
struct SgdRule : RuleDefaults {
  static constexpr int kStateCount = kMomentum == Momentum::kNone ? 0 : 1;
  static constexpr StateInfo kStates[kMaxStates] = {{"momentum_buffer", StateKind::kSigned, nullptr}};

  enum { kMomentumFactor, kOneMinusDampening, kStepSize, kCoefficientCount };

  static bool accepts(const Hyperparameters& h) {
    if constexpr (kMomentum == Momentum::kNone) return h.momentum == 0.0;
    return kMomentum == Momentum::kHeavyBall || h.dampening == 0.0;
  }

  static void coefficients(const Hyperparameters& h, std::int64_t step, double*, double* c) {
    c[kMomentumFactor] = h.momentum;
    c[kOneMinusDampening] = step == 1 ? 1.0 : 1.0 - h.dampening;
    c[kStepSize] = h.lr;
  }

  template <class V>
  static V update(V p, V g, V* state, const V* c) {
    V direction = g;
    if constexpr (kMomentum != Momentum::kNone) {
      const V b = state[0] = c[kMomentumFactor] * state[0] + c[kOneMinusDampening] * g;
      direction = kMomentum == Momentum::kNesterov ? g + c[kMomentumFactor] * b : b;
    }
    return p - c[kStepSize] * direction;
  }
};

}  // namespace
}  // namespace adamas
