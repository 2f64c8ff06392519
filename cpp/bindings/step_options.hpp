// Options of a step beside the update, read from a StepOptions of adamas/_optimizer/engine.py.
#pragma once

#include <pybind11/pybind11.h>

#include <adamas/plan.hpp>

namespace adamas::bindings {

namespace py = pybind11;

struct ChosenOptions {
  StepOptions core;               // without what is of one step alone
  bool mean = false;              // of what was accumulated
  bool keep_accumulated = false;  // if the step is skipped
  long long observe = 0;          // every how many-th step is observed; 0: none
};

// Reads the attributes of options. Those of the last object are kept: mostly it is that of the next step, too.
class OptionsReader {
 public:
  // None gives what there is without options.
  const ChosenOptions& read(py::handle options);

 private:
  py::object last_;  // a tuple, whose attributes nobody can change; empty at first
  ChosenOptions chosen_;
};

}  // namespace adamas::bindings
