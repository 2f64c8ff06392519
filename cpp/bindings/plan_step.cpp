// The course of a step: at once, in two parts, or parameter by parameter; one at a time.
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

// How many forks this process is away from the one that loaded the module. (Asking for its number is a system call.)
std::atomic<int> forks{0};
#ifndef _WIN32
const int watch_forks = pthread_atfork(nullptr, nullptr, [] { forks.fetch_add(1, std::memory_order_relaxed); });
#endif

// A step of so many elements takes a few microseconds at most.
constexpr std::size_t kBriefElements = 4096;

// A step of so many elements finds most of them in no cache. (Where it does find them, to fetch them before takes a
// tenth of its time; else it saves a fifth.)
constexpr std::size_t kManyElements = std::size_t{1} << 19;

}  // namespace

void PyPlan::enter() {
  if (busy_.exchange(true, std::memory_order_acquire)) refuse_entry();
  busy_since_fork_.store(forks.load(std::memory_order_relaxed), std::memory_order_relaxed);
}

// The messages are those of adamas/_system/exclusion.py.
void PyPlan::refuse_entry() const {
#ifndef _WIN32
  static_cast<void>(watch_forks);
#endif
  const bool is_forked = busy_since_fork_.load(std::memory_order_relaxed) != forks.load(std::memory_order_relaxed);
  throw std::runtime_error(
      py::module_::import("adamas._system.exclusion").attr(is_forked ? "FORKED" : "IN_USE").cast<std::string>());
}

StepInputs PyPlan::inputs_of_all() const {
  StepInputs inputs;
  inputs.grads = gradients_.data();
  inputs.grad_dtypes = gradient_dtypes_.data();
  inputs.row_grads = row_gradient_at_.empty() ? nullptr : row_gradient_at_.data();
  inputs.groups = hyperparameters_.data();
  inputs.group_count = hyperparameters_.size();
  inputs.options = &options_;
  inputs.threads = num_threads_;
  return inputs;
}

py::object PyPlan::run(const GradientSources* sources, const Exchange* exchange) {
  const StepInputs inputs = inputs_of_all();
  StepInfo info;
  Status status = Status::kOk;
  without_gil_unless(elements_ <= kBriefElements, [&] {
    status = sources == nullptr ? plan_.step(inputs, &info) : plan_.step_together(inputs, *sources, exchange, &info);
  });
  if (is_refusal(status)) return py::none();
  throw_on_error(status);
  if (!info.skipped) {
    ++completed_;
    count_averages();
    if (options_.observations != nullptr) keep_observation();
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

bool PyPlan::accumulate(py::handle grads, bool in_tree) {
  if (!laid_out_) throw py::value_error("accumulate: before lay_out");
  const Exclusive exclusive(*this);
  const Leaves leaves(leaves_);
  options_ = {};
  alone_version_ = 0;
  if (!structure_.flatten(grads, leaves_) || !accept_arrays()) return false;
  const auto is_given = [](const RowGradient* gradient) { return gradient != nullptr; };
  if (std::any_of(row_gradient_at_.begin(), row_gradient_at_.end(), is_given)) return false;
  const Status status = add_up(in_tree ? SumOrder::kTree : SumOrder::kInTurn);
  if (is_refusal(status)) return false;
  throw_on_error(status);
  return true;
}

// Adds the gradients that have been accepted to what has been accumulated.
Status PyPlan::add_up(SumOrder order) {
  const int slot = plan_.slot_of_next(order);
  if (accumulators_.count(slot) == 0) make_accumulators(slot);
  Status status = Status::kOk;
  without_gil([&] { status = plan_.accumulate(gradients_.data(), num_threads_, gradient_dtypes_.data(), order); });
  if (status == Status::kOk) ++accumulated_;
  return status;
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

// First what may run Python code, as in read_inputs().
bool PyPlan::read_alone(const AloneSettings& settings) {
  if (alone_version_ == settings.version) return true;
  read_options(settings.options, nullptr);
  if (options_.observations != nullptr) throw py::value_error("StepTable: such steps are not observed");
  if (!read_groups(settings.groups)) return false;
  alone_version_ = settings.version;
  return true;
}

void PyPlan::prefetch_alone(std::size_t index) const {
  if (elements_ < kManyElements || index >= params_.size() || params_[index].size > kBriefElements) return;
  const WritableArray& param = params_[index];
  prefetch(param, param.array);
  plan_.prefetch(index, gradients_[index]);
}

PyPlan::Outcome PyPlan::step_alone(std::size_t index, py::handle param, py::handle grad,
                                   const AloneSettings& settings) {
  if (!laid_out_ || index >= params_.size()) throw py::index_error("StepTable: no such parameter");
  const Exclusive exclusive(*this);
  if (accumulated_ != 0 || !read_alone(settings)) return Outcome::kRefused;
  options_.average_weight = settings.average_weight;
  options_.average_number = static_cast<std::uint64_t>(plan_.step_count(index)) + 1;
  if (!param.is(params_[index].array) && !has_memory_of(param, params_[index])) return Outcome::kRefused;
  copied_ = 0;
  if (grad.is_none() || !accept(index, grad) || gradients_[index] == nullptr) return Outcome::kRefused;
  const auto kept = py::reinterpret_borrow<py::object>(grad);
  const StepInputs inputs = inputs_of_one(index, &gradients_[index], &gradient_dtypes_[index]);
  StepInfo info;
  Status status = Status::kOk;
  without_gil_unless(params_[index].size <= kBriefElements, [&] { status = plan_.step_one(index, inputs, &info); });
  if (is_refusal(status)) return Outcome::kRefused;
  throw_on_error(status);
  last_threads_ = info.threads;
  if (info.skipped) return Outcome::kSkipped;
  if (settings.average_weight != 0.0 && !average_counts_.empty()) ++average_counts_[index];
  completed_ = std::max<long long>(completed_, plan_.step_count(index));
  return Outcome::kStepped;
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
  if (options_.observations != nullptr) keep_observation();
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

py::object PyPlan::report(const StepInfo& info) const { return report_type_.make(completed_, info, copied_); }

}  // namespace adamas::bindings
