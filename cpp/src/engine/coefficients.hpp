// The numbers of one step, from the hyperparameters and the exact step count: float64, computed here and nowhere else.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernel/table.hpp"
#include "rules/idle_step.hpp"

namespace adamas {

// The part of check() for hyperparameters that many rules have. A rule looks at others itself (compute_coefficients).
bool has_valid_common(const Hyperparameters& hyperparameters) noexcept;

// kInvalidHyperparameter if the rule cannot work with these. scalars: the rule's own numbers, moved on by this step.
// shared: those of all parameters, which stay as they are.
Status compute_coefficients(Rule rule, const Hyperparameters& hyperparameters, DType compute_dtype, std::int64_t step,
                            double* scalars, double* shared, StepCoefficients* out) noexcept;

// Of a rule that needs sums (RuleInfo::sum_count) over a parameter of `size` elements, what could not be known before.
void finish_coefficients(Rule rule, const double* sums, std::size_t size, double* scalars,
                         StepCoefficients* out) noexcept;

// Of a rule with shared scalars. Joins the hyperparameters of a group to those that concern all parameters, which began
// as those of the first group; false if they do not agree.
bool join(Rule rule, const Hyperparameters& group, Hyperparameters* all) noexcept;

// Moves the shared scalars on by a step; totals: its sums, over all parameters.
void share(Rule rule, const Hyperparameters& all, const double* totals, double* shared) noexcept;

// After that: what could not be known before of the coefficients of a parameter.
void finish_shared_coefficients(Rule rule, const double* totals, double* shared, StepCoefficients* out) noexcept;

// Where a rule divides by sqrt(v) * inverse_sqrt_bias2 + eps: the v at which the two are equal. Negative for others.
double square_floor(Rule rule, const StepCoefficients& coefficients) noexcept;

// What a step with these coefficients does without a gradient, of a rule with RuleInfo::has_closed_form.
IdleStep idle_step(Rule rule, const StepCoefficients& coefficients) noexcept;

}  // namespace adamas
