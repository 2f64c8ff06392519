#include <pybind11/stl.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <thread>
#include <utility>

#ifndef _WIN32
#include <pthread.h>
#endif

#include "errors.hpp"
#include "gil.hpp"
#include "lookup.hpp"
#include "plan.hpp"

namespace adamas::bindings {
namespace {

// With many small arrays, waiting for their array objects to come from memory would take longer than checking them.
constexpr std::size_t kPrefetchDistance = 8;

double number_at(py::handle options, Py_ssize_t k) {
  const double value = PyFloat_AsDouble(PyTuple_GET_ITEM(options.ptr(), k));
  if (value == -1.0 && PyErr_Occurred() != nullptr) throw py::error_already_set();
  return value;
}
// How many forks this process is away from the one that loaded the module. (Asking for its number is a system call.)
std::atomic<int> forks{0};
#ifndef _WIN32
const int watch_forks = pthread_atfork(nullptr, nullptr, [] { forks.fetch_add(1, std::memory_order_relaxed); });
#endif

bool flag_at(py::handle options, Py_ssize_t k) { return PyTuple_GET_ITEM(options.ptr(), k) == Py_True; }

// What the core, or another thread, could have changed while Python code ran.
bool is_refusal(Status status) {
  return status == Status::kOverlap || status == Status::kInvalidHyperparameter || status == Status::kInvalidParameter;
}

// Equal, and a flag or a number like it: True is no 1.0.
bool is_same(py::handle now, py::handle value) {
  if (now.is(value)) return true;
  double number = 0.0;
  const bool alike = PyBool_Check(value.ptr()) != 0 ? PyBool_Check(now.ptr()) != 0 : read_number(now, &number);
  if (!alike) return false;
  const int equal = PyObject_RichCompareBool(now.ptr(), value.ptr(), Py_EQ);
  if (equal < 0) throw py::error_already_set();
  return equal != 0;
}

}  // namespace

// Empties the list of leaves at the end of a step, with the GIL held.
struct PyPlan::Leaves {
  explicit Leaves(std::vector<py::object>& leaves) : leaves_(leaves) {}
  ~Leaves() {
    if (PyGILState_Check() != 0) leaves_.clear();  // not so while a thread is unwound at the interpreter's end
  }
  std::vector<py::object>& leaves_;
};

void PyPlan::enter() {
  if (busy_.exchange(true, std::memory_order_acquire)) refuse_entry();
  busy_since_fork_.store(forks.load(std::memory_order_relaxed), std::memory_order_relaxed);
}

// The messages are those of adamas/_in_use.py.
void PyPlan::refuse_entry() const {
#ifndef _WIN32
  static_cast<void>(watch_forks);
#endif
  const bool is_forked = busy_since_fork_.load(std::memory_order_relaxed) != forks.load(std::memory_order_relaxed);
  throw std::runtime_error(
      py::module_::import("adamas._in_use").attr(is_forked ? "FORKED" : "IN_USE").cast<std::string>());
}

// The fields of adamas._gradients.StepOptions, in order.
void PyPlan::read_options(py::handle options, py::handle average_weight) {
  options_ = {};
  mean_ = false;
  keep_accumulated_ = false;
  options_.copies_lead = copies_lead_;
  options_.start_states = starts_states_;
  average_weights_.clear();
  if (PyFloat_Check(average_weight.ptr()) != 0) {
    options_.average_weight = PyFloat_AS_DOUBLE(average_weight.ptr());
  } else {
    average_weights_ = average_weight.cast<std::vector<double>>();
    if (average_weights_.size() != params_.size()) throw py::value_error("average_weight: one for each parameter");
    options_.average_weight = *std::max_element(average_weights_.begin(), average_weights_.end());
    options_.average_weights = average_weights_.data();
  }
  options_.average_number = static_cast<std::uint64_t>(completed_) + 1;
  if (options.is_none()) return;
  if (!PyTuple_Check(options.ptr()) || PyTuple_GET_SIZE(options.ptr()) != 10) {
    throw py::type_error("options: expected a StepOptions");
  }
  options_.grad_scale = number_at(options, 0);
  options_.max_norm = number_at(options, 1);
  options_.max_value = number_at(options, 2);
  options_.norm_type = flag_at(options, 3) ? NormType::kLargest : NormType::kL2;
  options_.clip_each = flag_at(options, 4);
  options_.measure = flag_at(options, 5);
  options_.skip_nonfinite = flag_at(options, 6);
  options_.zero_grads = flag_at(options, 7);
  mean_ = flag_at(options, 8);
  keep_accumulated_ = flag_at(options, 9);
}

bool PyPlan::holds_params(std::size_t number, py::handle group, std::size_t& next) const {
  PYBIND11_CONSTINIT static py::gil_safe_call_once_and_store<py::object> key;
  const py::object& params = key.call_once_and_store_result([] {
                                  return py::reinterpret_steal<py::object>(PyUnicode_InternFromString("params"));
                                })
                                 .get_stored();
  if (!PyDict_Check(group.ptr())) return false;
  const py::object tree = dict_item(group, params);
  return tree && structure_.group_holds(number, tree, params_, next);
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
    const py::object group = list_item(groups, static_cast<Py_ssize_t>(k));
    scheduled_[k] = py::object();
    if (!group || !has_its_keys(group, groups_[k])) return false;
    if (!foreign_groups_ && !holds_params(k, group, next_param)) return false;
    if (!read_hyperparameters(group, groups_[k].keys, completed_, &hyperparameters_[k], &scheduled_[k])) {
      return false;
    }
    hyperparameters_[k].seed = seed_;
    for (const auto& [key, value] : groups_[k].frozen) {
      const py::object now = dict_item(group, key);
      if (!now || !is_same(now, value)) return false;
    }
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
  if (py::isinstance<Tensors>(grads)) return accept_tensors(py::cast<Tensors&>(grads));
  return structure_.flatten(grads, leaves_) && accept_arrays();
}

py::object PyPlan::run() {
  StepInputs inputs;
  inputs.grads = gradients_.data();
  inputs.grad_dtypes = gradient_dtypes_.data();
  inputs.row_grads = row_gradient_at_.empty() ? nullptr : row_gradient_at_.data();
  inputs.groups = hyperparameters_.data();
  inputs.group_count = hyperparameters_.size();
  inputs.options = &options_;
  inputs.threads = num_threads_;
  StepInfo info;
  Status status = Status::kOk;
  without_gil([&] { status = plan_.step(inputs, &info); });
  if (is_refusal(status)) return py::none();
  throw_on_error(status);
  if (!info.skipped) {
    ++completed_;
    count_averages();
  } else if (!keep_accumulated_) {
    plan_.drop_accumulated();
  }
  if (!info.skipped || !keep_accumulated_) accumulated_ = 0;
  last_threads_ = info.threads;
  if (info.has_norm && std::isfinite(info.grad_norm)) previous_norm_ = info.grad_norm;
  return report(info);
}

py::object PyPlan::step(py::handle grads, py::handle groups, py::handle options, py::handle average_weight) {
  const Exclusive exclusive(*this);
  const Leaves leaves(leaves_);
  return read_inputs(grads, groups, options, average_weight) ? run() : py::none();
}

bool PyPlan::start(py::handle grads, py::handle groups, py::handle options, py::handle average_weight) {
  enter();
  bool ready = false;
  try {
    ready = read_inputs(grads, groups, options, average_weight);
    if (ready) forbid_resizing();
  } catch (...) {
    leaves_.clear();
    exit();
    throw;
  }
  if (!ready) {
    leaves_.clear();
    exit();
  }
  started_.store(ready, std::memory_order_release);
  return ready;
}

// NumPy resizes no array that somebody has a weak reference to: nobody can take away memory until the step is done.
void PyPlan::forbid_resizing() {
  const auto add = [this](py::handle object) {
    if (object && py::isinstance<py::array>(object)) leaves_.push_back(py::weakref(object));
  };
  for (std::size_t i = 0, count = leaves_.size(); i < count; ++i) {
    const py::object leaf = leaves_[i];
    if (leaf && is_row_gradient(leaf)) {
      add(leaf.attr("values"));
    } else {
      add(leaf);
    }
  }
  for (const WritableArray& param : params_) add(param.array);
  for (const WritableArray& copy : copies_) add(copy.array);
}

void PyPlan::abandon() {
  const bool was_open = std::exchange(is_open_, false);
  if (!started_.exchange(false, std::memory_order_acq_rel) && !was_open) return;
  const Exit at_end(*this);
  const Leaves leaves(leaves_);
}

PyPlan& Begun::claim() {
  if (!under_way_.exchange(false)) throw std::runtime_error("this step is over, or was given up");
  return plan_;
}

py::object PyPlan::finish() {
  if (!started_.exchange(false, std::memory_order_acq_rel)) throw std::runtime_error("finish: without start");
  const Exit at_end(*this);
  const Leaves leaves(leaves_);
  return run();
}

bool PyPlan::catch_up(std::size_t index, py::handle rows) {
  if (index >= plan_.size()) throw py::index_error("catch_up: no such parameter");
  const Exclusive exclusive(*this);
  RowGradient numbers;
  if (!unchanged(params_[index]) || !has_rows_still(params_[index], plan_.parameter(index).columns) ||
      (!rows.is_none() && !accept_row_numbers(rows, &numbers))) {
    return false;
  }
  const auto kept = py::reinterpret_borrow<py::object>(rows);
  Status status = Status::kOk;
  without_gil([&] { status = plan_.catch_up(index, rows.is_none() ? nullptr : &numbers, num_threads_); });
  if (is_refusal(status)) return false;
  throw_on_error(status);
  return true;
}

bool PyPlan::accumulate(py::handle grads) {
  if (!laid_out_) throw py::value_error("accumulate: before lay_out");
  const Exclusive exclusive(*this);
  const Leaves leaves(leaves_);
  options_ = {};
  if (!structure_.flatten(grads, leaves_) || !accept_arrays()) return false;
  const auto is_given = [](const RowGradient* gradient) { return gradient != nullptr; };
  if (std::any_of(row_gradient_at_.begin(), row_gradient_at_.end(), is_given)) return false;
  if (accumulators_.is_empty()) make_accumulators();
  Status status = Status::kOk;
  without_gil([&] { status = plan_.accumulate(gradients_.data(), num_threads_, gradient_dtypes_.data()); });
  if (is_refusal(status)) return false;
  throw_on_error(status);
  ++accumulated_;
  return true;
}

void PyPlan::drop_accumulated() {
  const Exclusive exclusive(*this);
  plan_.drop_accumulated();
  accumulated_ = 0;
}

bool PyPlan::open(py::handle groups, py::handle options, py::handle average_weight) {
  if (!laid_out_) throw py::value_error("open: before lay_out");
  enter();
  bool ready = false;
  try {
    read_options(options, average_weight);
    ready = accumulated_ == 0 && read_groups(groups);
    stepped_.assign(params_.size(), false);
  } catch (...) {
    exit();
    throw;
  }
  is_open_ = ready;
  if (!ready) exit();
  return ready;
}

StepInputs PyPlan::inputs_of_one(std::size_t index, const void* const* grad, const DType* dtype) const {
  StepInputs inputs;
  inputs.grads = grad;
  inputs.grad_dtypes = dtype;
  inputs.groups = &hyperparameters_[plan_.parameter(index).group];
  inputs.group_count = 1;
  inputs.options = &options_;
  inputs.threads = num_threads_;
  return inputs;
}

py::object PyPlan::step_one(std::size_t index, py::handle grad) {
  if (index >= params_.size()) throw py::index_error("step_one: no such parameter");
  if (stepping_one_.exchange(true, std::memory_order_acquire)) {
    throw std::runtime_error("another thread is stepping a parameter of this optimizer; one at a time may do so");
  }
  struct Done {
    ~Done() { flag.store(false, std::memory_order_release); }
    std::atomic<bool>& flag;
  };
  const Done at_end{stepping_one_};
  if (!is_open_) throw std::runtime_error("step_param: only inside the block of its scope");
  copied_ = 0;
  if (stepped_[index] || grad.is_none() || !accept(index, grad) || gradients_[index] == nullptr) return py::none();
  const auto kept = py::reinterpret_borrow<py::object>(grad);
  const StepInputs inputs = inputs_of_one(index, &gradients_[index], &gradient_dtypes_[index]);
  StepInfo info;
  Status status = Status::kOk;
  without_gil([&] { status = plan_.step_one(index, inputs, &info); });
  if (is_refusal(status)) return py::none();
  throw_on_error(status);
  stepped_[index] = !info.skipped;
  last_threads_ = info.threads;
  return report(info);
}

// After a step in which all averages were brought up to date, if any were.
void PyPlan::count_averages() {
  if (options_.average_weight == 0.0) return;
  for (std::int64_t& count : average_counts_) ++count;
}

std::size_t PyPlan::close() {
  while (stepping_one_.exchange(true, std::memory_order_acquire)) {  // another thread is
    without_gil([] { std::this_thread::sleep_for(std::chrono::microseconds(100)); });
  }
  const bool was_open = std::exchange(is_open_, false);
  stepping_one_.store(false, std::memory_order_release);
  if (!was_open) throw std::runtime_error("close: without open");
  const Exit at_end(*this);
  const auto updated = static_cast<std::size_t>(std::count(stepped_.begin(), stepped_.end(), true));
  if (updated == 0) return 0;
  ++completed_;
  count_averages();
  if (options_.average_weight == 0.0 && copies_.empty()) return updated;
  for (std::size_t i = 0; i < params_.size(); ++i) {
    if (stepped_[i] || !unchanged(params_[i])) continue;
    const void* const none = nullptr;
    const StepInputs inputs = inputs_of_one(i, &none, nullptr);
    without_gil([&] { plan_.step_one(i, inputs); });
  }
  return updated;
}

py::list PyPlan::scheduled() const {
  py::list values;
  for (const py::object& called : scheduled_) values.append(called ? called : py::none());
  return values;
}

py::object PyPlan::report(const StepInfo& info) const {
  const auto if_measured = [&](double value) { return info.has_norm ? py::object(py::float_(value)) : py::none(); };
  const py::object nonfinite = info.nonfinite == kNoParameter ? py::none() : py::object(py::int_(info.nonfinite));
  const py::tuple fields = py::make_tuple(completed_, info.updated, if_measured(info.grad_norm),
                                          if_measured(info.clip_coefficient), info.skipped, nonfinite, copied_);
  const py::tuple arguments = py::make_tuple(fields);
  PyObject* made = PyTuple_Type.tp_new(reinterpret_cast<PyTypeObject*>(report_type_.ptr()), arguments.ptr(), nullptr);
  if (made == nullptr) throw py::error_already_set();
  return py::reinterpret_steal<py::object>(made);
}

}  // namespace adamas::bindings
