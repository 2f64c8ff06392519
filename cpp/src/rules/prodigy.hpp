// Prodigy: Mishchenko and Defazio 2023, "Prodigy: An Expeditiously Adaptive Parameter-Free Learner" (arXiv 2306.06101),
// Algorithm 4, in the form of the authors' code (prodigyopt): Adam whose step size d is an estimate of the distance
// from the start p0 to the solution. d is one number for all parameters.
//
//   dlr <- d*lr,  with bias correction times sqrt(1-b2^k)/(1-b1^k)
//   g <- g + coupled_decay*p
//   m <- b1*m + (d*(1-b1))*g
//   v <- b2*v + (d^2*(1-b2))*(g*g)
//   s <- b3*s + (d/d0*dlr)*g                                  (d/d0*d in place of d/d0*dlr with safeguard_warmup)
//   numerator <- b3*numerator + sum of (d/d0*dlr * g)*(p0 - p)
//   d <- max of all d_coef*numerator / sum of |s|, at most growth_rate*d
//   p <- p - ((dlr*decay)*p + dlr*m / (sqrt(v) + d*eps))      (dlr has the d of before)
//
// The sums are over all parameters with a gradient. Where lr is 0, all stays as it is, and is left out of the sums. So
// does everything while all s are 0, since nothing is known then.
#pragma once

#include <cmath>

#include "math/power.hpp"
#include "rules/rule.hpp"

namespace adamas {
namespace {

struct ProdigyRule : RuleDefaults {
  template <class V>
  struct States {
    V& exp_avg;
    V& exp_avg_sq;
    V& s;
    V& p0;
  };
  static constexpr int kStateCount = 4;
  // d only grows. A sum of |s| that rounding makes too small even once would make it too large for good; and what is
  // added to s in a step is about 1/2000 of it.
  static constexpr StateInfo kStates[kMaxStates] = {{"exp_avg", StateKind::kSigned, "exp_avg_sq"},
                                                    {"exp_avg_sq", StateKind::kSquare, nullptr},
                                                    {"s", StateKind::kExact, nullptr},
                                                    {"p0", StateKind::kExact, nullptr}};
  static constexpr int kStartsAtParam = 3;
  static constexpr int kUnchangedState = 3;
  static constexpr bool kOwnDecay = true;

  // d is 0 before the first step, which takes d0. k counts the steps that told something of d.
  struct SharedScalars {
    double& d;
    double& d_max;
    double& d_numerator;
    double& k;
  };
  static constexpr int kSharedScalarCount = 4;
  static constexpr ScalarInfo kSharedScalars[kMaxSharedScalars] = {
      {"d", 0.0}, {"d_max", 0.0}, {"d_numerator", 0.0}, {"k", 0.0}};

  template <class T>
  struct Coefficients {
    T beta1, grad_step;
    T beta2, square_step;
    T beta3, s_step;
    T distance_step, counted;
    T coupled_decay, decay_step, eps, step_size;
  };

  static bool accepts(const Hyperparameters& h) {
    const bool has_beta = h.estimate_beta >= 0.0 && h.estimate_beta < 1.0;
    const bool limits_growth = h.growth_rate >= 1.0 && std::isfinite(h.growth_rate);
    return h.d0 > 0.0 && std::isfinite(h.d0) && h.d_coef >= 0.0 && std::isfinite(h.d_coef) &&
           (has_beta || h.estimate_beta == -1.0) && (limits_growth || h.growth_rate == -1.0);
  }

  static bool join(const Hyperparameters& h, Hyperparameters& all) {
    if (all.lr == 0.0) all.lr = h.lr;
    return (h.lr == 0.0 || h.lr == all.lr) && h.beta1 == all.beta1 && h.beta2 == all.beta2 &&
           h.estimate_beta == all.estimate_beta && h.d0 == all.d0 && h.d_coef == all.d_coef &&
           h.growth_rate == all.growth_rate && h.bias_correction == all.bias_correction;
  }

  static double beta3(const Hyperparameters& h) { return h.estimate_beta < 0.0 ? std::sqrt(h.beta2) : h.estimate_beta; }

