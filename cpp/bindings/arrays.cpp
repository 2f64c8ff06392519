#include "arrays.hpp"

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <cstring>

#include "lookup.hpp"

namespace adamas::bindings {
namespace {

using py::detail::npy_api;

constexpr int kReadable = npy_api::NPY_ARRAY_C_CONTIGUOUS_ | npy_api::NPY_ARRAY_ALIGNED_;
constexpr int kWritable = kReadable | npy_api::NPY_ARRAY_WRITEABLE_;

// How NumPy writes this machine's byte order when it is spelt out.
char native_order() {
  const std::uint16_t one = 1;
  std::uint8_t first = 0;
  std::memcpy(&first, &one, 1);
  return first == 1 ? '<' : '>';
}

const py::detail::PyArray_Proxy* proxy(py::handle array) { return py::detail::array_proxy(array.ptr()); }

constexpr int kHalf = 23;  // NPY_HALF

// numpy objects looked up once per process.
struct NumPy {
  PyTypeObject* memmap;
  py::object float32;
  py::object float64;
};

// Of ml_dtypes, once an array of it has been seen.
std::atomic<PyObject*> bfloat16_descr{nullptr};

// Arrays of bfloat16 cannot exist before ml_dtypes has been imported.
bool is_bfloat16(PyObject* descr) {
  const py::object module = dict_item(py::module_::import("sys").attr("modules"), py::str("ml_dtypes"));
  if (!module || !py::hasattr(module, "bfloat16")) return false;
  if (!py::handle(descr).attr("type").is(module.attr("bfloat16"))) return false;
  Py_INCREF(descr);
  bfloat16_descr.store(descr, std::memory_order_relaxed);
  return true;
}

const NumPy& numpy() {
  PYBIND11_CONSTINIT static py::gil_safe_call_once_and_store<NumPy> storage;
  return storage
      .call_once_and_store_result([] {
        py::object memmap = py::module_::import("numpy").attr("memmap");
        return NumPy{reinterpret_cast<PyTypeObject*>(memmap.release().ptr()), py::dtype::of<float>(),
                     py::dtype::of<double>()};
      })
      .get_stored();
}

// Plain arrays only: a subclass may give its elements another meaning (masked arrays do).
bool is_plain_array(py::handle object) {
  const PyTypeObject* type = Py_TYPE(object.ptr());
  return type == npy_api::get().PyArray_Type_ || type == numpy().memmap;
}

bool find_dtype(const py::detail::PyArray_Proxy* array, DType* out) {
  if (array->descr == numpy().float32.ptr()) {
    *out = DType::kFloat32;
    return true;
  }
  if (array->descr == numpy().float64.ptr()) {
    *out = DType::kFloat64;
    return true;
  }
  if (array->descr == bfloat16_descr.load(std::memory_order_relaxed)) {
    *out = DType::kBfloat16;
    return true;
  }
  // Equal to a native dtype without being the same object: unpickled or carrying metadata.
  const auto dtype = py::reinterpret_borrow<py::dtype>(array->descr);
  // (A dtype of ml_dtypes may say '|' or '='.)
  const char order = dtype.byteorder();
  if (order != '=' && order != '|' && order != native_order()) return false;
  if (dtype.num() == npy_api::NPY_FLOAT_) {
    *out = DType::kFloat32;
  } else if (dtype.num() == npy_api::NPY_DOUBLE_) {
    *out = DType::kFloat64;
  } else if (dtype.num() == kHalf) {
    *out = DType::kFloat16;
  } else if (is_bfloat16(array->descr)) {
    *out = DType::kBfloat16;
  } else {
    return false;
  }
  return true;
}

bool has_dtype(const py::detail::PyArray_Proxy* array, const WritableArray& accepted) {
  DType dtype = accepted.dtype;
  return array->descr == accepted.descr.ptr() || (find_dtype(array, &dtype) && dtype == accepted.dtype);
}

std::size_t element_count(const py::detail::PyArray_Proxy* array) {
  std::size_t count = 1;
  for (int i = 0; i < array->nd; ++i) count *= static_cast<std::size_t>(array->dimensions[i]);
  return count;
}

}  // namespace

bool accept_writable(py::handle object, WritableArray* out) {
  if (!is_plain_array(object)) return false;
  const auto* array = proxy(object);
  if (array->nd < 1 || (array->flags & kWritable) != kWritable || !find_dtype(array, &out->dtype)) return false;
  out->array = py::reinterpret_borrow<py::object>(object);
  out->data = array->data;
  out->size = element_count(array);
  out->descr = py::reinterpret_borrow<py::object>(array->descr);
  return true;
}

Parameter make_parameter(const std::string& rule, const WritableArray& param) {
  Parameter parameter;
  if (!find_rule(rule.c_str(), &parameter.rule)) throw py::value_error("unknown rule: " + rule);
  parameter.param = param.data;
  parameter.size = param.size;
  parameter.dtype = param.dtype;
  return parameter;
}

bool unchanged(const WritableArray& accepted) {
  const auto* array = proxy(accepted.array);
  return array->data == accepted.data && array->nd >= 1 && (array->flags & kWritable) == kWritable &&
         element_count(array) == accepted.size && has_dtype(array, accepted);
}

bool has_memory_of(py::handle object, const WritableArray& accepted) {
  WritableArray other;
  return accept_writable(object, &other) && other.data == accepted.data && other.size == accepted.size &&
         other.dtype == accepted.dtype;
}

void prefetch(const WritableArray& param, py::handle gradient) {
  __builtin_prefetch(param.array.ptr());
  __builtin_prefetch(&proxy(param.array)->flags);
  if (is_plain_array(gradient)) __builtin_prefetch(proxy(gradient)->dimensions);
}

bool accept_gradient(py::handle object, const WritableArray& param, bool written, const void** data, DType* dtype) {
  if (object.is_none()) {
    *data = nullptr;
    return true;
  }
  if (!is_plain_array(object)) return false;
  const auto* gradient = proxy(object);
  const auto* parameter = proxy(param.array);
  const int needed = written ? kWritable : kReadable;
  const bool fits = (gradient->flags & needed) == needed && gradient->nd == parameter->nd &&
                    std::equal(gradient->dimensions, gradient->dimensions + gradient->nd, parameter->dimensions);
  *data = gradient->data;
  *dtype = param.dtype;
  return fits && (gradient->descr == param.descr.ptr() || find_dtype(gradient, dtype));
}

py::object copy_gradient(py::handle object, const WritableArray& param, const py::object& kept) {
  PYBIND11_CONSTINIT static py::gil_safe_call_once_and_store<py::object> function;
  const py::object& copied =
      function
          .call_once_and_store_result(
              [] { return py::object(py::module_::import("adamas._inputs.arrays").attr("copy_gradient")); })
          .get_stored();
  return copied(object, param.array, kept ? kept : py::none());
}

bool is_row_gradient(py::handle object) {
  PYBIND11_CONSTINIT static py::gil_safe_call_once_and_store<py::object> type;
  const py::object& row_grad =
      type.call_once_and_store_result([] { return py::object(py::module_::import("adamas.rows").attr("RowGrad")); })
          .get_stored();
  return Py_TYPE(object.ptr()) == reinterpret_cast<PyTypeObject*>(row_grad.ptr());
}

bool accept_row_numbers(py::handle object, RowGradient* rows) {
  if (!is_plain_array(object)) return false;
  const auto array = py::reinterpret_borrow<py::array>(object);
  const char order = array.dtype().byteorder();
  const bool native = order == '=' || order == '|' || order == native_order();
  if (array.ndim() != 1 || (array.flags() & kReadable) != kReadable || array.dtype().kind() != 'i' || !native ||
      (array.itemsize() != 8 && array.itemsize() != 4)) {
    return false;
  }
  rows->rows = array.data();
  rows->rows_are_64 = array.itemsize() == 8;
  rows->count = static_cast<std::size_t>(array.size());
  return true;
}

bool has_rows_still(const WritableArray& accepted, std::size_t columns) {
  const auto* array = proxy(accepted.array);
  return columns == 0 || (array->nd == 2 && static_cast<std::size_t>(array->dimensions[1]) == columns);
}

bool accept_row_gradient(py::handle object, std::size_t rows, std::size_t columns, bool written,
                         RowGradient* gradient) {
  const py::object values = object.attr("values");
  if (!accept_row_numbers(object.attr("rows"), gradient) || !is_plain_array(values)) return false;
  for (std::size_t i = 0; i < gradient->count; ++i) {
    const auto row = gradient->rows_are_64 ? static_cast<const std::int64_t*>(gradient->rows)[i]
                                           : std::int64_t{static_cast<const std::int32_t*>(gradient->rows)[i]};
    if (static_cast<std::uint64_t>(row) >= rows) return false;
  }
  const auto* array = proxy(values);
  const int needed = written ? kWritable : kReadable;
  gradient->values = array->data;
  return (array->flags & needed) == needed && array->nd == 2 &&
         static_cast<std::size_t>(array->dimensions[0]) == gradient->count &&
         static_cast<std::size_t>(array->dimensions[1]) == columns && find_dtype(array, &gradient->dtype);
}

bool accept_like(py::handle object, const WritableArray& param, const void** data) {
  DType dtype{};
  return !object.is_none() && accept_gradient(object, param, false, data, &dtype) && dtype == param.dtype;
}

}  // namespace adamas::bindings
