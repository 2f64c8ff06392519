// MARS-AdamW: Yuan et al. 2024, "MARS: Unleashing the Power of Variance Reduction for Training Large Models" (arXiv
// 2411.10438), Algorithm 2, in the approximate form of the authors' code, with the last step's gradient.
//
//   c <- gamma*b1/(1-b1) * (g - previous g) + g       (g at the first step)
//   c <- c / max(1, |c|)
//   m <- b1*m + (1-b1)*c
//   v <- b2*v + (1-b2)*(c*c)
//   d <- sqrt(v) * (1/sqrt(1-b2^t)) + eps
//   p <- p - (lr/(1-b1^t) * m) / d
//
// The norm of c is over all elements.
#pragma once

#include <cmath>

#include "math/power.hpp"
#include "rules/rule.hpp"

namespace adamas {
namespace {

struct MarsRule : RuleDefaults {
  template <class V>
  struct States {
    V& exp_avg;
    V& exp_avg_sq;
    V& previous_grad;
  };
  static constexpr int kStateCount = 3;
  static constexpr StateInfo kStates[kMaxStates] = {{"exp_avg", StateKind::kSigned, "exp_avg_sq"},
                                                    {"exp_avg_sq", StateKind::kSquare, nullptr},
                                                    {"previous_grad", StateKind::kSigned, nullptr}};
  static constexpr bool kCautious = true;

  template <class T>
  struct Coefficients {
    T beta1, one_minus_beta1;
    T beta2, one_minus_beta2;
    T correction, scale, inverse_sqrt_bias2, eps, step_size;
  };

  static bool accepts(const Hyperparameters& h) { return non_negative(h.gamma); }

  static void coefficients(const Hyperparameters& h, std::int64_t step, Scalars, Coefficients<double&> c) {
    c.beta1 = h.beta1;
    c.one_minus_beta1 = 1.0 - h.beta1;
    c.beta2 = h.beta2;
    c.one_minus_beta2 = 1.0 - h.beta2;
    c.correction = step == 1 ? 0.0 : h.gamma * h.beta1 / (1.0 - h.beta1);
    c.scale = 1.0;
    c.inverse_sqrt_bias2 = 1.0 / std::sqrt(one_minus_power(h.beta2, step));
    c.eps = h.eps;
    c.step_size = h.lr / one_minus_power(h.beta1, step);
  }

  template <class T>
  struct Sums {
    T corrected_square;
  };
  static constexpr int kSumCount = 1;
  static constexpr const char* kSums[kMaxSums] = {"corrected_square"};

  static void take_sums(Sums<const double&> sums, double, Scalars, Coefficients<double&> c) {
    const double norm = std::sqrt(sums.corrected_square);
    c.scale = norm <= 1.0 ? 1.0 : 1.0 / norm;
  }

  template <class V>
  static ADAMAS_INLINE V corrected(V g, States<V> state, Coefficients<const V&> c) {
    return c.correction * (g - state.previous_grad) + g;
  }

  template <class V>
  static ADAMAS_INLINE void products(V, V g, States<V> state, Coefficients<const V&> c, Sums<Product<V>&> sums) {
    sums.corrected_square = square(corrected(g, state, c));
  }

  static constexpr bool kTakesRoot = true;

  template <class V>
  static ADAMAS_INLINE V begin(V, V g, States<V> state, Coefficients<const V&> c) {
    const V clipped = c.scale * corrected(g, state, c);
    state.exp_avg = c.beta1 * state.exp_avg + c.one_minus_beta1 * clipped;
    state.exp_avg_sq = c.beta2 * state.exp_avg_sq + c.one_minus_beta2 * (clipped * clipped);
    state.previous_grad = g;
    return square_root(state.exp_avg_sq);
  }

  template <class V>
  static ADAMAS_INLINE V finish(V p, V, V root, States<V> state, Coefficients<const V&> c) {
    const V d = root * c.inverse_sqrt_bias2 + c.eps;
    return p - c.step_size * state.exp_avg / d;
  }
};

}  // namespace
}  // namespace adamas
