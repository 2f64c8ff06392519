// The instruction set the kernels run on: named, listable, forceable. Results do not depend on it.
#pragma once

#include <adamas/types.hpp>

namespace adamas {

// Instruction sets compiled into this library, best first; the last one, "scalar", runs everywhere.
int isa_count() noexcept;
const char* isa_name(int index) noexcept;
bool isa_available(int index) noexcept;  // does this processor, under this operating system, have it?

// The one in use: the choice of use_isa(), else the environment variable ADAMAS_ISA, else the best available.
// If ADAMAS_ISA cannot be honoured, the status says why and *name is left alone.
Status active_isa(const char** name) noexcept;

// Chooses an instruction set for all threads of the process.
Status use_isa(const char* name) noexcept;

}  // namespace adamas
