#include "errors.hpp"

#include <pybind11/pybind11.h>

#include <cstdlib>
#include <new>

#include <adamas/isa.hpp>

namespace adamas::bindings {
namespace {

std::string join_isas(bool only_available) {
  std::string names;
  for (int i = 0; i < isa_count(); ++i) {
    if (only_available && !isa_available(i)) continue;
    if (!names.empty()) names += ", ";
    names += isa_name(i);
  }
  return names;
}

}  // namespace

void throw_isa_error(const std::string& source, const std::string& name, Status status) {
  throw pybind11::value_error(source + " asks for '" + name + "': " + message(status) +
                              ". Available here: " + join_isas(true) + "; compiled in: " + join_isas(false) + ".");
}

void throw_on_error(Status status) {
  if (status == Status::kOk) return;
  if (status == Status::kOutOfMemory) throw std::bad_alloc();
  if (status == Status::kUnknownIsa || status == Status::kUnsupportedIsa) {  // use_isa() refuses these: so the variable
    const char* wanted = std::getenv("ADAMAS_ISA");
    throw_isa_error("The environment variable ADAMAS_ISA", wanted == nullptr ? "" : wanted, status);
  }
  if (status == Status::kInvalidThreadVariable) {
    const char* value = std::getenv("ADAMAS_NUM_THREADS");
    throw pybind11::value_error(std::string(message(status)) + ", got '" + (value == nullptr ? "" : value) + "'");
  }
  throw pybind11::value_error(message(status));
}

}  // namespace adamas::bindings
