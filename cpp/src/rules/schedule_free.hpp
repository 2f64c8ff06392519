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
  template <class V>
  struct States {
    V& z;
    V& exp_avg_sq;
  };
  static constexpr int kStateCount = 2;
  static constexpr StateInfo kStates[kMaxStates] = {{"z", StateKind::kExact, nullptr},
                                                    {"exp_avg_sq", StateKind::kSquare, nullptr}};
  struct Scalars {
    double& weight_sum;
    double& lr_max;
  };
  static constexpr int kScalarCount = 2;
  static constexpr ScalarInfo kScalars[kMaxScalars] = {{"weight_sum", 0.0}, {"lr_max", 0.0}};
  static constexpr bool kOwnDecay = true;
  static constexpr int kStartsAtParam = 0;

  template <class T>
  struct Coefficients {
    T beta2, one_minus_beta2;
    T inverse_sqrt_bias2, eps, weight_decay, average, interpolated_step, step_size;
  };

  static void coefficients(const Hyperparameters& h, std::int64_t step, Scalars scalars, Coefficients<double&> c) {
    const auto t = static_cast<double>(step);
    const double lr = t < h.warmup_steps ? h.lr * (t / h.warmup_steps) : h.lr;
    const double lr_max = lr > scalars.lr_max ? lr : scalars.lr_max;
    const double weight = real_power(t, h.weight_power) * real_power(lr_max, h.weight_lr_power);
    scalars.weight_sum = scalars.weight_sum + weight;
    scalars.lr_max = lr_max;
    const double average = scalars.weight_sum > 0.0 ? weight / scalars.weight_sum : 0.0;
    c.beta2 = h.beta2;
    c.one_minus_beta2 = 1.0 - h.beta2;
    c.inverse_sqrt_bias2 = 1.0 / std::sqrt(one_minus_power(h.beta2, step));
    c.eps = h.eps;
    c.weight_decay = h.weight_decay;
    c.average = average;
    c.interpolated_step = lr * (h.beta1 * (1.0 - average) - 1.0);
    c.step_size = lr;
  }

  static constexpr bool kTakesRoot = true;

  template <class V>
  static ADAMAS_INLINE V begin(V, V g, States<V> state, Coefficients<const V&> c) {
    state.exp_avg_sq = c.beta2 * state.exp_avg_sq + c.one_minus_beta2 * (g * g);
    return square_root(state.exp_avg_sq);
  }

  template <class V>
  static ADAMAS_INLINE V finish(V p, V g, V root, States<V> state, Coefficients<const V&> c) {
    const V d = root * c.inverse_sqrt_bias2 + c.eps;
    const V u = g / d + c.weight_decay * p;
    const V z = state.z;
    state.z = z - c.step_size * u;
    return p + c.average * (z - p) + c.interpolated_step * u;
  }
};

}  // namespace
}  // namespace adamas
