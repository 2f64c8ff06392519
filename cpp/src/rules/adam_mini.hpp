// Adam-mini: Zhang et al. 2024, "Adam-mini: Use Fewer Learning Rates To Gain More" (arXiv 2406.16793), Algorithm 1:
// AdamW with one second moment for each block of a parameter. A block is a row of the matrix that the parameter is
// taken for.
//
//   m <- b1*m + (1-b1)*g
//   v <- b2*v + (1-b2)*(mean of g*g over the block)
//   p <- p - m * ((lr/(1-b1^t)) / (sqrt(v) * (1/sqrt(1-b2^t)) + eps))
#pragma once

#include <cmath>

#include "math/power.hpp"
#include "rules/adam.hpp"
#include "rules/rule.hpp"

namespace adamas {
namespace {

struct AdamMiniRule : RuleDefaults {
  template <class V>
  struct States {
    V& exp_avg;
    V& exp_avg_sq;
  };
  static constexpr int kStateCount = 2;
  static constexpr StateInfo kStates[kMaxStates] = {{"exp_avg", StateKind::kSigned, nullptr},
                                                    {"exp_avg_sq", StateKind::kExact, nullptr, StateExtent::kRow}};

  template <class T>
  struct Coefficients {
    T beta1, one_minus_beta1;
    T beta2, one_minus_beta2;
    T inverse_sqrt_bias2, eps, step_size;
  };

  static void coefficients(const Hyperparameters& h, std::int64_t step, Scalars, Coefficients<double&> c) {
    c.beta1 = h.beta1;
    c.one_minus_beta1 = 1.0 - h.beta1;
    c.beta2 = h.beta2;
    c.one_minus_beta2 = 1.0 - h.beta2;
    c.inverse_sqrt_bias2 = 1.0 / std::sqrt(one_minus_power(h.beta2, step));
    c.eps = h.eps;
    c.step_size = h.lr / one_minus_power(h.beta1, step);
  }

  static double next_square(double square, double mean, Coefficients<const double&> c) {
    return c.beta2 * square + c.one_minus_beta2 * mean;
  }
  // The step size of the block.
  static double row_factor(double square, double, Coefficients<const double&> c) {
    return c.step_size / (std::sqrt(square) * c.inverse_sqrt_bias2 + c.eps);
  }

  template <class V>
  static ADAMAS_INLINE V update(V p, V g, States<V> state, Coefficients<const V&> c) {
    state.exp_avg = c.beta1 * state.exp_avg + c.one_minus_beta1 * g;
    return p - state.exp_avg * state.exp_avg_sq;
  }
};

// Where each element is a block, that is Adam.
struct AdamMiniElementsRule : AdamRule<false> {
  static constexpr bool kHasClosedForm = false;
  static constexpr bool kCautious = false;
  static constexpr bool kFollowsAverage = false;
};
template <>
struct FormulaOf<AdamMiniElementsRule> {
  using Type = AdamRule<false>;
};

}  // namespace
}  // namespace adamas
