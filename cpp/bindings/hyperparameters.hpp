// Hyperparameters out of a param_groups dict.
#pragma once

#include <pybind11/pybind11.h>

#include <adamas/hyperparameters.hpp>

#include <cstdint>
#include <string>

namespace adamas::bindings {

namespace py = pybind11;

// Which of the keys that the core knows a group has, and how many betas it must have, if it has any.
struct KeySet {
  std::uint64_t bits = 0;
  int beta_count = 0;
};

// The field that the number under this name goes into, the `index`-th of several; null if there is none such.
double Hyperparameters::* number_field(const std::string& name, int index);

KeySet find_hyperparameters(py::handle group, int beta_count);

// A value that is one real number: a float, an int, or whatever as_real() of adamas/_inputs/values.py takes for one.
bool read_number(py::handle value, double* out);

// Reads the dict, which must still have the `expected` keys; others leave the default. `completed` steps are what a
// callable lr, weight_decay or betas is called with; *scheduled becomes a dict of what they returned. False if a value
// is missing, has the wrong type or is out of range: adamas/_inputs/hyperparameters.py then says which and why.
bool read_hyperparameters(py::handle group, KeySet expected, long long completed, Hyperparameters* out,
                          py::object* scheduled);

}  // namespace adamas::bindings
