// Fast acceptance of NumPy arrays, without conversion or copy.
//
// These checks only say yes or no. On a no, the Python package walks the same inputs again (adamas/_inputs/arrays.py),
// finds the reason and raises the error that names it: every message stands once, and adamas.reference raises the same.
#pragma once

#include <pybind11/numpy.h>

#include <adamas/plan.hpp>

#include <string>

namespace adamas::bindings {

namespace py = pybind11;

// An array accepted as a parameter or state; `array` keeps it alive.
struct WritableArray {
  py::object array;
  void* data = nullptr;
  std::size_t size = 0;
  DType dtype = DType::kFloat32;
  py::object descr;  // its numpy.dtype
};

// True, with *out filled in, if `object` can be written in place: an ndarray (or memmap) of float32, float64, float16
// or ml_dtypes.bfloat16 in native byte order, C-contiguous, aligned, writeable, of one dimension or more.
bool accept_writable(py::handle object, WritableArray* out);

// The core's description of a parameter with that rule; states and group are still to be filled in. Throws ValueError
// if there is no such rule.
Parameter make_parameter(const std::string& rule, const WritableArray& param);

// Is the array still what it was when it was accepted? (It may have been resized or made read-only since.)
bool unchanged(const WritableArray& accepted);

// Is the object an array of the same elements?
bool has_memory_of(py::handle object, const WritableArray& accepted);

// Starts fetching what unchanged() and accept_gradient() will read.
void prefetch(const WritableArray& param, py::handle gradient);

// Address and dtype of a gradient that fits `param` in shape, C-contiguous and aligned; it may be read-only unless it
// is to be `written`. False if it does not fit; *data is null for None.
bool accept_gradient(py::handle object, const WritableArray& param, bool written, const void** data, DType* dtype);

// A copy of a gradient of which nothing but the layout, or having no dimension, stands against taking it as it is; none
// for others. `kept`: an array that was made for it before, or none, which is used again if it fits.
py::object copy_gradient(py::handle object, const WritableArray& param, const py::object& kept);

// Is it an adamas.RowGrad?
bool is_row_gradient(py::handle object);

// The rows of an array of their numbers.
bool accept_row_numbers(py::handle object, RowGradient* rows);

// An adamas.RowGrad for so many rows of so many columns.
bool accept_row_gradient(py::handle object, std::size_t rows, std::size_t columns, bool written, RowGradient* gradient);

// Has the array rows of so many columns, if any are asked for?
bool has_rows_still(const WritableArray& accepted, std::size_t columns);

// The same, of the dtype of `param`, and not None.
bool accept_like(py::handle object, const WritableArray& param, const void** data);

}  // namespace adamas::bindings
