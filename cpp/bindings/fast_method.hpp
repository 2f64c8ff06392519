// Methods that Python calls as it calls those of its own types. Through pybind11's dispatcher a call takes 100 to 200
// ns.
#pragma once

#include <pybind11/pybind11.h>

#include <new>
#include <stdexcept>

namespace adamas::bindings {

namespace py = pybind11;

// The result of work(), or a null pointer and the exception as pybind11 would raise it. (Not noexcept: when the
// interpreter ends, it may unwind a daemon thread through here.)
template <class Work>
PyObject* translating_exceptions(Work&& work) {
  try {
    return work().release().ptr();
  } catch (py::error_already_set& error) {
    error.restore();
  } catch (const py::builtin_exception& error) {
    error.set_error();
  } catch (const std::bad_alloc&) {
    PyErr_NoMemory();
  } catch (const std::exception& error) {
    PyErr_SetString(PyExc_RuntimeError, error.what());
  }
  return nullptr;
}

// What `self`, of a class that pybind11 knows as Class, holds.
template <class Class>
Class& instance(PyObject* self) {
  auto* const held = reinterpret_cast<py::detail::instance*>(self)->get_value_and_holder().value_ptr<Class>();
  if (held == nullptr) throw py::type_error("__init__() was not called");
  return *held;
}

// Python sees to it that `self` is of the class. The definition must outlive the class.
inline void define_method(const py::handle& cls, PyMethodDef* definition) {
  PyObject* const method = PyDescr_NewMethod(reinterpret_cast<PyTypeObject*>(cls.ptr()), definition);
  if (method == nullptr) throw py::error_already_set();
  cls.attr(definition->ml_name) = py::reinterpret_steal<py::object>(method);
}

}  // namespace adamas::bindings
