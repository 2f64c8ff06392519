// The norm of all gradients of a step, and whether they are finite.
#pragma once

#include <cstddef>

#include "engine/pass.hpp"

namespace adamas {

struct GradientNorm {
  double norm;            // L2, of gradients times Pass::grad_scale
  std::size_t nonfinite;  // the first item that holds an infinity or NaN, or kNoTensor
};

// After a pass over the gradients. The sums of granules are added in order, then those of tensors.
GradientNorm gradient_norm(const Pass& pass);

}  // namespace adamas
