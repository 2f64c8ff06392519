// The structure of a model: how its parameters nest. Gradients are read by it.
#pragma once

#include <pybind11/pybind11.h>

#include <vector>

#include "arrays.hpp"

namespace adamas::bindings {

namespace py = pybind11;

// Built from the Description that adamas/_inputs/trees.py makes of the parameters.
class Structure {
 public:
  static constexpr int kMaxDepth = 110;  // a little above that of adamas/_inputs/trees.py, which refuses with the path

  explicit Structure(py::handle description, int depth = 0);

  // Appends the leaves of `tree`, which nests as described, in order, each with a reference of its own: another thread
  // may change the containers meanwhile. False where it does not nest so.
  bool flatten(py::handle tree, std::vector<py::object>& leaves) const;

  // Does group `index` hold, at its leaves, the arrays from number `next` on? Goes on with `next` behind them. For
  // parameters that were given without groups, the one group there is holds all.
  bool group_holds(std::size_t index, py::handle tree, const std::vector<WritableArray>& arrays,
                   std::size_t& next) const;

 private:
  enum class Kind { kLeaf, kSequence, kMapping, kGroup };

  // Calls visit(leaf) for each leaf of `tree` in order, as long as it returns true.
  template <class Visit>
  bool walk(py::handle tree, Visit&& visit) const;
  template <class Visit>
  bool walk_sequence(py::handle tree, Visit&& visit) const;
  template <class Visit>
  bool walk_mapping(py::handle tree, Visit&& visit) const;
  template <class Visit>
  bool walk_group(py::handle tree, Visit&& visit) const;

  Kind kind_ = Kind::kLeaf;
  bool may_be_wrapped_ = false;   // of a group: {"params": child} is as good as the child
  std::vector<py::object> keys_;  // of a mapping
  std::vector<Structure> children_;
};

}  // namespace adamas::bindings
