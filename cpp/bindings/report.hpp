// The report that a step returns: a StepReport of adamas/_optimizer/report.py.
#pragma once

#include <pybind11/pybind11.h>

#include <adamas/plan.hpp>

#include <array>
#include <cstddef>

namespace adamas::bindings {

namespace py = pybind11;

class ReportType {
 public:
  // A class of named tuples. Where each of its fields is, is looked up by name, once.
  explicit ReportType(py::object type);

  // completed: steps, this one included; copied: gradients that were copied.
  py::object make(long long completed, const StepInfo& info, std::size_t copied) const;

 private:
  static constexpr std::size_t kFieldCount = 7;

  py::object type_;
  std::array<Py_ssize_t, kFieldCount> places_;
};

}  // namespace adamas::bindings
