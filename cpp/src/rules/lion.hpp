// Lion: Chen et al. 2023, "Symbolic Discovery of Optimization Algorithms" (arXiv 2302.06675), Program 1.
//
//   u <- sign(b1*m + (1-b1)*g)
//   m <- b2*m + (1-b2)*g
//   p <- p - lr*u
#pragma once

#include "rules/rule.hpp"

namespace adamas {
namespace {

struct LionRule : RuleDefaults {
  static constexpr int kStateCount = 1;
  static constexpr StateInfo kStates[kMaxStates] = {{"exp_avg", StateKind::kSigned, nullptr}};

  enum { kBeta1, kOneMinusBeta1, kBeta2, kOneMinusBeta2, kStepSize, kCoefficientCount };

  static void coefficients(const Hyperparameters& h, std::int64_t, double*, double* c) {
    c[kBeta1] = h.beta1;
    c[kOneMinusBeta1] = 1.0 - h.beta1;
    c[kBeta2] = h.beta2;
    c[kOneMinusBeta2] = 1.0 - h.beta2;
    c[kStepSize] = h.lr;
  }

  template <class V>
  static V update(V p, V g, V* state, const V* c) {
    const V mixed = c[kBeta1] * state[0] + c[kOneMinusBeta1] * g;
    state[0] = c[kBeta2] * state[0] + c[kOneMinusBeta2] * g;
    return p - with_sign(c[kStepSize], mixed);
  }
};

}  // namespace
}  // namespace adamas
