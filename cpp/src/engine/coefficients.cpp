#include "engine/coefficients.hpp"

#include <cmath>

#include "rules/registry.hpp"

namespace adamas {
namespace {

// The scalar side of a rule.
struct RuleFunctions {
  bool (*accepts)(const Hyperparameters&);
  void (*coefficients)(const Hyperparameters&, std::int64_t, double*, double*);
  void (*take_sums)(const double*, double, double*, double*);
  IdleStep (*idle_step)(const double*);
};

template <class R>
void coefficients_of(const Hyperparameters& h, std::int64_t step, double* scalars, double* out) {
  R::coefficients(h, step, scalars_by_name<R>(scalars), coefficients_by_name<R>(out));
}

template <class R>
void take_sums_of(const double* sums, double size, double* scalars, double* coefficients) {
  R::take_sums(sums_by_name<R>(sums), size, scalars_by_name<R>(scalars), coefficients_by_name<R>(coefficients));
}

template <class R>
IdleStep idle_step_of(const double* coefficients) {
  return R::idle_step(coefficients_by_name<R>(coefficients));
}

template <class R>
constexpr RuleFunctions functions_of() {
  static_assert(kCoefficientCount<R> <= kMaxCoefficients);
  RuleFunctions functions{&R::accepts, &coefficients_of<R>, nullptr, nullptr};
  if constexpr (R::kSumCount != 0) functions.take_sums = &take_sums_of<R>;
  if constexpr (R::kHasClosedForm) functions.idle_step = &idle_step_of<R>;
  return functions;
}

#define ADAMAS_CELL(name, ...) functions_of<__VA_ARGS__>(),
constexpr RuleFunctions kFunctions[] = {ADAMAS_RULES(ADAMAS_CELL)};
#undef ADAMAS_CELL

const RuleFunctions& functions(Rule rule) { return kFunctions[static_cast<int>(rule)]; }

// Of all values, without a branch for each, since every step asks. (Infinity and NaN times zero are NaN.)
template <class... Values>
bool non_negative(Values... values) {
  double least = 0.0;
  double zero = 0.0;
  ((least = values < least ? values : least), ...);
  ((zero += values * 0.0), ...);
  return least == 0.0 && zero == 0.0;
}
bool fraction(double value) { return value >= 0.0 && value < 1.0; }

// What decoupled decay multiplies weight_decay by.
double decay_rate(const Hyperparameters& h) {
  switch (h.decay) {
    case Decay::kCoupled:
    case Decay::kDecoupled: return h.lr;
    case Decay::kCorrected: return h.lr * (h.lr / h.max_lr);
    case Decay::kIndependent: return h.lr / h.max_lr;
  }
  return h.lr;
}

}  // namespace

Status compute_coefficients(Rule rule, const Hyperparameters& h, std::int64_t step, double* scalars,
                            StepCoefficients* out) noexcept {
  const RuleFunctions& of_rule = functions(rule);
  const RuleInfo& info = rule_info(rule);
  if (!of_rule.accepts(h)) return Status::kInvalidHyperparameter;
  if ((h.cautious && !info.cautious) || (info.own_decay && h.decay > Decay::kDecoupled)) {
    return Status::kInvalidHyperparameter;
  }
  // Without decay, decoupled decay multiplies by exactly 1, while coupled decay would add 0 * p (a NaN for infinite p).
  const bool decays = h.weight_decay != 0.0 && !info.own_decay;
  const bool coupled = decays && h.decay == Decay::kCoupled;
  out->decay_mode = coupled ? Decay::kCoupled : Decay::kDecoupled;
  out->decay = coupled ? h.weight_decay : decays ? 1.0 - decay_rate(h) * h.weight_decay : 1.0;
  out->grad_scale = h.maximize ? -1.0 : 1.0;
  out->step = step;
  out->seed = h.seed;
  out->cautious = h.cautious;
  of_rule.coefficients(h, step, scalars, out->rule);
  return Status::kOk;
}

void finish_coefficients(Rule rule, const double* sums, std::size_t size, double* scalars,
                         StepCoefficients* out) noexcept {
  functions(rule).take_sums(sums, static_cast<double>(size), scalars, out->rule);
}

IdleStep idle_step(Rule rule, const StepCoefficients& c) noexcept { return functions(rule).idle_step(c.rule); }

Status check(const Hyperparameters& h) noexcept {
  const bool valid =
      std::floor(h.warmup_steps) == h.warmup_steps && fraction(h.beta1) && fraction(h.beta2) && fraction(h.beta3) &&
      std::isfinite(h.dampening) && (h.decay <= Decay::kDecoupled || (h.max_lr > 0.0 && std::isfinite(h.max_lr))) &&
      non_negative(h.lr, h.eps, h.weight_decay, h.eps_root, h.alpha, h.momentum, h.momentum_decay, h.lr_decay,
                   h.warmup_steps, h.weight_power, h.weight_lr_power, h.gamma, h.trust_coefficient, h.atan_a, h.atan_b,
                   h.eta_minus, h.eta_plus, h.step_min, h.step_max);
  return valid ? Status::kOk : Status::kInvalidHyperparameter;
}

}  // namespace adamas
