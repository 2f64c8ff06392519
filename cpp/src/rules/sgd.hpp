// Stochastic gradient descent, plain, with momentum (Polyak 1964) or Nesterov's (Sutskever et al. 2013), as in PyTorch.
//
//   plain:      p <- p - lr*g
//   momentum:   b <- momentum*b + (1-dampening)*g     (b <- g at the first step);   p <- p - lr*b
//   Nesterov:   b likewise;                           p <- p - lr*(g + momentum*b)
#pragma once

#include <type_traits>

#include "rules/rule.hpp"

namespace adamas {
namespace {

enum class Momentum { kNone, kHeavyBall, kNesterov };

struct NoStates {};

template <class V>
struct MomentumStates {
  V& momentum_buffer;
};

template <Momentum kMomentum>
struct SgdRule : RuleDefaults {
  template <class V>
  using States = std::conditional_t<kMomentum == Momentum::kNone, NoStates, MomentumStates<V>>;
  static constexpr int kStateCount = kMomentum == Momentum::kNone ? 0 : 1;
  static constexpr StateInfo kStates[kMaxStates] = {{"momentum_buffer", StateKind::kSigned, nullptr}};

  template <class T>
  struct Coefficients {
    T momentum, one_minus_dampening, step_size;
  };

  static constexpr bool kCautious = kMomentum != Momentum::kNone;

  static bool accepts(const Hyperparameters& h) {
    if (h.cautious && h.momentum == 0.0) return false;
    if constexpr (kMomentum == Momentum::kNone) return h.momentum == 0.0;
    return kMomentum == Momentum::kHeavyBall || h.dampening == 0.0;
  }

  static void coefficients(const Hyperparameters& h, std::int64_t step, Scalars, Coefficients<double&> c) {
    c.momentum = h.momentum;
    c.one_minus_dampening = step == 1 ? 1.0 : 1.0 - h.dampening;
    c.step_size = h.lr;
  }

  template <class V>
  static ADAMAS_INLINE V update(V p, V g, States<V> state, Coefficients<const V&> c) {
    V direction = g;
    if constexpr (kMomentum != Momentum::kNone) {
      const V b = state.momentum_buffer = c.momentum * state.momentum_buffer + c.one_minus_dampening * g;
      direction = kMomentum == Momentum::kNesterov ? g + c.momentum * b : b;
    }
    return p - c.step_size * direction;
  }
};

}  // namespace
}  // namespace adamas
