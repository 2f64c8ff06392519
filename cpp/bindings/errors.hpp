// A status of the core as a Python exception.
#pragma once

#include <adamas/types.hpp>

#include <string>

namespace adamas::bindings {

void throw_on_error(Status status);

// The error for an instruction set that `source` asks for and that is not available.
[[noreturn]] void throw_isa_error(const std::string& source, const std::string& name, Status status);

}  // namespace adamas::bindings
