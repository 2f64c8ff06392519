#include "structure.hpp"

#include <string>

#include "lookup.hpp"

namespace adamas::bindings {
namespace {

bool is_mapping(py::handle object) {
  PYBIND11_CONSTINIT static py::gil_safe_call_once_and_store<py::object> storage;
  const py::object& mapping =
      storage.call_once_and_store_result([] { return py::module_::import("collections.abc").attr("Mapping"); })
          .get_stored();
  return is_a(object, mapping);
}

}  // namespace

Structure::Structure(py::handle description, int depth) {
  if (depth > kMaxDepth) throw py::value_error("a structure is nested too deeply");
  const auto kind = description.attr("kind").cast<std::string>();
  if (kind == "leaf") return;
  kind_ = kind == "sequence" ? Kind::kSequence : kind == "mapping" ? Kind::kMapping : Kind::kGroup;
  for (py::handle child : description.attr("children")) children_.emplace_back(child, depth + 1);
  for (py::handle key : description.attr("keys")) keys_.push_back(py::reinterpret_borrow<py::object>(key));
  may_be_wrapped_ = description.attr("may_be_wrapped").cast<bool>();
}

template <class Visit>
bool Structure::walk(py::handle tree, Visit&& visit) const {
  switch (kind_) {
    case Kind::kLeaf: return visit(tree);
    case Kind::kSequence: return walk_sequence(tree, visit);
    case Kind::kMapping: return walk_mapping(tree, visit);
    case Kind::kGroup: return walk_group(tree, visit);
  }
  return false;
}

template <class Visit>
bool Structure::walk_sequence(py::handle tree, Visit&& visit) const {
  const auto size = static_cast<Py_ssize_t>(children_.size());
  if (sequence_size(tree) != size) return false;
  for (Py_ssize_t i = 0; i < size; ++i) {
    const py::object child = sequence_item(tree, i);
    if (!child || !children_[static_cast<std::size_t>(i)].walk(child, visit)) return false;
  }
  return true;
}

template <class Visit>
bool Structure::walk_mapping(py::handle tree, Visit&& visit) const {
  const bool is_dict = PyDict_CheckExact(tree.ptr());
  if (!is_dict && !is_mapping(tree)) return false;
  const Py_ssize_t size = PyObject_Size(tree.ptr());
  if (size < 0) throw py::error_already_set();
  if (size != static_cast<Py_ssize_t>(children_.size())) return false;
  for (std::size_t i = 0; i < children_.size(); ++i) {
    const py::object child = is_dict ? dict_item(tree, keys_[i]) : mapping_item(tree, keys_[i]);
    if (!child || !children_[i].walk(child, visit)) return false;
  }
  return true;
}

template <class Visit>
bool Structure::walk_group(py::handle tree, Visit&& visit) const {
  if (may_be_wrapped_ && PyDict_CheckExact(tree.ptr()) && PyDict_Size(tree.ptr()) == 1) {
    if (const py::object wrapped = dict_item(tree, py::str("params"))) {
      return children_.front().walk(wrapped, visit);
    }
  }
  return children_.front().walk(tree, visit);
}

bool Structure::flatten(py::handle tree, std::vector<py::object>& leaves) const {
  return walk(tree, [&](py::handle leaf) {
    leaves.push_back(py::reinterpret_borrow<py::object>(leaf));
    return true;
  });
}

bool Structure::group_holds(std::size_t index, py::handle tree, const std::vector<WritableArray>& arrays,
                            std::size_t& next) const {
  const bool has_groups = kind_ == Kind::kSequence && !children_.empty() && children_.front().kind_ == Kind::kGroup;
  const Structure& group = has_groups ? children_[index].children_.front() : *this;
  return group.walk(tree, [&](py::handle leaf) {
    return next < arrays.size() && (leaf.is(arrays[next].array) || has_memory_of(leaf, arrays[next])) && ++next != 0;
  });
}

}  // namespace adamas::bindings
