// The numbers of one step, from the hyperparameters and the exact step count: float64, computed here and nowhere else.
#pragma once

#include <cstdint>

#include "kernel/table.hpp"

namespace adamas {

void compute_coefficients(Rule rule, const Hyperparameters& hyperparameters, std::int64_t step,
                          Coefficients* out) noexcept;

}  // namespace adamas
