// The pass that sums up squares of gradients by row and by column.
#pragma once

#include <cstddef>

#include "engine/item.hpp"

namespace adamas {

// Of elements [begin, end) of an item. prepare: the gradient is not simply what is at one place, times the scale.
void sum_along_axes(const GradientKernels& kernels, const Item& item, const GivenGradient& gradient, bool prepare,
                    std::size_t begin, std::size_t end);

}  // namespace adamas
