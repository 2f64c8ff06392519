// The parameters of a PyTorch model: checks whether they have changed, and finds their gradients.
#pragma once

#include <pybind11/pybind11.h>

#include <adamas/types.hpp>

#include <cstdint>
#include <utility>
#include <vector>

#include "dlpack.hpp"
#include "remembered.hpp"

namespace adamas::bindings {

namespace py = pybind11;

// What an optimizer's step has to know of tensors, read anew for each step in one call: people replace a parameter's
// memory, its gradient, its state or the parameter itself, and all of that must be seen. Nothing of it is done in
// Python as long as nothing of it has happened.
class Tensors {
 public:
  // Parameters that are stepped, each once, and the tensors that have their memory: mostly the same ones. Throws
  // ValueError if one of those cannot be read: it has to be a dense tensor on the CPU, of a type that adamas has
  // kernels for.
  Tensors(const py::list& params, const py::list& memory);

  // From here on, collect() expects a group dict for each of these lists, with the tensors of that list.
  void expect_groups(const py::list& groups);

  // Remembers all else that these groups have; knows() tells whether they still have it. The learning rate may have
  // become another float meanwhile.
  void know(py::handle groups);
  bool knows(py::handle groups) const;

  // From here on, collect() expects the items that a dict has now; in those that are `ours`, themselves dicts, the
  // values of these keys must not be replaced either.
  void expect_states(const py::dict& states, const std::vector<bool>& ours, const py::list& keys);

  // Looks at everything. None if the groups, the states, or the memory of a parameter are not what they were. Else the
  // indices of parameters whose gradients cannot be used as they are, for which put() has to be called.
  py::object collect(py::handle groups, py::handle states);

  // Gives a parameter another gradient for this step: what a Plan takes, or None.
  void put(std::size_t index, const py::object& grad);

  // Parameters that have a gradient now.
  std::vector<std::size_t> present() const;
  std::size_t count() const;

  // For the plan.
  std::size_t size() const { return params_.size(); }
  // A gradient that fits, or null; `object` is then the array, or None.
  const void* data(std::size_t index) const { return params_[index].data; }
  DType dtype(std::size_t index) const { return params_[index].grad_dtype; }
  // What keeps it alive, for the caller to keep.
  py::object take(std::size_t index) { return std::move(params_[index].grad); }

 private:
  struct Layout {
    void* data = nullptr;
    DType dtype = DType::kFloat32;
    std::vector<std::int64_t> shape;
    std::vector<std::int64_t> strides;
  };
  struct Param {
    py::object tensor;
    py::object memory;
    Layout layout;
    py::object grad;
    const void* data = nullptr;
    DType grad_dtype = DType::kFloat32;
    bool is_awkward = false;  // its last gradient was not a dense tensor
  };
  using Items = std::vector<std::pair<py::object, py::object>>;
  struct State {
    py::object key;
    py::object entry;
    Items items;
  };

  bool same_groups(py::handle groups) const;
  bool same_states(py::handle states) const;
  static bool same_items(PyObject* entry, const Items& expected);

  std::vector<Param> params_;
  std::vector<std::vector<py::object>> groups_;
  std::vector<RememberedGroup> known_groups_;
  std::vector<State> states_;
};

}  // namespace adamas::bindings
