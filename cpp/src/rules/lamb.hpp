// LAMB: You et al. 2020, "Large Batch Optimization for Deep Learning: Training BERT in 76 minutes" (arXiv 1904.00962),
// Algorithm 2, as in optax: the trust ratio is |p|/|u|, and 1 where either norm is zero.
//
//   m <- b1*m + (1-b1)*g
//   v <- b2*v + (1-b2)*(g*g)
//   d <- sqrt(v) * (1/sqrt(1-b2^t)) + eps
//   u <- (1/(1-b1^t) * m) / d + weight_decay*p
//   p <- p - (lr*|p|/|u|) * u
//
// The norms of p and u are over all elements.
#pragma once

#include <cmath>

#include "math/power.hpp"
#include "rules/rule.hpp"

namespace adamas {
namespace {

struct LambRule : RuleDefaults {
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
    T inverse_sqrt_bias2, eps, inverse_bias1, weight_decay, step_size;
  };

  static void coefficients(const Hyperparameters& h, std::int64_t step, Scalars, Coefficients<double&> c) {
    const double bias1 = h.bias_correction ? one_minus_power(h.beta1, step) : 1.0;
    const double bias2 = h.bias_correction ? one_minus_power(h.beta2, step) : 1.0;
    c.beta1 = h.beta1;
    c.one_minus_beta1 = 1.0 - h.beta1;
    c.beta2 = h.beta2;
    c.one_minus_beta2 = 1.0 - h.beta2;
    c.inverse_sqrt_bias2 = 1.0 / std::sqrt(bias2);
    c.eps = h.eps;
    c.inverse_bias1 = 1.0 / bias1;
    c.weight_decay = h.weight_decay;
    c.step_size = h.lr;
  }

  template <class T>
  struct Sums {
    T param_square, direction_square;
  };
  static constexpr int kSumCount = 2;
  static constexpr const char* kSums[kMaxSums] = {"param_square", "direction_square"};

  static void take_sums(Sums<const double&> sums, double, Scalars, Coefficients<double&> c) {
    const bool zero = sums.param_square == 0.0 || sums.direction_square == 0.0;
    const double trust = zero ? 1.0 : std::sqrt(sums.param_square) / std::sqrt(sums.direction_square);
    c.step_size = c.step_size * trust;
  }

  static constexpr bool kTakesRoot = true;

  template <class V>
  static ADAMAS_INLINE V begin(V, V g, States<V> state, Coefficients<const V&> c) {
    state.exp_avg = c.beta1 * state.exp_avg + c.one_minus_beta1 * g;
    state.exp_avg_sq = c.beta2 * state.exp_avg_sq + c.one_minus_beta2 * (g * g);
    return square_root(state.exp_avg_sq);
  }

  template <class V>
  static ADAMAS_INLINE V direction(V p, V root, States<V> state, Coefficients<const V&> c) {
    const V d = root * c.inverse_sqrt_bias2 + c.eps;
    return c.inverse_bias1 * state.exp_avg / d + c.weight_decay * p;
  }

  template <class V>
  static ADAMAS_INLINE void products(V p, V g, States<V> state, Coefficients<const V&> c, Sums<Product<V>&> sums) {
    sums.param_square = square(p);
    sums.direction_square = square(direction(p, begin(p, g, state, c), state, c));
  }

  template <class V>
  static ADAMAS_INLINE V finish(V p, V, V root, States<V> state, Coefficients<const V&> c) {
    return p - c.step_size * direction(p, root, state, c);
  }
};

}  // namespace
}  // namespace adamas
