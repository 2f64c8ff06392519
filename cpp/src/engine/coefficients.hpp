// The numbers of one step, from the hyperparameters and the exact step count: float64, computed here and nowhere else.
#pragma once

#include <cstdint>

#include "kernel/table.hpp"

namespace adamas {

// kInvalidHyperparameter if the rule cannot work with these. scalars: the rule's own numbers, moved on by this step.
Status compute_coefficients(Rule rule, const Hyperparameters& hyperparameters, std::int64_t step, double* scalars,
                            Coefficients* out) noexcept;

// Does the rule need the norms of parameter and direction? Then, from their squares, what could not be known before.
bool needs_norms(Rule rule) noexcept;

// The state that starts at the parameter instead of at zero, or -1.
int state_that_starts_at_param(Rule rule) noexcept;
void finish_coefficients(Rule rule, double param_square, double direction_square, Coefficients* out) noexcept;

}  // namespace adamas
