// RAdam: Liu et al. 2020, "On the Variance of the Adaptive Learning Rate and Beyond" (arXiv 1908.03265), Algorithm 2,
// with the threshold and the place of eps of PyTorch.
//
//   m <- b1*m + (1-b1)*g
//   v <- b2*v + (1-b2)*(g*g)
//   rho <- rho_inf - 2*t*b2^t/(1-b2^t),  rho_inf = 2/(1-b2) - 1
//   rho > 5:    p <- p - (lr/(1-b1^t) * r * sqrt(1-b2^t) * m) / (sqrt(v) + eps),
//               r = sqrt((rho-4)*(rho-2)*rho_inf / ((rho_inf-4)*(rho_inf-2)*rho))
//   otherwise:  p <- p - lr/(1-b1^t) * m
#pragma once

#include <cmath>

#include "math/power.hpp"
#include "rules/rule.hpp"

namespace adamas {
namespace {

struct RAdamRule : RuleDefaults {
  static constexpr int kStateCount = 2;
  static constexpr StateInfo kStates[kMaxStates] = {{"exp_avg", StateKind::kSigned, "exp_avg_sq"},
                                                    {"exp_avg_sq", StateKind::kSquare, nullptr}};

  enum { kBeta1, kOneMinusBeta1, kBeta2, kOneMinusBeta2, kEps, kRectified, kStepSize, kCoefficientCount };

  static void coefficients(const Hyperparameters& h, std::int64_t step, double*, double* c) {
    const double bias2 = one_minus_power(h.beta2, step);
    const double rho_inf = 2.0 / (1.0 - h.beta2) - 1.0;
    const double rho = rho_inf - 2.0 * static_cast<double>(step) * (1.0 - bias2) / bias2;
    const bool rectified = rho > 5.0;
    const double rectification =
        rectified ? std::sqrt((rho - 4.0) * (rho - 2.0) * rho_inf / ((rho_inf - 4.0) * (rho_inf - 2.0) * rho)) : 1.0;
    c[kBeta1] = h.beta1;
    c[kOneMinusBeta1] = 1.0 - h.beta1;
    c[kBeta2] = h.beta2;
    c[kOneMinusBeta2] = 1.0 - h.beta2;
    c[kEps] = h.eps;
    c[kRectified] = rectified ? 1.0 : 0.0;
    c[kStepSize] = h.lr / one_minus_power(h.beta1, step) * (rectified ? rectification * std::sqrt(bias2) : 1.0);
  }

  template <class V>
  static V update(V p, V g, V* state, const V* c) {
    const V m = state[0] = c[kBeta1] * state[0] + c[kOneMinusBeta1] * g;
    const V v = state[1] = c[kBeta2] * state[1] + c[kOneMinusBeta2] * (g * g);
    const V d = where_greater(c[kRectified], V::broadcast(0), square_root(v) + c[kEps], V::broadcast(1));
    return p - c[kStepSize] * m / d;
  }
};

}  // namespace
}  // namespace adamas