  static void coefficients(const Hyperparameters& h, std::int64_t, Scalars, SharedScalars shared,
                           Coefficients<double&> c) {
    const bool moves = h.lr > 0.0;
    const double d = shared.d == 0.0 ? h.d0 : shared.d;
    double dlr = d * h.lr;
    if (h.bias_correction) {
      constexpr double kLast = 0x1p60;  // it may have been set to anything
      const std::int64_t k = shared.k >= 0.0 && shared.k < kLast ? static_cast<std::int64_t>(shared.k) + 1 : 1;
      dlr = dlr * (std::sqrt(one_minus_power(h.beta2, k)) / one_minus_power(h.beta1, k));
    }
    const double scale = moves ? d / h.d0 : 0.0;
    c.beta1 = moves ? h.beta1 : 1.0;
    c.grad_step = moves ? d * (1.0 - h.beta1) : 0.0;
    c.beta2 = moves ? h.beta2 : 1.0;
    c.square_step = moves ? d * d * (1.0 - h.beta2) : 0.0;
    c.beta3 = moves ? beta3(h) : 1.0;
    c.s_step = scale * (h.safeguard_warmup ? d : dlr);
    c.distance_step = scale * dlr;
    c.counted = moves ? 1.0 : 0.0;
    c.coupled_decay = h.decay == Decay::kCoupled ? h.weight_decay : 0.0;
    c.decay_step = h.decay == Decay::kCoupled ? 0.0 : dlr * h.weight_decay;
    c.eps = h.eps;
    c.step_size = dlr;
  }

  template <class T>
  struct Sums {
    T distance, magnitude;
  };
  static constexpr int kSumCount = 2;
  static constexpr const char* kSums[kMaxSums] = {"distance", "magnitude"};

  static void share(const Hyperparameters& h, Sums<const double&> totals, SharedScalars shared) {
    if (shared.d == 0.0) shared.d = shared.d_max = h.d0;
    if (totals.magnitude == 0.0) return;
    shared.k = shared.k + 1.0;
    const double numerator = beta3(h) * shared.d_numerator + totals.distance;
    const double estimate = h.d_coef * numerator / totals.magnitude;
    if (!std::isfinite(numerator) || !std::isfinite(estimate)) return;  // a gradient is not
    const double d = shared.d == h.d0 && estimate > shared.d ? estimate : shared.d;
    const double limit = d * h.growth_rate;
    shared.d_numerator = numerator;
    if (estimate > shared.d_max) shared.d_max = estimate;
    shared.d = h.growth_rate < 0.0 || shared.d_max < limit ? shared.d_max : limit;
  }

  static void take_totals(Sums<const double&> totals, SharedScalars shared, Coefficients<double&> c) {
    c.eps = c.eps * shared.d;
    if (totals.magnitude == 0.0) {
      c.decay_step = 0.0;
      c.step_size = 0.0;
    }
  }

  template <class V>
  static ADAMAS_INLINE void products(V p, V g, States<V> state, Coefficients<const V&> c, Sums<Product<V>&> sums) {
    g = g + c.coupled_decay * p;
    sums.distance = {c.distance_step * g, state.p0 - p};
    sums.magnitude = {magnitude(c.beta3 * state.s + c.s_step * g), c.counted};
  }

  static constexpr bool kTakesRoot = true;

  template <class V>
  static ADAMAS_INLINE V begin(V p, V g, States<V> state, Coefficients<const V&> c) {
    g = g + c.coupled_decay * p;
    state.exp_avg = c.beta1 * state.exp_avg + c.grad_step * g;
    state.exp_avg_sq = c.beta2 * state.exp_avg_sq + c.square_step * (g * g);
    state.s = c.beta3 * state.s + c.s_step * g;
    return square_root(state.exp_avg_sq);
  }

  template <class V>
  static ADAMAS_INLINE V finish(V p, V, V root, States<V> state, Coefficients<const V&> c) {
    return p - (c.decay_step * p + c.step_size * state.exp_avg / (root + c.eps));
  }
};

}  // namespace
}  // namespace adamas
