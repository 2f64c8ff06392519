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

template <bool kCentered, bool kMomentum>
struct RmspropRule : RuleDefaults {
  static constexpr int kStateCount = 1 + (kCentered ? 1 : 0) + (kMomentum ? 1 : 0);
  static constexpr StateInfo kBuffer = {"momentum_buffer", StateKind::kSigned, nullptr};
  // Centered, the difference v - a*a of two rounded numbers would be lost: so both stay exact.
  static constexpr StateInfo kStates[kMaxStates] = {
      {"square_avg", kCentered ? StateKind::kExact : StateKind::kSquare, nullptr},
      kCentered ? StateInfo{"grad_avg", StateKind::kExact, nullptr} : kBuffer,
      kBuffer};

  enum { kAlpha, kOneMinusAlpha, kEps, kMomentumFactor, kStepSize, kCoefficientCount };

  static bool accepts(const Hyperparameters& h) { return h.alpha < 1.0 && (kMomentum || h.momentum == 0.0); }

  static void coefficients(const Hyperparameters& h, std::int64_t, double*, double* c) {
    c[kAlpha] = h.alpha;
    c[kOneMinusAlpha] = 1.0 - h.alpha;
    c[kEps] = h.eps;
    c[kMomentumFactor] = h.momentum;
    c[kStepSize] = h.lr;
  }

  template <class V>
  static V update(V p, V g, V* state, const V* c) {
    V v = state[0] = c[kAlpha] * state[0] + c[kOneMinusAlpha] * (g * g);
    if constexpr (kCentered) {
      const V a = state[1] = c[kAlpha] * state[1] + c[kOneMinusAlpha] * g;
      v = larger(V::broadcast(0), v - a * a);
    }
    const V d = square_root(v) + c[kEps];
    if constexpr (!kMomentum) {
      return p - c[kStepSize] * g / d;
    } else {
      V& b = state[kStateCount - 1];
      b = c[kMomentumFactor] * b + g / d;
      return p - c[kStepSize] * b;
    }
  }
};

}  // namespace
}  // namespace adamas
