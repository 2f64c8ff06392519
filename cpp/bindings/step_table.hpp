// Parameters by key, for libraries that call their optimizer for one tensor after the other.
#pragma once

#include <pybind11/pybind11.h>

#include <cstdint>
#include <utility>
#include <vector>

#include "plan.hpp"

namespace adamas::bindings {

// The parameters may be of several plans, which all have the same settings.
class StepTable {
 public:
  // weight_of: the weight of a parameter in its average when it is averaged for the n-th time, counted from 1; None: 0.
  explicit StepTable(py::object weight_of) : weight_of_(std::move(weight_of)) {}

  // What a key stands for from now on.
  void put(const py::object& key, const py::object& plan, std::size_t index);
  void remove(const py::object& key);

  // Settings of all steps, until they are forgotten; as those of PyPlan::step(). They must not change meanwhile.
  void prepare(const py::list& groups, const py::object& options);
  void forget() { version_ = 0; }

  // True if the parameter was stepped, false if the step was skipped; None if an input is not acceptable, the key is
  // not known, or nothing is prepared.
  py::object step(py::handle key, py::handle param, py::handle grad);

 private:
  struct Place {
    py::object key;
    py::object owner;  // of the plan
    PyPlan* plan;
    std::size_t index;
  };

  static constexpr std::size_t kNowhere = ~std::size_t{0};

  std::size_t find(py::handle key) const;
  double weight_at(std::int64_t number);

  py::dict numbers_;  // of the places, by key
  std::vector<Place> places_;
  std::size_t expected_ = 0;  // where the next key is, if they come in order
  py::object weight_of_;
  py::object groups_;
  py::object options_;
  std::uint64_t version_ = 0;
  std::int64_t weight_number_ = 0;  // weight_ is that of this time
  double weight_ = 0.0;
};

}  // namespace adamas::bindings
