#include "tensors.hpp"

#include <pybind11/stl.h>

#include <algorithm>
#include <cstddef>

#include "lookup.hpp"
#include "register.hpp"

namespace adamas::bindings {
namespace {

py::object interned(const char* name) { return py::reinterpret_steal<py::object>(PyUnicode_InternFromString(name)); }

struct Names {
  py::object grad, params;
};

const Names& names() {
  PYBIND11_CONSTINIT static py::gil_safe_call_once_and_store<Names> storage;
  return storage.call_once_and_store_result([] { return Names{interned("grad"), interned("params")}; }).get_stored();
}

// How a type of tensors is looked at; null if it cannot be. A type that wraps other tensors, such as PyTorch's DTensor,
// has the interface, but no memory of its own: its tensors have an address at which nothing is. PyTorch demands the
// attribute of such types.
dlpack::Look find_look(PyTypeObject* type) {
  if (PyObject_HasAttrString(reinterpret_cast<PyObject*>(type), "__tensor_flatten__") != 0) return nullptr;
  PyObject* capsule = PyObject_GetAttrString(reinterpret_cast<PyObject*>(type), dlpack::kAttribute);
  if (capsule == nullptr) {
    PyErr_Clear();
    return nullptr;
  }
  const auto* api = static_cast<const dlpack::ExchangeApi*>(PyCapsule_GetPointer(capsule, dlpack::kCapsule));
  Py_DECREF(capsule);
  if (api == nullptr) PyErr_Clear();
  while (api != nullptr && api->major != dlpack::kMajorVersion) api = api->previous;
  return api == nullptr ? nullptr : api->look;
}

// Looks at one tensor after another, mostly of one type.
class TensorReader {
 public:
  bool look(py::handle object, dlpack::Tensor* out) {
    PyTypeObject* type = Py_TYPE(object.ptr());
    if (type != type_) {
      look_ = find_look(type);
      type_ = type;
    }
    if (look_ == nullptr) return false;
    if (look_(object.ptr(), out) == 0) return true;
    PyErr_Clear();
    return false;
  }

