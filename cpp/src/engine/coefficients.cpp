#include "engine/coefficients.hpp"

#include <cmath>
#include <limits>
#include <type_traits>

#include "rules/registry.hpp"

namespace adamas {
namespace {

// The scalar side of a rule.
struct RuleFunctions {
  bool (*accepts)(const Hyperparameters&);
  void (*coefficients)(const Hyperparameters&, std::int64_t, double*, double*, double*);
  void (*take_sums)(const double*, double, double*, double*);
  bool (*join)(const Hyperparameters&, Hyperparameters&);
  void (*share)(const Hyperparameters&, const double*, double*);
  void (*take_totals)(const double*, double*, double*);
  IdleStep (*idle_step)(const double*);
  bool takes_epsilon;
  double (*square_floor)(const double*);
};

template <class R>
void coefficients_of(const Hyperparameters& h, std::int64_t step, double* scalars, [[maybe_unused]] double* shared,
                     double* out) {
  if constexpr (R::kSharedScalarCount != 0) {
    R::coefficients(h, step, scalars_by_name<R>(scalars), shared_by_name<R>(shared), coefficients_by_name<R>(out));
  } else {
    R::coefficients(h, step, scalars_by_name<R>(scalars), coefficients_by_name<R>(out));
  }
}

template <class R>
void take_sums_of(const double* sums, double size, double* scalars, double* coefficients) {
  R::take_sums(sums_by_name<R>(sums), size, scalars_by_name<R>(scalars), coefficients_by_name<R>(coefficients));
}

template <class R>
void share_of(const Hyperparameters& h, const double* totals, double* shared) {
  R::share(h, sums_by_name<R>(totals), shared_by_name<R>(shared));
}

template <class R>
void take_totals_of(const double* totals, double* shared, double* coefficients) {
  R::take_totals(sums_by_name<R>(totals), shared_by_name<R>(shared), coefficients_by_name<R>(coefficients));
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
  RuleFunctions functions{&R::accepts, &coefficients_of<R>, nullptr, nullptr, nullptr, nullptr,
                          nullptr,     R::kTakesEpsilon,    nullptr};
  if constexpr (R::kSharedScalarCount != 0) {
    functions.join = &R::join;
    functions.share = &share_of<R>;
    functions.take_totals = &take_totals_of<R>;
  } else if constexpr (R::kSumCount != 0) {
    functions.take_sums = &take_sums_of<R>;
  }
  if constexpr (R::kHasClosedForm) functions.idle_step = &idle_step_of<R>;
  if constexpr (has_square_floor<R>()) functions.square_floor = &square_floor_of<R>;
  return functions;
}

#define ADAMAS_CELL(name, ...) functions_of<__VA_ARGS__>(),
constexpr RuleFunctions kFunctions[] = {ADAMAS_RULES(ADAMAS_CELL)};
#undef ADAMAS_CELL

const RuleFunctions& functions(Rule rule) { return kFunctions[static_cast<int>(rule)]; }

bool fraction(double value) { return value >= 0.0 && value < 1.0; }

double epsilon_of(DType dtype) {
  return dtype == DType::kFloat64 ? std::numeric_limits<double>::epsilon() : std::numeric_limits<float>::epsilon();
}

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

Status compute_coefficients(Rule rule, const Hyperparameters& h, DType compute_dtype, std::int64_t step,
                            double* scalars, double* shared, StepCoefficients* out) noexcept {
  const RuleFunctions& of_rule = functions(rule);
  if (of_rule.takes_epsilon && h.least_root < 0.0) {
    Hyperparameters own = h;
    own.least_root = epsilon_of(compute_dtype);
    return compute_coefficients(rule, own, compute_dtype, step, scalars, shared, out);
  }
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
  of_rule.coefficients(h, step, scalars, shared, out->rule);
  return Status::kOk;
}

void finish_coefficients(Rule rule, const double* sums, std::size_t size, double* scalars,
                         StepCoefficients* out) noexcept {
  functions(rule).take_sums(sums, static_cast<double>(size), scalars, out->rule);
}

bool join(Rule rule, const Hyperparameters& group, Hyperparameters* all) noexcept {
  return functions(rule).join(group, *all);
}

void share(Rule rule, const Hyperparameters& all, const double* totals, double* shared) noexcept {
  functions(rule).share(all, totals, shared);
}

void finish_shared_coefficients(Rule rule, const double* totals, double* shared, StepCoefficients* out) noexcept {
  functions(rule).take_totals(totals, shared, out->rule);
}

double square_floor(Rule rule, const StepCoefficients& c) noexcept {
  const auto of_rule = functions(rule).square_floor;
  return of_rule == nullptr ? -1.0 : of_rule(c.rule);
}

IdleStep idle_step(Rule rule, const StepCoefficients& c) noexcept { return functions(rule).idle_step(c.rule); }

bool has_valid_common(const Hyperparameters& h) noexcept {
  return fraction(h.beta1) && fraction(h.beta2) && fraction(h.beta3) && std::isfinite(h.dampening) &&
         (h.decay <= Decay::kDecoupled || (h.max_lr > 0.0 && std::isfinite(h.max_lr))) &&
         non_negative(h.lr, h.eps, h.weight_decay, h.eps_root, h.alpha, h.momentum);
}

Status check(const Hyperparameters& h) noexcept {
  const bool valid = has_valid_common(h) && is_count(h.warmup_steps) &&
                     non_negative(h.momentum_decay, h.lr_decay, h.weight_power, h.weight_lr_power, h.gamma,
                                  h.trust_coefficient, h.atan_a, h.atan_b, h.eta_minus, h.eta_plus, h.step_min,
                                  h.step_max, h.least_scale, h.clip_threshold - 1.0, -h.beta2_decay, h.d0, h.d_coef);
  return valid ? Status::kOk : Status::kInvalidHyperparameter;
}

}  // namespace adamas
