// ADOPT: Taniguchi et al. 2024, "ADOPT: Modified Adam Can Converge with Any beta2 with the Optimal Rate"
// (arXiv 2411.02853), Algorithm 2 with its clipping, as in optax. The first step only sets v.
//
//   u <- clip(g / max(sqrt(v), eps), (t-1)^(1/4))       without clipping: no bound; 0 at the first step
//   m <- b1*m + (1-b1)*u
//   v <- b2*v + (1-b2)*(g*g)                            g*g at the first step
//   p <- p - lr*m
#pragma once

#include <cmath>

#include "rules/rule.hpp"

namespace adamas {
namespace {

struct AdoptRule : RuleDefaults {
  static constexpr int kStateCount = 2;
  static constexpr StateInfo kStates[kMaxStates] = {{"exp_avg", StateKind::kSigned, nullptr},
                                                    {"exp_avg_sq", StateKind::kSquare, nullptr}};

  enum { kBeta1, kOneMinusBeta1, kBeta2, kOneMinusBeta2, kEps, kBound, kStepSize, kCoefficientCount };

  static void coefficients(const Hyperparameters& h, std::int64_t step, double*, double* c) {
    const bool first = step == 1;
    c[kBeta1] = h.beta1;
    c[kOneMinusBeta1] = 1.0 - h.beta1;
    c[kBeta2] = first ? 0.0 : h.beta2;
    c[kOneMinusBeta2] = first ? 1.0 : 1.0 - h.beta2;
    c[kEps] = h.eps;
    c[kBound] = h.clip || first ? std::sqrt(std::sqrt(static_cast<double>(step - 1))) : HUGE_VAL;
    c[kStepSize] = h.lr;
  }

  template <class V>
  static V update(V p, V g, V* state, const V* c) {
    const V u = clamp(g / larger(c[kEps], square_root(state[1])), c[kBound]);
    const V m = state[0] = c[kBeta1] * state[0] + c[kOneMinusBeta1] * u;
    state[1] = c[kBeta2] * state[1] + c[kOneMinusBeta2] * (g * g);
    return p - c[kStepSize] * m;
  }
};

}  // namespace
}  // namespace adamas
