#include "remembered.hpp"

namespace adamas::bindings {
namespace {

// A value of these types stays what it is; a tuple does if its items do.
bool is_unchangeable(PyObject* value) {
  if (PyTuple_CheckExact(value)) {
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(value); ++i) {
      if (!is_unchangeable(PyTuple_GET_ITEM(value, i))) return false;
    }
    return true;
  }
  return PyFloat_CheckExact(value) != 0 || PyLong_CheckExact(value) != 0 || PyBool_Check(value) != 0 ||
         value == Py_None || PyUnicode_CheckExact(value) != 0;
}

bool is_named(PyObject* key, const char* name) {
  return PyUnicode_CheckExact(key) != 0 && PyUnicode_CompareWithASCIIString(key, name) == 0;
}

}  // namespace

void RememberedGroup::remember(py::handle group) {
  entries_.clear();
  if (!PyDict_CheckExact(group.ptr())) return;
  Py_ssize_t place = 0;
  PyObject* key = nullptr;
  PyObject* value = nullptr;
  while (PyDict_Next(group.ptr(), &place, &key, &value) != 0) {
    const bool is_params = is_named(key, "params");
    if (!is_params && !is_unchangeable(value)) return entries_.clear();
    entries_.emplace_back(py::reinterpret_borrow<py::object>(key),
                          py::reinterpret_borrow<py::object>(is_params ? nullptr : value));
  }
}

bool RememberedGroup::is_same(py::handle group, bool any_rate, py::object* params) const {
  if (entries_.empty() || !PyDict_CheckExact(group.ptr()) ||
      PyDict_Size(group.ptr()) != static_cast<Py_ssize_t>(entries_.size())) {
    return false;
  }
  Py_ssize_t place = 0;
  PyObject* key = nullptr;
  PyObject* value = nullptr;
  for (const auto& [known_key, known_value] : entries_) {
    if (PyDict_Next(group.ptr(), &place, &key, &value) == 0 || key != known_key.ptr()) return false;
    if (!known_value) {
      if (params != nullptr) *params = py::reinterpret_borrow<py::object>(value);
      continue;
    }
    if (value == known_value.ptr()) continue;
    if (!any_rate || PyFloat_CheckExact(value) == 0 || !is_named(key, "lr")) return false;
  }
  return true;
}

}  // namespace adamas::bindings
