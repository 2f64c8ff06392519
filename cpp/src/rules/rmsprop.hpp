// RMSprop: Tieleman and Hinton 2012 (Coursera lecture 6.5), as in PyTorch; kCentered after Graves 2013
// (arXiv 1308.0850).
//
//   v <- alpha*v + (1-alpha)*(g*g)
//   centered:  a <- alpha*a + (1-alpha)*g;  d <- sqrt(max(v - a*a, 0)) + eps     otherwise:  d <- sqrt(v) + eps
//   momentum:  b <- momentum*b + g/d;       p <- p - lr*b                        otherwise:  p <- p - (lr*g)/d
//
// PyTorch takes the root of v - a*a even where rounding has made it negative, and gets NaN.
#pragma once

#include "rules/rule.hpp"

namespace adamas {
namespace {

template <class V, bool kCentered, bool kMomentum>
struct RmspropStates;

template <class V>
struct RmspropStates<V, false, false> {
  V& square_avg;
};

template <class V>
struct RmspropStates<V, false, true> {
  V& square_avg;
  V& momentum_buffer;
};

template <class V>
struct RmspropStates<V, true, false> {
  V& square_avg;
  V& grad_avg;
};

template <class V>
struct RmspropStates<V, true, true> {
  V& square_avg;
  V& grad_avg;
  V& momentum_buffer;
};

template <bool kCentered, bool kMomentum>
struct RmspropRule : RuleDefaults {
  template <class V>
  using States = RmspropStates<V, kCentered, kMomentum>;
  static constexpr int kStateCount = 1 + (kCentered ? 1 : 0) + (kMomentum ? 1 : 0);
  static constexpr StateInfo kBuffer = {"momentum_buffer", StateKind::kSigned, nullptr};
  // Centered, the difference v - a*a of two rounded numbers would be lost: so both stay exact.
  static constexpr StateInfo kStates[kMaxStates] = {
      {"square_avg", kCentered ? StateKind::kExact : StateKind::kSquare, nullptr},
      kCentered ? StateInfo{"grad_avg", StateKind::kExact, nullptr} : kBuffer,
      kBuffer};

  template <class T>
  struct Coefficients {
    T alpha, one_minus_alpha;
    T eps, momentum, step_size;
  };

  static constexpr bool kCautious = kMomentum;

  static bool accepts(const Hyperparameters& h) {
    return h.alpha < 1.0 && (kMomentum || h.momentum == 0.0) && !(h.cautious && h.momentum == 0.0);
  }

  static void coefficients(const Hyperparameters& h, std::int64_t, Scalars, Coefficients<double&> c) {
    c.alpha = h.alpha;
    c.one_minus_alpha = 1.0 - h.alpha;
    c.eps = h.eps;
    c.momentum = h.momentum;
    c.step_size = h.lr;
  }

  static constexpr bool kTakesRoot = true;

  template <class V>
  static ADAMAS_INLINE V begin(V, V g, States<V> state, Coefficients<const V&> c) {
    V v = state.square_avg = c.alpha * state.square_avg + c.one_minus_alpha * (g * g);
    if constexpr (kCentered) {
      const V a = state.grad_avg = c.alpha * state.grad_avg + c.one_minus_alpha * g;
      v = larger(V::broadcast(0), v - a * a);
    }
    return square_root(v);
  }

  template <class V>
  static ADAMAS_INLINE V finish(V p, V g, V root, [[maybe_unused]] States<V> state, Coefficients<const V&> c) {
    const V d = root + c.eps;
    if constexpr (!kMomentum) {
      return p - c.step_size * g / d;
    } else {
      const V b = state.momentum_buffer = c.momentum * state.momentum_buffer + g / d;
      return p - c.step_size * b;
    }
  }
};

}  // namespace
}  // namespace adamas
