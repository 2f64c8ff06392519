// LAMB: You et al. 2020, "Large Batch Optimization for Deep Learning: Training BERT in 76 minutes" (arXiv 1904.00962),
// Algorithm 2, as in optax: the trust ratio is |p|/|u|, and 1 where either norm is zero.
//
//   m <- b1*m + (1-b1)*g
//   v <- b2*v + (1-b2)*(g*g)
//   d <- sqrt(v) * (1/sqrt(1-b2^t)) + eps
//   u <- (1/(1-b1^t) * m) / d + weight_decay*p
//   p <- p - (lr*|p|/|u|) * u
//
// The norms of p and u over the tensor come from a pass that computes direction() and writes nothing; the update then
// does all of it again. That moves fewer bytes than keeping u would, and needs no scratch memory.
#pragma once

#include <cmath>

#include "math/power.hpp"
#include "rules/rule.hpp"

namespace adamas {
namespace {

struct LambRule : RuleDefaults {
  static constexpr int kStateCount = 2;
  static constexpr StateInfo kStates[kMaxStates] = {{"exp_avg", StateKind::kSigned, "exp_avg_sq"},
                                                    {"exp_avg_sq", StateKind::kSquare, nullptr}};
  static constexpr bool kOwnDecay = true;
  static constexpr bool kNeedsNorms = true;

  enum {
    kBeta1,
    kOneMinusBeta1,
    kBeta2,
    kOneMinusBeta2,
    kInverseSqrtBias2,
    kEps,
    kInverseBias1,
    kWeightDecay,
    kStepSize,
    kCoefficientCount
  };

  static void coefficients(const Hyperparameters& h, std::int64_t step, double*, double* c) {
    const double bias1 = h.bias_correction ? one_minus_power(h.beta1, step) : 1.0;
    const double bias2 = h.bias_correction ? one_minus_power(h.beta2, step) : 1.0;
    c[kBeta1] = h.beta1;
    c[kOneMinusBeta1] = 1.0 - h.beta1;
    c[kBeta2] = h.beta2;
    c[kOneMinusBeta2] = 1.0 - h.beta2;
    c[kInverseSqrtBias2] = 1.0 / std::sqrt(bias2);
    c[kEps] = h.eps;
    c[kInverseBias1] = 1.0 / bias1;
    c[kWeightDecay] = h.weight_decay;
    c[kStepSize] = h.lr;
  }

  // From the sums of squares of p and u over the tensor.
  static void finish(double param_square, double direction_square, double* c) {
    const bool zero = param_square == 0.0 || direction_square == 0.0;
    const double trust = zero ? 1.0 : std::sqrt(param_square) / std::sqrt(direction_square);
    c[kStepSize] = c[kStepSize] * trust;
  }

  template <class V>
  static V direction(V p, V g, V* state, const V* c) {
    const V m = state[0] = c[kBeta1] * state[0] + c[kOneMinusBeta1] * g;
    const V v = state[1] = c[kBeta2] * state[1] + c[kOneMinusBeta2] * (g * g);
    const V d = square_root(v) * c[kInverseSqrtBias2] + c[kEps];
    return c[kInverseBias1] * m / d + c[kWeightDecay] * p;
  }

  template <class V>
  static V update(V p, V g, V* state, const V* c) {
    return p - c[kStepSize] * direction(p, g, state, c);
  }
};

}  // namespace
}  // namespace adamas
