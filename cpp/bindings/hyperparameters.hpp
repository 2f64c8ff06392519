// Hyperparameters out of a param_groups dict.
#pragma once

#include <pybind11/pybind11.h>

#include <adamas/hyperparameters.hpp>

namespace adamas::bindings {

namespace py = pybind11;

// How many of the keys that the core knows are in the dict.
int count_hyperparameters(py::handle group);

// Reads the dict; `completed` steps are what a callable lr is called with. Returns how many keys it found (an absent
// one leaves the default), or -1 if a value has the wrong type or is out of range: adamas/_hyperparameters.py then says
// which and why. *scheduled is what a callable lr returned, if there is one.
int read_hyperparameters(py::handle group, long long completed, Hyperparameters* out, py::object* scheduled);

}  // namespace adamas::bindings
