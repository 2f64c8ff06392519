#include <pybind11/pybind11.h>

#include "register.hpp"

// pybind11 writes the function that CPython calls first; here it is called by ours, at the end of this file.
#define PyInit__core init_in_main_interpreter

// Without mod_gil_not_used(): a CPython that was built to run without the GIL turns it on when it imports this.
PYBIND11_MODULE(_core, m) {
  m.doc() = "The compiled core of adamas. Private: use the names that the package adamas exports.";
  adamas::bindings::register_enums(m);
  adamas::bindings::register_runtime(m);
  adamas::bindings::register_tensors(m);
  adamas::bindings::register_plan(m);
  adamas::bindings::register_step_table(m);
  adamas::bindings::register_stepping_call(m);
  adamas::bindings::register_functional(m);
  adamas::bindings::register_pieces(m);
  adamas::bindings::register_xla(m);
  adamas::bindings::register_probes(m);
}

#undef PyInit__core

// In another interpreter of the process, pybind11 would wait for a GIL that its own thread holds, for ever.
extern "C" PYBIND11_EXPORT PyObject* PyInit__core() {
  if (PyInterpreterState_Get() != PyInterpreterState_Main()) {
    PyErr_SetString(PyExc_ImportError,
                    "adamas works in the main interpreter of a process alone; instead of sub-interpreters, use threads "
                    "or processes");
    return nullptr;
  }
  return init_in_main_interpreter();
}
