// LARS: You, Gitman and Ginsburg 2017, "Large Batch Training of Convolutional Networks" (arXiv 1708.03888), as in
// optax: the trust ratio is trust_coefficient*|p| / (|u| + eps), and 1 where either norm is zero.
//
//   u <- g + weight_decay*p
//   b <- momentum*b + (lr*trust ratio) * u
//   p <- p - (k*(lr*trust ratio)*u + n*b)       Nesterov: k = 1, n = momentum; else k = 0, n = 1
//
// The norms of p and u are over all elements.
#pragma once

#include <cmath>

#include "rules/rule.hpp"

namespace adamas {
namespace {

struct LarsRule : RuleDefaults {
  template <class V>
  struct States {
    V& momentum_buffer;
  };
  static constexpr int kStateCount = 1;
  static constexpr StateInfo kStates[kMaxStates] = {{"momentum_buffer", StateKind::kSigned, nullptr}};
  static constexpr bool kOwnDecay = true;

  template <class T>
  struct Coefficients {
    T momentum, weight_decay, trust_coefficient, eps, step_size, of_direction, of_buffer;
  };

  static bool accepts(const Hyperparameters& h) { return non_negative(h.trust_coefficient); }

  static void coefficients(const Hyperparameters& h, std::int64_t, Scalars, Coefficients<double&> c) {
    c.momentum = h.momentum;
    c.weight_decay = h.weight_decay;
    c.trust_coefficient = h.trust_coefficient;
    c.eps = h.eps;
    c.step_size = h.lr;
    c.of_direction = h.nesterov ? 1.0 : 0.0;
    c.of_buffer = h.nesterov ? h.momentum : 1.0;
  }

  template <class T>
  struct Sums {
    T param_square, direction_square;
  };
  static constexpr int kSumCount = 2;
  static constexpr const char* kSums[kMaxSums] = {"param_square", "direction_square"};

  static void take_sums(Sums<const double&> sums, double, Scalars, Coefficients<double&> c) {
    if (sums.param_square == 0.0 || sums.direction_square == 0.0) return;
    const double norms = std::sqrt(sums.param_square) / (std::sqrt(sums.direction_square) + c.eps);
    c.step_size = c.step_size * (c.trust_coefficient * norms);
  }

  template <class V>
  static ADAMAS_INLINE void products(V p, V g, States<V>, Coefficients<const V&> c, Sums<Product<V>&> sums) {
    sums.param_square = square(p);
    sums.direction_square = square(g + c.weight_decay * p);
  }

  template <class V>
  static ADAMAS_INLINE V update(V p, V g, States<V> state, Coefficients<const V&> c) {
    const V u = c.step_size * (g + c.weight_decay * p);
    const V b = state.momentum_buffer = c.momentum * state.momentum_buffer + u;
    return p - (c.of_direction * u + c.of_buffer * b);
  }
};

}  // namespace
}  // namespace adamas
