// The shape of a model: how its parameters nest, against which gradients are read.
#pragma once

#include <pybind11/pybind11.h>

#include <vector>

namespace adamas::bindings {

namespace py = pybind11;

// Built from the description that adamas/_structure.py makes of the parameters:
//   ("leaf",) | ("sequence", [child, ...]) | ("mapping", [(key, child), ...]) | ("group", child, may_be_wrapped)
class Structure {
 public:
  static constexpr int kMaxDepth = 110;  // a little above that of adamas/_structure.py, which refuses with the path

  explicit Structure(const py::tuple& description, int depth = 0);

  // Appends the leaves of `tree`, which nests as described, in order, each with a reference of its own: another thread
  // may change the containers meanwhile. False where it does not nest so.
  bool flatten(py::handle tree, std::vector<py::object>& leaves) const;

 private:
  enum class Kind { kLeaf, kSequence, kMapping, kGroup };

  bool flatten_sequence(py::handle tree, std::vector<py::object>& leaves) const;
  bool flatten_mapping(py::handle tree, std::vector<py::object>& leaves) const;
  bool flatten_group(py::handle tree, std::vector<py::object>& leaves) const;

  Kind kind_ = Kind::kLeaf;
  bool may_be_wrapped_ = false;   // of a group: {"params": child} is as good as the child
  std::vector<py::object> keys_;  // of a mapping
  std::vector<Structure> children_;
};

}  // namespace adamas::bindings
