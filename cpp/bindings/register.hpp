// The functions by which each file of the bindings adds its part to the module.
#pragma once

#include <pybind11/pybind11.h>

namespace adamas::bindings {

void register_enums(pybind11::module_& m);
void register_runtime(pybind11::module_& m);
void register_plan(pybind11::module_& m);
void register_step_table(pybind11::module_& m);
void register_stepping_call(pybind11::module_& m);
void register_tensors(pybind11::module_& m);
void register_functional(pybind11::module_& m);
void register_pieces(pybind11::module_& m);
void register_xla(pybind11::module_& m);
void register_probes(pybind11::module_& m);

}  // namespace adamas::bindings
