#include "engine/coefficients.hpp"

#include <cmath>

#include "rules/registry.hpp"

namespace adamas {
namespace {

using RuleCoefficients = void (*)(const Hyperparameters&, std::int64_t, double*);

#define ADAMAS_CELL(name, ...) &__VA_ARGS__::coefficients,
constexpr RuleCoefficients kRuleCoefficients[] = {ADAMAS_RULES(ADAMAS_CELL)};
#undef ADAMAS_CELL

bool non_negative(double value) { return std::isfinite(value) && value >= 0.0; }
bool fraction(double value) { return value >= 0.0 && value < 1.0; }

}  // namespace

void compute_coefficients(Rule rule, const Hyperparameters& h, std::int64_t step, Coefficients* out) noexcept {
  // Without decay, decoupled decay multiplies by exactly 1, while coupled decay would add 0 * p (a NaN for infinite p).
  const bool coupled = h.decay == Decay::kCoupled && h.weight_decay != 0.0;
  out->decay_mode = coupled ? Decay::kCoupled : Decay::kDecoupled;
  if (coupled) {
    out->decay = h.weight_decay;
  } else {
    out->decay = h.decay == Decay::kDecoupled ? 1.0 - h.lr * h.weight_decay : 1.0;
  }
  out->grad_scale = h.maximize ? -1.0 : 1.0;
  kRuleCoefficients[static_cast<int>(rule)](h, step, out->rule);
}

Status check(const Hyperparameters& h) noexcept {
  const bool valid = non_negative(h.lr) && fraction(h.beta1) && fraction(h.beta2) && non_negative(h.eps) &&
                     non_negative(h.weight_decay);
  return valid ? Status::kOk : Status::kInvalidHyperparameter;
}

}  // namespace adamas
