// StableAdamW: Wortsman et al. 2023, "Stable and low-precision training for large-scale vision-language models" (arXiv
// 2304.13013): AdamW with Adafactor's clipping of the update, by its root mean square over the parameter.
//
//   k1 <- b1*(1-b1^(t-1))/(1-b1^t), k2 likewise: so that averages need no correction
//   m <- k1*m + (1-k1)*g
//   v <- k2*v + (1-k2)*(g*g)
//   r <- sqrt(mean of g*g / max(v, eps^2)),  lr_t <- lr/max(1, r)
//   p <- p*(1 - lr_t*weight_decay) - (lr_t*m) / (sqrt(v) + eps)
#pragma once

#include <cmath>

#include "math/power.hpp"
#include "rules/rule.hpp"

namespace adamas {
namespace {

struct StableAdamWRule : RuleDefaults {
  template <class V>
  struct States {
    V& exp_avg;
    V& exp_avg_sq;
  };
  static constexpr int kStateCount = 2;
  static constexpr StateInfo kStates[kMaxStates] = {{"exp_avg", StateKind::kSigned, "exp_avg_sq"},
                                                    {"exp_avg_sq", StateKind::kSquare, nullptr}};
  static constexpr bool kOwnDecay = true;

  template <class T>
  struct Coefficients {
    T beta1, one_minus_beta1;
    T beta2, one_minus_beta2;
    T eps, eps_square, weight_decay, kept, step_size;
  };

  static void coefficients(const Hyperparameters& h, std::int64_t step, Scalars, Coefficients<double&> c) {
    const double bias1 = one_minus_power(h.beta1, step);
    const double bias2 = one_minus_power(h.beta2, step);
    c.beta1 = step > 1 ? h.beta1 * one_minus_power(h.beta1, step - 1) / bias1 : 0.0;
    c.one_minus_beta1 = (1.0 - h.beta1) / bias1;
    c.beta2 = step > 1 ? h.beta2 * one_minus_power(h.beta2, step - 1) / bias2 : 0.0;
    c.one_minus_beta2 = (1.0 - h.beta2) / bias2;
    c.eps = h.eps;
    c.eps_square = h.eps * h.eps;
    c.weight_decay = h.weight_decay;
    c.kept = 1.0;
    c.step_size = h.lr;
  }

  template <class T>
  struct Sums {
    T ratio;
  };
  static constexpr int kSumCount = 1;
  static constexpr const char* kSums[kMaxSums] = {"ratio"};

  static void take_sums(Sums<const double&> sums, double size, Scalars, Coefficients<double&> c) {
    // NaN, from an element that overflowed, clips nothing.
    if (sums.ratio > size) c.step_size = c.step_size / std::sqrt(sums.ratio / size);
    c.kept = 1.0 - c.step_size * c.weight_decay;
  }

  static constexpr bool kTakesRoot = true;

  template <class V>
  static ADAMAS_INLINE void products(V, V g, States<V> state, Coefficients<const V&> c, Sums<Product<V>&> sums) {
    const V grad_square = g * g;
    const V v = c.beta2 * state.exp_avg_sq + c.one_minus_beta2 * grad_square;
    sums.ratio = {grad_square / larger(v, c.eps_square), V::broadcast(1)};
  }

  template <class V>
  static ADAMAS_INLINE V begin(V, V g, States<V> state, Coefficients<const V&> c) {
    state.exp_avg = c.beta1 * state.exp_avg + c.one_minus_beta1 * g;
    state.exp_avg_sq = c.beta2 * state.exp_avg_sq + c.one_minus_beta2 * (g * g);
    return square_root(state.exp_avg_sq);
  }

  template <class V>
  static ADAMAS_INLINE V finish(V p, V, V root, States<V> state, Coefficients<const V&> c) {
    return p * c.kept - c.step_size * state.exp_avg / (root + c.eps);
  }
};

}  // namespace
}  // namespace adamas
