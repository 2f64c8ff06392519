// Adadelta: Zeiler 2012, "ADADELTA: An Adaptive Learning Rate Method" (arXiv 1212.5701), Algorithm 1, with the learning
// rate of PyTorch.
//
//   v <- rho*v + (1-rho)*(g*g)
//   u <- sqrt((a + eps)/(v + eps)) * g
//   a <- rho*a + (1-rho)*(u*u)
//   p <- p - lr*u
#pragma once

#include "rules/rule.hpp"

namespace adamas {
namespace {

struct AdadeltaRule : RuleDefaults {
  template <class V>
  struct States {
    V& square_avg;
    V& acc_delta;
  };
  static constexpr int kStateCount = 2;
  static constexpr StateInfo kStates[kMaxStates] = {{"square_avg", StateKind::kSquare, nullptr},
                                                    {"acc_delta", StateKind::kSquare, nullptr}};

  template <class T>
  struct Coefficients {
    T rho, one_minus_rho, eps, step_size;
  };

  static bool accepts(const Hyperparameters& h) { return h.alpha < 1.0; }

  static void coefficients(const Hyperparameters& h, std::int64_t, Scalars, Coefficients<double&> c) {
    c.rho = h.alpha;
    c.one_minus_rho = 1.0 - h.alpha;
    c.eps = h.eps;
    c.step_size = h.lr;
  }

  // In one part, since the second state is known only behind the root.
  template <class V>
  static ADAMAS_INLINE V update(V p, V g, States<V> state, Coefficients<const V&> c) {
    state.square_avg = c.rho * state.square_avg + c.one_minus_rho * (g * g);
    const V u = square_root((state.acc_delta + c.eps) / (state.square_avg + c.eps)) * g;
    state.acc_delta = c.rho * state.acc_delta + c.one_minus_rho * (u * u);
    return p - c.step_size * u;
  }
};

}  // namespace
}  // namespace adamas
