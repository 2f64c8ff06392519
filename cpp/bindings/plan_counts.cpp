// What an optimizer's engine counts beside its arrays: steps, and the numbers that rules keep; shown, and restored.
#include <pybind11/stl.h>

#include <algorithm>
#include <type_traits>

#include "arrays.hpp"
#include "errors.hpp"
#include "plan.hpp"

namespace adamas::bindings {
namespace {

// Writes number(i) into element i of an array that has so many, of float64 or float32.
template <class Number>
void show(py::handle array, std::size_t count, Number number) {
  WritableArray accepted;
  const bool fits = accept_writable(array, &accepted) && accepted.size == count &&
                    (accepted.dtype == DType::kFloat64 || accepted.dtype == DType::kFloat32);
  if (!fits) {
    throw py::value_error("expected a writeable array of float64 or float32 with an element for each parameter");
  }
  const auto write = [&](auto* shown) {
    for (std::size_t i = 0; i < count; ++i) shown[i] = static_cast<std::remove_pointer_t<decltype(shown)>>(number(i));
  };
  if (accepted.dtype == DType::kFloat64) {
    write(static_cast<double*>(accepted.data));
  } else {
    write(static_cast<float*>(accepted.data));
  }
}

}  // namespace

std::int64_t PyPlan::step_count(std::size_t index) const {
  if (index >= plan_.size()) throw py::index_error("step_count: no such parameter");
  return plan_.step_count(index);
}

void PyPlan::set_step_counts(const std::vector<std::int64_t>& counts, long long completed,
                             const std::vector<std::vector<double>>& scalars, const std::vector<double>& shared) {
  const bool negative = std::any_of(counts.begin(), counts.end(), [](std::int64_t count) { return count < 0; });
  if (counts.size() != plan_.size() || negative || completed < 0) {
    throw py::value_error("set_step_counts: expected one count >= 0 for each parameter");
  }
  if (!scalars.empty() && scalars.size() != counts.size()) {
    throw py::value_error("set_step_counts: expected the scalars of each parameter");
  }
  for (std::size_t i = 0; i < counts.size(); ++i) throw_on_error(plan_.set_step_count(i, counts[i]));
  for (std::size_t i = 0; i < scalars.size(); ++i) set_scalars(i, scalars[i]);
  if (!shared.empty()) set_shared_scalars(shared);
  completed_ = completed;
}

py::object PyPlan::average_counts() const {
  const std::int64_t first = average_counts_.empty() ? 0 : average_counts_.front();
  const auto is_first = [first](std::int64_t count) { return count == first; };
  if (std::all_of(average_counts_.begin(), average_counts_.end(), is_first)) return py::int_(first);
  return py::cast(average_counts_);
}

std::int64_t PyPlan::average_count(std::size_t index) const {
  if (index >= plan_.size()) throw py::index_error("average_count: no such parameter");
  return average_counts_.empty() ? 0 : average_counts_[index];
}

void PyPlan::set_average_counts(const std::vector<std::int64_t>& counts) {
  const bool negative = std::any_of(counts.begin(), counts.end(), [](std::int64_t count) { return count < 0; });
  if (counts.size() != average_counts_.size() || negative) {
    throw py::value_error(
        "set_average_counts: expected one count >= 0 for each parameter, and parameters with averages");
  }
  std::copy(counts.begin(), counts.end(), average_counts_.begin());
}

void PyPlan::show_step_counts(py::handle counts) const {
  show(counts, plan_.size(), [&](std::size_t i) { return plan_.step_count(i); });
}

void PyPlan::show_scalars(int which, py::handle values) const {
  show(values, plan_.size(), [&](std::size_t i) { return plan_.scalar(i, which); });
}

std::vector<double> PyPlan::scalars(std::size_t index) const {
  if (index >= plan_.size()) throw py::index_error("scalars: no such parameter");
  std::vector<double> values;
  for (int k = 0; k < rule_info(plan_.parameter(index).rule).scalar_count; ++k)
    values.push_back(plan_.scalar(index, k));
  return values;
}

std::vector<double> PyPlan::shared_scalars() const {
  std::vector<double> values;
  for (int k = 0; k < plan_.shared_scalar_count(); ++k) values.push_back(plan_.shared_scalar(k));
  return values;
}

void PyPlan::set_shared_scalars(const std::vector<double>& values) {
  for (std::size_t k = 0; k < values.size(); ++k) {
    throw_on_error(plan_.set_shared_scalar(static_cast<int>(k), values[k]));
  }
}

void PyPlan::set_scalars(std::size_t index, const std::vector<double>& values) {
  for (std::size_t k = 0; k < values.size(); ++k) {
    throw_on_error(plan_.set_scalar(index, static_cast<int>(k), values[k]));
  }
}

}  // namespace adamas::bindings