 private:
  PyTypeObject* type_ = nullptr;
  dlpack::Look look_ = nullptr;
};

bool find_dtype(const dlpack::Tensor& tensor, DType* out) {
  const dlpack::DataType& type = tensor.dtype;
  if (tensor.device.type != dlpack::kCpu || type.lanes != 1) return false;
  if (type.code == dlpack::kFloat) {
    if (type.bits != 16 && type.bits != 32 && type.bits != 64) return false;
    *out = type.bits == 32 ? DType::kFloat32 : type.bits == 64 ? DType::kFloat64 : DType::kFloat16;
    return true;
  }
  *out = DType::kBfloat16;
  return type.code == dlpack::kBfloat && type.bits == 16;
}

void* address_of(const dlpack::Tensor& tensor) { return static_cast<char*>(tensor.data) + tensor.byte_offset; }

// The same shape, and the elements in the same order in memory.
bool is_laid_out(const dlpack::Tensor& tensor, const std::vector<std::int64_t>& shape,
                 const std::vector<std::int64_t>& strides) {
  if (static_cast<std::size_t>(tensor.ndim) != shape.size() || !std::equal(shape.begin(), shape.end(), tensor.shape)) {
    return false;
  }
  for (std::size_t i = 0; i < shape.size(); ++i) {
    if (shape[i] > 1 && tensor.strides[i] != strides[i]) return false;
  }
  return true;
}

}  // namespace

Tensors::Tensors(const py::list& params, const py::list& memory) {
  if (params.size() != memory.size()) throw py::value_error("Tensors: one piece of memory for each parameter");
  TensorReader reader;
  for (std::size_t i = 0; i < params.size(); ++i) {
    dlpack::Tensor view{};
    Param param;
    param.tensor = params[i];
    param.memory = memory[i];
    if (!reader.look(param.memory, &view) || !find_dtype(view, &param.layout.dtype)) {
      throw py::value_error("Tensors: this one cannot be read");
    }
    param.layout.data = address_of(view);
    param.layout.shape.assign(view.shape, view.shape + view.ndim);
    param.layout.strides.assign(view.strides, view.strides + view.ndim);
    params_.push_back(std::move(param));
  }
}

void Tensors::expect_groups(const py::list& groups) {
  std::vector<std::vector<py::object>> expected;
  for (const py::handle group : groups) {
    std::vector<py::object>& tensors = expected.emplace_back();
    for (const py::handle tensor : group) tensors.push_back(py::reinterpret_borrow<py::object>(tensor));
  }
  groups_ = std::move(expected);
}

void Tensors::know(py::handle groups) {
  known_groups_.clear();
  for (Py_ssize_t k = 0; k < sequence_size(groups); ++k) {
    known_groups_.emplace_back().remember(sequence_item(groups, k));
  }
}

bool Tensors::knows(py::handle groups) const {
  if (sequence_size(groups) != static_cast<Py_ssize_t>(known_groups_.size())) return false;
  Py_ssize_t k = 0;
  for (const RememberedGroup& known : known_groups_) {
    const py::object group = sequence_item(groups, k++);
    if (!group || !known.is_same(group, true)) return false;
  }
  return true;
}

void Tensors::expect_states(const py::dict& states, const std::vector<bool>& ours, const py::list& keys) {
  if (states.size() != ours.size()) throw py::value_error("expect_states: one flag for each item");
  std::vector<State> expected;
  for (const auto& [key, entry] : states) {
    State& state = expected.emplace_back();
    state.key = py::reinterpret_borrow<py::object>(key);
    state.entry = py::reinterpret_borrow<py::object>(entry);
    if (!ours[expected.size() - 1]) continue;
    // The entry's own keys, not their equals: those it finds at once.
    for (const auto& [name, value] : py::reinterpret_borrow<py::dict>(entry)) {
      if (keys.contains(name)) {
        state.items.emplace_back(py::reinterpret_borrow<py::object>(name), py::reinterpret_borrow<py::object>(value));
      }
    }
  }
  states_ = std::move(expected);
}

bool Tensors::same_groups(py::handle groups) const {
  if (sequence_size(groups) != static_cast<Py_ssize_t>(groups_.size())) return false;
  for (std::size_t k = 0; k < groups_.size(); ++k) {
    const py::object group = sequence_item(groups, static_cast<Py_ssize_t>(k));
    if (!group || !PyDict_Check(group.ptr())) return false;
    const py::object tensors = dict_item(group, names().params);
    const std::vector<py::object>& expected = groups_[k];
    if (!tensors || sequence_size(tensors) != static_cast<Py_ssize_t>(expected.size())) return false;
    for (std::size_t i = 0; i < expected.size(); ++i) {
      if (!sequence_item(tensors, static_cast<Py_ssize_t>(i)).is(expected[i])) return false;
    }
  }
  return true;
}

// Mostly they come first, and in order.
bool Tensors::same_items(PyObject* entry, const Items& expected) {
  PyObject* name = nullptr;
  PyObject* value = nullptr;
  Py_ssize_t position = 0;
  bool same = PyDict_Check(entry) != 0;
  for (auto item = expected.begin(); same && item != expected.end(); ++item) {
    same =
        PyDict_Next(entry, &position, &name, &value) != 0 && name == item->first.ptr() && value == item->second.ptr();
  }
  const auto is_there = [&](const auto& item) { return dict_item(entry, item.first).is(item.second); };
  return same || (PyDict_Check(entry) != 0 && std::all_of(expected.begin(), expected.end(), is_there));
}

// In order, which costs no hashing: that of a tensor is a call into Python.
bool Tensors::same_states(py::handle states) const {
  if (!PyDict_Check(states.ptr()) || PyDict_Size(states.ptr()) != static_cast<Py_ssize_t>(states_.size())) return false;
  PyObject* key = nullptr;
  PyObject* entry = nullptr;
  Py_ssize_t position = 0;
  for (const State& expected : states_) {
    if (PyDict_Next(states.ptr(), &position, &key, &entry) == 0 || key != expected.key.ptr() ||
        entry != expected.entry.ptr()) {
      return false;
    }
    if (!same_items(entry, expected.items)) return false;
  }
  return true;
}

py::object Tensors::collect(py::handle groups, py::handle states) {
  if (!same_groups(groups) || !same_states(states)) return py::none();
  TensorReader params;  // parameters and gradients are of two types
  TensorReader grads;
  py::list awkward;
  for (std::size_t i = 0; i < params_.size(); ++i) {
    Param& param = params_[i];
    const Layout& layout = param.layout;
    dlpack::Tensor view{};
    DType dtype{};
    if (!params.look(param.memory, &view) || !find_dtype(view, &dtype) || address_of(view) != layout.data ||
        dtype != layout.dtype || !is_laid_out(view, layout.shape, layout.strides)) {
      return py::none();
    }
    PyObject* grad = PyObject_GetAttr(param.tensor.ptr(), names().grad.ptr());
    if (grad == nullptr) throw py::error_already_set();
    param.grad = py::reinterpret_steal<py::object>(grad);
    param.data = nullptr;
    if (param.grad.is_none()) continue;
    // (Asking a tensor that is not dense costs an exception: once is enough.)
    const bool is_dense = !param.is_awkward && grads.look(param.grad, &view);
    const void* const data = is_dense ? address_of(view) : nullptr;
    if (is_dense && find_dtype(view, &param.grad_dtype) && is_laid_out(view, layout.shape, layout.strides) &&
        reinterpret_cast<std::uintptr_t>(data) % size_of(param.grad_dtype) == 0) {
      param.data = data;
    } else {
      param.is_awkward = !is_dense;
      awkward.append(i);
    }
  }
  return std::move(awkward);
}

void Tensors::put(std::size_t index, const py::object& grad) {
  if (index >= params_.size()) throw py::index_error("put: no such parameter");
  params_[index].grad = grad;
  params_[index].data = nullptr;
}

std::vector<std::size_t> Tensors::present() const {
  std::vector<std::size_t> indices;
  for (std::size_t i = 0; i < params_.size(); ++i) {
    if (params_[i].grad && !params_[i].grad.is_none()) indices.push_back(i);
  }
  return indices;
}

std::size_t Tensors::count() const {
  return static_cast<std::size_t>(std::count_if(
      params_.begin(), params_.end(), [](const Param& param) { return param.grad && !param.grad.is_none(); }));
}

void register_tensors(py::module_& m) {
  py::class_<Tensors>(m, "Tensors")
      .def(py::init<const py::list&, const py::list&>(), py::arg("params"), py::arg("memory"))
      .def("expect_groups", &Tensors::expect_groups, py::arg("groups"))
      .def("know", &Tensors::know, py::arg("groups"))
      .def("knows", &Tensors::knows, py::arg("groups"))
      .def("expect_states", &Tensors::expect_states, py::arg("states"), py::arg("ours"), py::arg("keys"))
      .def("collect", &Tensors::collect, py::arg("groups"), py::arg("states"))
      .def("put", &Tensors::put, py::arg("index"), py::arg("grad"))
      .def("present", &Tensors::present)
      .def_property_readonly("count", &Tensors::count);
}

}  // namespace adamas::bindings
