// The norm of all gradients of a step, and whether they are finite.
#pragma once

#include <cstddef>
#include <vector>

#include "engine/pass.hpp"

namespace adamas {

struct GradientNorm {
  double norm;            // of all gradients, divided by grad_scale
  std::size_t nonfinite;  // the first item that holds an infinity or NaN, or kNoParameter
  bool needs_tiny;        // squares were too large for float64, though the numbers may not be (rare)
};

// After a pass over the gradients; fills in the norm of each item too. Measures of granules are combined in order, then
// those of parameters. tiny: of take_tiny_squares(), or empty.
GradientNorm gradient_norm(const Pass& pass, const Items& items, const std::vector<double>& tiny);

// The squares of each granule of gradients in float64, times a tiny factor; on one thread.
void take_tiny_squares(const Pass& pass, const Items& items, double* tiny);

}  // namespace adamas
