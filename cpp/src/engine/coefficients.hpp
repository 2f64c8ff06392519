// The numbers of one step, from the hyperparameters and the exact step count: float64, computed here and nowhere else.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernel/table.hpp"
#include "rules/idle_step.hpp"

namespace adamas {

// kInvalidHyperparameter if the rule cannot work with these. scalars: the rule's own numbers, moved on by this step.
Status compute_coefficients(Rule rule, const Hyperparameters& hyperparameters, std::int64_t step, double* scalars,
                            StepCoefficients* out) noexcept;

// Of a rule that needs sums (RuleInfo::sum_count) over a parameter of `size` elements, what could not be known before.
void finish_coefficients(Rule rule, const double* sums, std::size_t size, double* scalars,
                         StepCoefficients* out) noexcept;

// Where a rule divides by sqrt(v) * inverse_sqrt_bias2 + eps: the v at which the two are equal. Negative for others.
double square_floor(Rule rule, const StepCoefficients& coefficients) noexcept;

// What a step with these coefficients does without a gradient, of a rule with RuleInfo::has_closed_form.
IdleStep idle_step(Rule rule, const StepCoefficients& coefficients) noexcept;

}  // namespace adamas
