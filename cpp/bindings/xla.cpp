#include <pybind11/pybind11.h>

#include "register.hpp"
#include "xla/handler.hpp"

namespace adamas::bindings {

void register_xla(pybind11::module_& m) {
  m.def("xla_handler", [] { return pybind11::capsule(reinterpret_cast<void*>(&xla::step)); });
}

}  // namespace adamas::bindings
