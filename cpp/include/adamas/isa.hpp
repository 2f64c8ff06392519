/// \file
/// The instruction set that the kernels use. Programs can list the sets and choose one; results do not depend on it.
#pragma once

#include <adamas/types.hpp>

namespace adamas {

/// \defgroup adamas_isa Instruction sets
/// One library holds kernels for several instruction sets and chooses among them at run time.
/// \{

/// Number of instruction sets that are compiled into this library.
int isa_count() noexcept;

/// Name of an instruction set. The index is from 0 to isa_count() - 1, the best set first. The last one, "scalar", runs
/// on every processor.
const char* isa_name(int index) noexcept;

/// Whether this processor, under this operating system, has the instruction set.
bool isa_available(int index) noexcept;

/// Finds the instruction set in use: the choice of use_isa(), or else the environment variable ADAMAS_ISA, or else the
/// best that is available.
///
/// \return kUnknownIsa or kUnsupportedIsa if ADAMAS_ISA names a set that cannot be used. Then *name is not changed.
Status active_isa(const char** name) noexcept;

/// Chooses an instruction set for all threads of the process.
///
/// \return kUnknownIsa or kUnsupportedIsa if it cannot be used; kNullPointer without a name.
Status use_isa(const char* name) noexcept;

/// \}

}  // namespace adamas
