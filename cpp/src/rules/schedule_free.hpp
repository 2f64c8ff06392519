// Schedule-Free AdamW: Defazio et al. 2024, "The Road Less Scheduled" (arXiv 2405.15682), Algorithm 1, in the form that
// keeps y in the parameter and z as a state, as the authors' code does.
//
//   lr_t <- lr * min(1, t/warmup_steps);  lr_max <- max(lr_max, lr_t)
//   w <- t^weight_power * lr_max^weight_lr_power;  weight_sum <- weight_sum + w;  k <- w/weight_sum
//   v <- b2*v + (1-b2)*(g*g)
//   u <- g / (sqrt(v) * (1/sqrt(1-b2^t)) + eps) + weight_decay*y
//   y <- (y + k*(z - y)) + lr_t*(b1*(1-k) - 1) * u
//   z <- z - lr_t*u
//
// z starts at the parameter: as it is at the first step, whatever it was when the states were made.
#pragma once

#include <cmath>

#include "math/elementary.hpp"
#include "math/power.hpp"
#include "rules/rule.hpp"

namespace adamas {
namespace {

struct ScheduleFreeRule : RuleDefaults {
  static constexpr int kStateCount = 2;
  static constexpr StateInfo kStates[kMaxStates] = {{"z", StateKind::kExact, nullptr},
                                                    {"exp_avg_sq", StateKind::kSquare, nullptr}};
  static constexpr int kScalarCount = 2;
  static constexpr ScalarInfo kScalars[kMaxScalars] = {{"weight_sum", 0.0}, {"lr_max", 0.0}};
  static constexpr bool kOwnDecay = true;
  static constexpr int kStartsAtParam = 0;

  enum {
    kBeta2,
    kOneMinusBeta2,
    kInverseSqrtBias2,
    kEps,
    kWeightDecay,
    kAverage,
    kInterpolatedStep,
    kStepSize,
    kCoefficientCount
  };

  static void coefficients(const Hyperparameters& h, std::int64_t step, double* scalars, double* c) {
    const auto t = static_cast<double>(step);
    const double lr = t < h.warmup_steps ? h.lr * (t / h.warmup_steps) : h.lr;
    const double lr_max = lr > scalars[1] ? lr : scalars[1];
    const double weight = real_power(t, h.weight_power) * real_power(lr_max, h.weight_lr_power);
    scalars[0] = scalars[0] + weight;
    scalars[1] = lr_max;
    const double average = scalars[0] > 0.0 ? weight / scalars[0] : 0.0;
    c[kBeta2] = h.beta2;
    c[kOneMinusBeta2] = 1.0 - h.beta2;
    c[kInverseSqrtBias2] = 1.0 / std::sqrt(one_minus_power(h.beta2, step));
    c[kEps] = h.eps;
    c[kWeightDecay] = h.weight_decay;
    c[kAverage] = average;
    c[kInterpolatedStep] = lr * (h.beta1 * (1.0 - average) - 1.0);
    c[kStepSize] = lr;
  }

  template <class V>
  static V update(V p, V g, V* state, const V* c) {
    const V v = state[1] = c[kBeta2] * state[1] + c[kOneMinusBeta2] * (g * g);
    const V d = square_root(v) * c[kInverseSqrtBias2] + c[kEps];
    const V u = g / d + c[kWeightDecay] * p;
    const V z = state[0];
    state[0] = z - c[kStepSize] * u;
    return p + c[kAverage] * (z - p) + c[kInterpolatedStep] * u;
  }
};

}  // namespace
}  // namespace adamas
