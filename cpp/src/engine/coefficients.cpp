#include "engine/coefficients.hpp"

#include <cmath>
#include <type_traits>

#include "rules/registry.hpp"

namespace adamas {
namespace {

// The scalar side of a rule.
struct RuleFunctions {
  bool (*accepts)(const Hyperparameters&);
  void (*coefficients)(const Hyperparameters&, std::int64_t, double*, double*);
  void (*take_sums)(const double*, double, double*, double*);
  IdleStep (*idle_step)(const double*);
  double (*square_floor)(const double*);
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

// Does it divide by the root of its one state of squares, corrected, and eps? The names of coefficients say so.
template <class C, class = void>
constexpr bool kNamesEps = false;
template <class C>
constexpr bool kNamesEps<C, std::void_t<decltype(C::eps), decltype(C::inverse_sqrt_bias2)>> = true;

template <class R>
constexpr bool has_square_floor() {
  int squares = 0;
  for (int k = 0; k < R::kStateCount; ++k) squares += R::kStates[k].kind == StateKind::kSquare ? 1 : 0;
  return squares == 1 && kNamesEps<typename R::template Coefficients<double>>;
}

template <class R>
double square_floor_of(const double* coefficients) {
  const auto c = coefficients_by_name<R>(coefficients);
  if (!(c.inverse_sqrt_bias2 > 0.0)) return -1.0;  // this step divides by nothing
  const double root = c.eps / c.inverse_sqrt_bias2;
  return root * root;
}

template <class R>
constexpr RuleFunctions functions_of() {
  static_assert(kCoefficientCount<R> <= kMaxCoefficients);
  RuleFunctions functions{&R::accepts, &coefficients_of<R>, nullptr, nullptr, nullptr};
  if constexpr (R::kSumCount != 0) functions.take_sums = &take_sums_of<R>;
  if constexpr (R::kHasClosedForm) functions.idle_step = &idle_step_of<R>;
  if constexpr (has_square_floor<R>()) functions.square_floor = &square_floor_of<R>;
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

}  // namespace

Status compute_coefficients(Rule rule, const Hyperparameters& h, std::int64_t step, double* scalars,
                            StepCoefficients* out) noexcept {
  const RuleFunctions& of_rule = functions(rule);
  if (!of_rule.accepts(h)) return Status::kInvalidHyperparameter;
  // Without decay, decoupled decay multiplies by exactly 1, while coupled decay would add 0 * p (a NaN for infinite p).
  const bool decays = h.weight_decay != 0.0 && !rule_info(rule).own_decay;
  out->decay_mode = decays ? h.decay : Decay::kDecoupled;
  if (decays) {
    out->decay = h.decay == Decay::kCoupled ? h.weight_decay : 1.0 - h.lr * h.weight_decay;
  } else {
    out->decay = 1.0;
  }
  out->grad_scale = h.maximize ? -1.0 : 1.0;
  out->step = step;
  out->seed = h.seed;
  of_rule.coefficients(h, step, scalars, out->rule);
  return Status::kOk;
}

void finish_coefficients(Rule rule, const double* sums, std::size_t size, double* scalars,
                         StepCoefficients* out) noexcept {
  functions(rule).take_sums(sums, static_cast<double>(size), scalars, out->rule);
}

double square_floor(Rule rule, const StepCoefficients& c) noexcept {
  const auto of_rule = functions(rule).square_floor;
  return of_rule == nullptr ? -1.0 : of_rule(c.rule);
}

IdleStep idle_step(Rule rule, const StepCoefficients& c) noexcept { return functions(rule).idle_step(c.rule); }

Status check(const Hyperparameters& h) noexcept {
  const bool valid =
      std::floor(h.warmup_steps) == h.warmup_steps && fraction(h.beta1) && fraction(h.beta2) && fraction(h.beta3) &&
      std::isfinite(h.dampening) &&
      non_negative(h.lr, h.eps, h.weight_decay, h.eps_root, h.alpha, h.momentum, h.momentum_decay, h.lr_decay,
                   h.warmup_steps, h.weight_power, h.weight_lr_power, h.gamma, h.trust_coefficient, h.atan_a, h.atan_b,
                   h.eta_minus, h.eta_plus, h.step_min, h.step_max);
  return valid ? Status::kOk : Status::kInvalidHyperparameter;
}

}  // namespace adamas
