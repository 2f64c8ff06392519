// The kernels of the instruction set in use.
#pragma once

#include <adamas/isa.hpp>

#include "kernel/table.hpp"

namespace adamas {

Status active_kernels(const KernelTable** table) noexcept;

}  // namespace adamas
