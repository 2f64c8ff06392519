// The numbers of one step, from the hyperparameters and the exact step count: float64, computed here and nowhere else.
#pragma once

#include <cstdint>

#include "kernel/table.hpp"
#include "rules/idle_step.hpp"

namespace adamas {

// kInvalidHyperparameter if the rule cannot work with these. scalars: the rule's own numbers, moved on by this step.
Status compute_coefficients(Rule rule, const Hyperparameters& hyperparameters, std::int64_t step, double* scalars,
                            StepCoefficients* out) noexcept;

// Does the rule need the norms of parameter and direction? Then, from their squares, what could not be known before.
bool needs_norms(Rule rule) noexcept;

// What a step with these coefficients does without a gradient, of a rule in which that has a closed form.
IdleStep idle_step(Rule rule, const StepCoefficients& coefficients) noexcept;

// The state that starts at the parameter instead of at zero, or -1.
int state_that_starts_at_param(Rule rule) noexcept;
void finish_coefficients(Rule rule, double param_square, double direction_square, StepCoefficients* out) noexcept;

}  // namespace adamas
