#include <pybind11/pybind11.h>

#include "register.hpp"

PYBIND11_MODULE(_core, m, pybind11::mod_gil_not_used()) {
  m.doc() = "The compiled core of adamas. Private: use the names that the package adamas exports.";
  adamas::bindings::register_runtime(m);
  adamas::bindings::register_tensors(m);
  adamas::bindings::register_plan(m);
  adamas::bindings::register_functional(m);
  adamas::bindings::register_byte_limit(m);
  adamas::bindings::register_internals(m);
}
