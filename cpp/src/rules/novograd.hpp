// NovoGrad: Ginsburg et al. 2019, "Stochastic Gradient Methods with Layer-wise Adaptive Moments for Training of Deep
// Networks" (arXiv 1905.11286), Algorithm 1, as in optax. The second moment is one number for the whole parameter.
//
//   v <- b2*v + (1-b2)*|g|^2       (v <- |g|^2 at the first step)
//   m <- b1*m + (1/(sqrt(v + eps_root) + eps) * g + weight_decay*p)
//   p <- p - lr*m
//
// The norm of g is over all elements.
#pragma once

#include <cmath>

#include "rules/rule.hpp"

namespace adamas {
namespace {

struct NovoGradRule : RuleDefaults {
  template <class V>
  struct States {
    V& exp_avg;
  };
  static constexpr int kStateCount = 1;
  static constexpr StateInfo kStates[kMaxStates] = {{"exp_avg", StateKind::kSigned, nullptr}};
  struct Scalars {
    double& exp_avg_sq;
  };
  static constexpr int kScalarCount = 1;
  static constexpr ScalarInfo kScalars[kMaxScalars] = {{"exp_avg_sq", 0.0}};
  static constexpr bool kOwnDecay = true;

  template <class T>
  struct Coefficients {
    T beta1, beta2, one_minus_beta2, eps_root, eps, scale, weight_decay, step_size;
  };

  static void coefficients(const Hyperparameters& h, std::int64_t step, Scalars, Coefficients<double&> c) {
    c.beta1 = h.beta1;
    c.beta2 = step == 1 ? 0.0 : h.beta2;
    c.one_minus_beta2 = step == 1 ? 1.0 : 1.0 - h.beta2;
    c.eps_root = h.eps_root;
    c.eps = h.eps;
    c.scale = 1.0;
    c.weight_decay = h.weight_decay;
    c.step_size = h.lr;
  }

  template <class T>
  struct Sums {
    T grad_square;
  };
  static constexpr int kSumCount = 1;
  static constexpr const char* kSums[kMaxSums] = {"grad_square"};

  static void take_sums(Sums<const double&> sums, double, Scalars scalars, Coefficients<double&> c) {
    scalars.exp_avg_sq = c.beta2 * scalars.exp_avg_sq + c.one_minus_beta2 * sums.grad_square;
    c.scale = 1.0 / (std::sqrt(scalars.exp_avg_sq + c.eps_root) + c.eps);
  }

  template <class V>
  static ADAMAS_INLINE void products(V, V g, States<V>, Coefficients<const V&>, Sums<Product<V>&> sums) {
    sums.grad_square = square(g);
  }

  template <class V>
  static ADAMAS_INLINE V update(V p, V g, States<V> state, Coefficients<const V&> c) {
    state.exp_avg = c.beta1 * state.exp_avg + (c.scale * g + c.weight_decay * p);
    return p - c.step_size * state.exp_avg;
  }
};

}  // namespace
}  // namespace adamas
