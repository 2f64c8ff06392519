// What a step is given: options, groups and gradients, read and accepted before anything is written.
#include <pybind11/stl.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "lookup.hpp"
#include "plan.hpp"

namespace adamas::bindings {
namespace {

// With many small arrays, waiting for their array objects to come from memory would take longer than checking them.
constexpr std::size_t kPrefetchDistance = 8;

// Equal, and a flag, a text or a number like it: True is no 1.0.
bool is_same(py::handle now, py::handle value) {
  if (now.is(value)) return true;
  if (PyUnicode_Check(value.ptr()) != 0) {
    return PyUnicode_Check(now.ptr()) != 0 && PyUnicode_Compare(now.ptr(), value.ptr()) == 0;
  }
  double number = 0.0;
  const bool alike = PyBool_Check(value.ptr()) != 0 ? PyBool_Check(now.ptr()) != 0 : read_number(now, &number);
  if (!alike) return false;
  const int equal = PyObject_RichCompareBool(now.ptr(), value.ptr(), Py_EQ);
  if (equal < 0) throw py::error_already_set();
  return equal != 0;
}

const py::object& params_key() {
  PYBIND11_CONSTINIT static py::gil_safe_call_once_and_store<py::object> key;
  return key
      .call_once_and_store_result(
          [] { return py::reinterpret_steal<py::object>(PyUnicode_InternFromString("params")); })
      .get_stored();
}

}  // namespace

void PyPlan::read_options(py::handle options, py::handle average_weight) {
  const ChosenOptions& chosen = options_reader_.read(options);
  alone_version_ = 0;
  options_ = chosen.core;
  mean_ = chosen.mean;
  keep_accumulated_ = chosen.keep_accumulated;
  options_.copies_lead = copies_lead_;
  options_.start_states = starts_states_;
  average_weights_.clear();
  if (!average_weight) {
    options_.average_weight = 0.0;
  } else if (PyFloat_Check(average_weight.ptr()) != 0) {
    options_.average_weight = PyFloat_AS_DOUBLE(average_weight.ptr());
  } else {
    average_weights_ = average_weight.cast<std::vector<double>>();
    if (average_weights_.size() != params_.size()) throw py::value_error("average_weight: one for each parameter");
    options_.average_weight = *std::max_element(average_weights_.begin(), average_weights_.end());
    options_.average_weights = average_weights_.data();
  }
  options_.average_number = static_cast<std::uint64_t>(completed_) + 1;
  if (chosen.observe != 0) prepare_observation(chosen.observe);
}

// It has no more keys than at first; that it has all of those that count, read_hyperparameters() sees.
bool PyPlan::has_its_keys(py::handle group, const Group& expected) const {
  return foreign_groups_ || (PyDict_Check(group.ptr()) && PyDict_Size(group.ptr()) <= expected.size);
}

bool PyPlan::read_groups(py::handle groups) {
  if (completed_ >= kMaxStepCount) return false;
  if (!PyList_Check(groups.ptr()) || PyList_Size(groups.ptr()) != static_cast<Py_ssize_t>(groups_.size())) {
    return false;
  }
  std::size_t next_param = 0;
  for (std::size_t k = 0; k < groups_.size(); ++k) {
    Group& known = groups_[k];
    const py::object group = list_item(groups, static_cast<Py_ssize_t>(k));
    scheduled_[k] = py::object();
    if (!group) return false;
    py::object params;
    const bool is_known = known.read.is_same(group, false, &params);
    if (!is_known && !has_its_keys(group, known)) return false;
    if (!foreign_groups_) {
      if (!is_known && PyDict_Check(group.ptr())) params = dict_item(group, params_key());
      if (!params || !structure_.group_holds(k, params, params_, next_param)) return false;
    }
    if (is_known) continue;
    known.read.forget();
    if (!read_hyperparameters(group, known.keys, completed_, &hyperparameters_[k], &scheduled_[k])) return false;
    hyperparameters_[k].seed = seed_;
    for (const auto& [key, value] : known.frozen) {
      const py::object now = dict_item(group, key);
      if (!now || !is_same(now, value)) return false;
    }
    known.read.remember(group);
  }
  return true;
}

// A gradient of single rows, if it is one and the parameter may have such.
bool PyPlan::accept_rows(std::size_t index, py::handle grad) {
  const Parameter& parameter = plan_.parameter(index);
  if (parameter.columns == 0 || !accept_row_gradient(grad, parameter.size / parameter.columns, parameter.columns,
                                                     options_.zero_grads, &row_gradients_[index])) {
    return false;
  }
  row_gradient_at_[index] = &row_gradients_[index];
  gradients_[index] = nullptr;
  return true;
}

bool PyPlan::is_still_there(std::size_t index) const {
  const bool has_copy = index < copies_.size() && copies_[index].data != nullptr;
  return unchanged(params_[index]) && (!has_copy || unchanged(copies_[index])) &&
         (row_gradient_at_.empty() || has_rows_still(params_[index], plan_.parameter(index).columns));
}

bool PyPlan::accept(std::size_t index, py::handle grad) {
  if (!is_still_there(index)) return false;
  if (!row_gradient_at_.empty()) {
    row_gradient_at_[index] = nullptr;
    if (is_row_gradient(grad)) return accept_rows(index, grad);
  }
  return accept_gradient(grad, params_[index], options_.zero_grads, &gradients_[index], &gradient_dtypes_[index]) ||
         accept_copy(index, grad);
}

// One that is to be cleared as well is not only read, and not copied.
bool PyPlan::accept_copy(std::size_t index, py::handle grad) {
  if (options_.zero_grads) return false;
  gradient_copies_.resize(params_.size());
  const py::object copy = copy_gradient(grad, params_[index], gradient_copies_[index]);
  if (copy.is_none()) return false;
  gradient_copies_[index] = copy;
  ++copied_;
  return accept_gradient(copy, params_[index], false, &gradients_[index], &gradient_dtypes_[index]);
}

bool PyPlan::accept_arrays() {
  copied_ = 0;
  if (leaves_.size() != params_.size()) return false;
  for (std::size_t i = 0; i < params_.size(); ++i) {
    if (i + kPrefetchDistance < params_.size()) {
      prefetch(params_[i + kPrefetchDistance], leaves_[i + kPrefetchDistance]);
    }
    if (!accept(i, leaves_[i])) return false;
  }
  return true;
}

bool PyPlan::accept_tensors(Tensors& tensors) {
  copied_ = 0;
  if (tensors.size() != params_.size()) return false;
  for (std::size_t i = 0; i < params_.size(); ++i) {
    leaves_.push_back(tensors.take(i));
    const void* const data = tensors.data(i);
    if (data == nullptr) {
      if (!leaves_[i] || !accept(i, leaves_[i])) return false;
      continue;
    }
    // (The arrays over the tensors' memory are nobody else's, and whether that is where it was, `tensors` has seen.)
    gradients_[i] = data;
    gradient_dtypes_[i] = tensors.dtype(i);
    if (!row_gradient_at_.empty()) row_gradient_at_[i] = nullptr;
  }
  return true;
}

// First what may run Python code, which could change the arrays; then the arrays.
bool PyPlan::read_inputs(py::handle grads, py::handle groups, py::handle options, py::handle average_weight) {
  if (!laid_out_) throw py::value_error("step: before lay_out");
  read_options(options, average_weight);
  if (!read_groups(groups)) return false;
  if (accumulated_ > 0) {
    if (mean_) options_.grad_scale *= accumulated_ + (grads.is_none() ? 0 : 1);
    if (grads.is_none()) {
      leaves_.assign(params_.size(), py::none());
      return accept_arrays();
    }
  }
  const bool is_tree = PyList_Check(grads.ptr()) || PyTuple_Check(grads.ptr()) || PyDict_Check(grads.ptr());
  if (!is_tree && py::isinstance<Tensors>(grads)) return accept_tensors(py::cast<Tensors&>(grads));
  return structure_.flatten(grads, leaves_) && accept_arrays();
}

}  // namespace adamas::bindings
