// The entries of a dict as they were read, so that they need not be read again as long as they are the same objects.
#pragma once

#include <pybind11/pybind11.h>

#include <utility>
#include <vector>

namespace adamas::bindings {

namespace py = pybind11;

// A group of parameters: its "params" are looked at each time, and not kept here (a container that holds its optimizer
// would never go).
class RememberedGroup {
 public:
  // In order; not if somebody could change a value without putting another one there.
  void remember(py::handle group);
  void forget() { entries_.clear(); }

  // Has it these entries, and no others? Not if nothing is remembered. any_rate: whatever float "lr" is. *params: what
  // its "params" are now.
  bool is_same(py::handle group, bool any_rate = false, py::object* params = nullptr) const;

 private:
  std::vector<std::pair<py::object, py::object>> entries_;
};

}  // namespace adamas::bindings
