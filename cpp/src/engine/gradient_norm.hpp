// The norm of all gradients of a step, and whether they are finite.
#pragma once

#include <cstddef>

#include "engine/pass.hpp"

namespace adamas {

struct GradientNorm {
  double norm;            // of all gradients, divided by grad_scale
  std::size_t nonfinite;  // the first item that holds an infinity or NaN, or kNoParameter
};

// After a pass over the gradients; fills in the norm of each item too. Measures of granules are combined in order, then
// those of parameters.
GradientNorm gradient_norm(const Pass& pass, const Items& items);

}  // namespace adamas
