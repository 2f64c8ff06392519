// Reading containers with a reference of one's own, which a free-threaded interpreter asks for. An empty object means
// that there is no such item.
#pragma once

#include <pybind11/pybind11.h>

namespace adamas::bindings {

namespace py = pybind11;

// As isinstance(), except for what the object's __class__ says.
inline bool is_a(py::handle object, py::handle cls) {
  const int found = PyObject_IsSubclass(reinterpret_cast<PyObject*>(Py_TYPE(object.ptr())), cls.ptr());
  if (found < 0) throw py::error_already_set();
  return found == 1;
}

inline py::object dict_item(py::handle dict, py::handle key) {
#if PY_VERSION_HEX >= 0x030D0000
  PyObject* value = nullptr;
  if (PyDict_GetItemRef(dict.ptr(), key.ptr(), &value) < 0) throw py::error_already_set();
  return py::reinterpret_steal<py::object>(value);
#else
  PyObject* value = PyDict_GetItemWithError(dict.ptr(), key.ptr());
  if (value == nullptr && PyErr_Occurred() != nullptr) throw py::error_already_set();
  return py::reinterpret_borrow<py::object>(value);
#endif
}

inline py::object list_item(py::handle list, Py_ssize_t index) {
#if PY_VERSION_HEX >= 0x030D0000
  PyObject* value = PyList_GetItemRef(list.ptr(), index);
#else
  PyObject* value = PyList_GetItem(list.ptr(), index);
  Py_XINCREF(value);
#endif
  if (value == nullptr) PyErr_Clear();
  return py::reinterpret_steal<py::object>(value);
}

// Of a list or tuple, as it is stored, whatever a subclass says; -1 for anything else.
inline Py_ssize_t sequence_size(py::handle object) {
  if (PyList_Check(object.ptr())) return PyList_GET_SIZE(object.ptr());
  return PyTuple_Check(object.ptr()) ? PyTuple_GET_SIZE(object.ptr()) : -1;
}

inline py::object sequence_item(py::handle sequence, Py_ssize_t index) {
  if (PyList_Check(sequence.ptr())) return list_item(sequence, index);
  return py::reinterpret_borrow<py::object>(PyTuple_GET_ITEM(sequence.ptr(), index));
}

// Asks first whether the key is there: a defaultdict would make it.
inline py::object mapping_item(py::handle mapping, py::handle key) {
  const int found = PySequence_Contains(mapping.ptr(), key.ptr());
  if (found < 0) throw py::error_already_set();
  if (found == 0) return {};
  PyObject* value = PyObject_GetItem(mapping.ptr(), key.ptr());
  if (value == nullptr) {
    if (PyErr_ExceptionMatches(PyExc_KeyError) == 0) throw py::error_already_set();
    PyErr_Clear();
  }
  return py::reinterpret_steal<py::object>(value);
}

}  // namespace adamas::bindings
