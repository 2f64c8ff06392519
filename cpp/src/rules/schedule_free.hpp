// Schedule-free rules: Defazio et al. 2024, "The Road Less Scheduled" (arXiv 2405.15682), Algorithm 1, in the form that
// keeps y in the parameter and z as a state, as the authors' code does: for AdamW, SGD and RAdam.
//
//   lr_max <- max(lr_max, lr_t)
//   w <- t^weight_power * lr_max^weight_lr_power;  weight_sum <- weight_sum + w;  k <- w/weight_sum
//   y <- (y + k*(z - y)) + lr_t*(b1*(1-k) - 1) * u
//   z <- z - lr_t*u
//
//   AdamW:  lr_t <- lr * min(1, t/warmup_steps)
//           v <- b2*v + (1-b2)*(g*g);  u <- g / (sqrt(v) * (1/sqrt(1-b2^t)) + eps) + weight_decay*y
//   SGD:    lr_t likewise;  u <- g + weight_decay*y;  b1 is the momentum
//   RAdam:  v and u as of AdamW, while r is known; before that, u <- g + weight_decay*y
//           lr_t <- lr * r, which is 0 (silent_sgd_phase) or lr while r is not known
//
// r is the rectification of RAdam (arXiv 1908.03265), known from rho > 4 on. z starts at the parameter: as it is at the
// first step, whatever it was when the states were made.
#pragma once

#include <cmath>

#include "math/elementary.hpp"
#include "math/power.hpp"
#include "rules/rectification.hpp"
#include "rules/rule.hpp"

namespace adamas {
namespace {

struct ScheduleFreeScalars {
  double& weight_sum;
  double& lr_max;
};

// The weight k of z in the average, in a step with this learning rate.
inline double schedule_free_weight(const Hyperparameters& h, std::int64_t step, double lr,
                                   ScheduleFreeScalars scalars) {
  const double lr_max = lr > scalars.lr_max ? lr : scalars.lr_max;
  const double weight = real_power(static_cast<double>(step), h.weight_power) * real_power(lr_max, h.weight_lr_power);
  scalars.weight_sum = scalars.weight_sum + weight;
  scalars.lr_max = lr_max;
  return scalars.weight_sum > 0.0 ? weight / scalars.weight_sum : 0.0;
}

// Hyperparameters that these rules alone have.
inline bool accepts_schedule_free(const Hyperparameters& h) {
  return is_count(h.warmup_steps) && non_negative(h.weight_power, h.weight_lr_power);
}

inline double warmed_up(const Hyperparameters& h, std::int64_t step) {
  const auto t = static_cast<double>(step);
  return t < h.warmup_steps ? h.lr * (t / h.warmup_steps) : h.lr;
}

struct ScheduleFreeDefaults : RuleDefaults {
  using Scalars = ScheduleFreeScalars;
  static constexpr int kScalarCount = 2;
  static constexpr ScalarInfo kScalars[kMaxScalars] = {{"weight_sum", 0.0}, {"lr_max", 0.0}};
  static constexpr bool kOwnDecay = true;
  static constexpr int kStartsAtParam = 0;
};

// AdamW, or with kRectified RAdam.
template <bool kRectified>
struct ScheduleFreeRule : ScheduleFreeDefaults {
  template <class V>
  struct States {
    V& z;
    V& exp_avg_sq;
  };
  static constexpr int kStateCount = 2;
  static constexpr StateInfo kStates[kMaxStates] = {{"z", StateKind::kExact, nullptr},
                                                    {"exp_avg_sq", StateKind::kSquare, nullptr}};

  template <class T>
  struct Coefficients {
    T beta2, one_minus_beta2;
    T inverse_sqrt_bias2, eps, weight_decay, average, interpolated_step, step_size;
  };

  // At z itself, nothing would be known of the average.
  static bool accepts(const Hyperparameters& h) { return h.beta1 > 0.0 && accepts_schedule_free(h); }

  static void coefficients(const Hyperparameters& h, std::int64_t step, Scalars scalars, Coefficients<double&> c) {
    const double bias2 = one_minus_power(h.beta2, step);
    bool divides = true;
    double lr = warmed_up(h, step);
    if constexpr (kRectified) {
      const Rectification r = rectification(h.beta2, bias2, step, 4.0);
      divides = r.known;
      lr = h.lr * (r.known ? r.factor : h.silent_sgd_phase ? 0.0 : 1.0);
    }
    const double average = schedule_free_weight(h, step, lr, scalars);
    c.beta2 = h.beta2;
    c.one_minus_beta2 = 1.0 - h.beta2;
    // Without division, the divisor is 0*sqrt(v) + 1.
    c.inverse_sqrt_bias2 = divides ? 1.0 / std::sqrt(bias2) : 0.0;
    c.eps = divides ? h.eps : 1.0;
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

template <>
struct FormulaOf<ScheduleFreeRule<true>> {
  using Type = ScheduleFreeRule<false>;
};

struct ScheduleFreeSgdRule : ScheduleFreeDefaults {
  template <class V>
  struct States {
    V& z;
  };
  static constexpr int kStateCount = 1;
  static constexpr StateInfo kStates[kMaxStates] = {{"z", StateKind::kExact, nullptr}};

  template <class T>
  struct Coefficients {
    T weight_decay, average, interpolated_step, step_size;
  };

  static bool accepts(const Hyperparameters& h) {
    return h.momentum > 0.0 && h.momentum < 1.0 && accepts_schedule_free(h);
  }

  static void coefficients(const Hyperparameters& h, std::int64_t step, Scalars scalars, Coefficients<double&> c) {
    const double lr = warmed_up(h, step);
    const double average = schedule_free_weight(h, step, lr, scalars);
    c.weight_decay = h.weight_decay;
    c.average = average;
    c.interpolated_step = lr * (h.momentum * (1.0 - average) - 1.0);
    c.step_size = lr;
  }

  template <class V>
  static ADAMAS_INLINE V update(V p, V g, States<V> state, Coefficients<const V&> c) {
    const V u = g + c.weight_decay * p;
    const V z = state.z;
    state.z = z - c.step_size * u;
    return p + c.average * (z - p) + c.interpolated_step * u;
  }
};

}  // namespace
}  // namespace adamas
