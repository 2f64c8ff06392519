// The optimizer's engine as Python sees it: one call a step, in which the whole gradient structure is read.
#include <pybind11/stl.h>
#include <adamas/plan.hpp>

#include <algorithm>
#include <atomic>
#include <string>
#include <utility>
#include <vector>

#include "arrays.hpp"
#include "errors.hpp"
#include "gil.hpp"
#include "hyperparameters.hpp"
#include "lookup.hpp"
#include "memory.hpp"
#include "register.hpp"
#include "structure.hpp"

namespace adamas::bindings {
namespace {

// With many small arrays, waiting for their array objects to come from memory would take longer than checking them.
constexpr std::size_t kPrefetchDistance = 8;

class PyPlan {
 public:
  PyPlan(const py::tuple& structure, py::object report_type)
      : structure_(structure), report_type_(std::move(report_type)) {
    if (!PyType_Check(report_type_.ptr()) ||
        PyType_IsSubtype(reinterpret_cast<PyTypeObject*>(report_type_.ptr()), &PyTuple_Type) == 0) {
      throw py::type_error("report_type: expected a tuple type");
    }
  }

  // Starts a group, which add() fills; frozen: those of its keys whose values must stay as they are now.
  void add_group(const py::dict& group, const py::tuple& frozen) {
    if (laid_out_) throw py::value_error("add_group: after lay_out");
    Group added;
    added.keys = find_hyperparameters(group);
    for (py::handle key : frozen) {
      added.frozen.emplace_back(py::reinterpret_borrow<py::object>(key), dict_item(group, key));
    }
    groups_.push_back(std::move(added));
    hyperparameters_.emplace_back();
    scheduled_.emplace_back();
  }

  // Adds a parameter to the last group.
  void add(py::handle param, const std::string& rule) {
    WritableArray array;
    if (laid_out_ || groups_.empty()) throw py::value_error("add: not between add_group and lay_out");
    if (!accept_writable(param, &array)) throw py::value_error("add: the parameter cannot be stepped");
    Tensor tensor = make_tensor(rule, array);
    tensor.group = static_cast<std::uint32_t>(groups_.size() - 1);
    tensors_.push_back(tensor);
    rules_.push_back(tensor.rule);
    params_.push_back(std::move(array));
  }

  // After the last add(): gives each parameter its states, zeros.
  void lay_out() {
    if (laid_out_) throw py::value_error("lay_out: called twice");
    int most = 0;
    for (const Tensor& tensor : tensors_) most = std::max(most, rule_info(tensor.rule).state_count);
    states_ = StateArena(params_, most);
    for (std::size_t i = 0; i < tensors_.size(); ++i) {
      for (int k = 0; k < rule_info(tensors_[i].rule).state_count; ++k) tensors_[i].states[k] = states_.state(i, k);
      throw_on_error(plan_.add(tensors_[i]));
    }
    gradients_.resize(params_.size());
    tensors_ = {};
    laid_out_ = true;
  }

  py::array state(std::size_t index, int which) const {
    if (!laid_out_ || index >= params_.size()) throw py::index_error("state: no such parameter");
    if (which < 0 || which >= rule_info(rules_[index]).state_count) throw py::index_error("state: no such state");
    return states_.view(index, which, params_[index]);
  }

  // The report, or None if an input is not acceptable and the caller has to say why. Nothing has changed then.
  py::object step(py::handle grads, py::handle groups) {
    if (!laid_out_) throw py::value_error("step: before lay_out");
    const Exclusive exclusive(*this);
    const Leaves leaves(leaves_);
    if (!read_groups(groups) || !structure_.flatten(grads, leaves_) || !accept_arrays()) return py::none();

    StepInfo info;
    Status status = Status::kOk;
    without_gil([&] {
      status = plan_.step(gradients_.data(), hyperparameters_.data(), hyperparameters_.size(), num_threads_, &info);
    });
    if (status == Status::kOverlap || status == Status::kInvalidHyperparameter) return py::none();
    throw_on_error(status);
    ++completed_;
    last_threads_ = info.threads;
    return report(info);
  }

  std::int64_t step_count(std::size_t index) const {
    if (index >= plan_.size()) throw py::index_error("step_count: no such parameter");
    return plan_.step_count(index);
  }

  void set_step_counts(const std::vector<std::int64_t>& counts, long long completed) {
    const bool negative = std::any_of(counts.begin(), counts.end(), [](std::int64_t count) { return count < 0; });
    if (counts.size() != plan_.size() || negative || completed < 0) {
      throw py::value_error("set_step_counts: expected one count >= 0 for each parameter");
    }
    for (std::size_t i = 0; i < counts.size(); ++i) throw_on_error(plan_.set_step_count(i, counts[i]));
    completed_ = completed;
  }

  // The numbers that the rule keeps beside the step count.
  std::vector<double> scalars(std::size_t index) const {
    if (index >= plan_.size()) throw py::index_error("scalars: no such parameter");
    std::vector<double> values;
    for (int k = 0; k < rule_info(rules_[index]).scalar_count; ++k) values.push_back(plan_.scalar(index, k));
    return values;
  }

  void set_scalars(std::size_t index, const std::vector<double>& values) {
    for (std::size_t k = 0; k < values.size(); ++k) {
      throw_on_error(plan_.set_scalar(index, static_cast<int>(k), values[k]));
    }
  }

  // Shuts other threads out, as a step does, while Python code restores states.
  void enter() {
    if (busy_.exchange(true, std::memory_order_acquire)) {
      throw std::runtime_error(
          "this optimizer is in use, by another thread or by a step under way; "
          "one thread at a time may step it or load into it");
    }
  }
  void exit() { busy_.store(false, std::memory_order_release); }

  // What the callable learning rates of the groups returned in the last step, so that a refused step does not call them
  // again to say why; None where nothing was called.
  py::list scheduled() const {
    py::list values;
    for (const py::object& value : scheduled_) values.append(value ? py::object(py::make_tuple(value)) : py::none());
    return values;
  }

  long long completed() const { return completed_; }
  int last_threads() const { return last_threads_; }
  int num_threads() const { return num_threads_; }
  void set_num_threads(int count) { num_threads_ = count; }

 private:
  struct Group {
    KeySet keys;
    std::vector<std::pair<py::object, py::object>> frozen;  // key, value
  };

  struct Exclusive {
    explicit Exclusive(PyPlan& plan) : plan_(plan) { plan.enter(); }
    ~Exclusive() { plan_.exit(); }
    PyPlan& plan_;
  };

  // Empties the list of leaves at the end of a step, with the GIL held.
  struct Leaves {
    explicit Leaves(std::vector<py::object>& leaves) : leaves_(leaves) {}
    ~Leaves() {
      if (PyGILState_Check() != 0) leaves_.clear();  // not so while a thread is unwound at the interpreter's end
    }
    std::vector<py::object>& leaves_;
  };

  bool read_groups(py::handle groups) {
    if (!PyList_Check(groups.ptr()) || PyList_Size(groups.ptr()) != static_cast<Py_ssize_t>(groups_.size())) {
      return false;
    }
    for (std::size_t k = 0; k < groups_.size(); ++k) {
      const py::object group = list_item(groups, static_cast<Py_ssize_t>(k));
      scheduled_[k] = py::object();
      if (!group || !read_hyperparameters(group, groups_[k].keys, completed_, &hyperparameters_[k], &scheduled_[k])) {
        return false;
      }
      for (const auto& [key, value] : groups_[k].frozen) {
        const py::object now = dict_item(group, key);
        const int equal = now ? PyObject_RichCompareBool(now.ptr(), value.ptr(), Py_EQ) : 0;
        if (equal < 0) throw py::error_already_set();
        if (equal == 0) return false;
      }
    }
    return true;
  }

  bool accept_arrays() {
    if (leaves_.size() != params_.size()) return false;
    for (std::size_t i = 0; i < params_.size(); ++i) {
      if (i + kPrefetchDistance < params_.size())
        prefetch(params_[i + kPrefetchDistance], leaves_[i + kPrefetchDistance]);
      if (!unchanged(params_[i]) || !accept_gradient(leaves_[i], params_[i], &gradients_[i])) return false;
    }
    return true;
  }

  py::object report(const StepInfo& info) const {
    const py::tuple fields = py::make_tuple(completed_, info.updated);
    const py::tuple arguments = py::make_tuple(fields);
    PyObject* made = PyTuple_Type.tp_new(reinterpret_cast<PyTypeObject*>(report_type_.ptr()), arguments.ptr(), nullptr);
    if (made == nullptr) throw py::error_already_set();
    return py::reinterpret_steal<py::object>(made);
  }

  Structure structure_;
  py::object report_type_;
  Plan plan_;
  std::vector<WritableArray> params_;
  std::vector<Rule> rules_;
  std::vector<Tensor> tensors_;  // until lay_out()
  bool laid_out_ = false;
  StateArena states_;
  std::vector<Group> groups_;
  long long completed_ = 0;
  int num_threads_ = 0;
  int last_threads_ = 0;
  std::atomic<bool> busy_{false};

  // Of the step under way.
  std::vector<Hyperparameters> hyperparameters_;
  std::vector<py::object> scheduled_;  // what a callable lr returned
  std::vector<py::object> leaves_;
  std::vector<const void*> gradients_;
};

}  // namespace

void register_plan(py::module_& m) {
  py::class_<PyPlan>(m, "Plan")
      .def(py::init<const py::tuple&, py::object>(), py::arg("structure"), py::arg("report_type"))
      .def("add_group", &PyPlan::add_group, py::arg("group"), py::arg("frozen"))
      .def("add", &PyPlan::add, py::arg("param"), py::arg("rule"))
      .def("lay_out", &PyPlan::lay_out)
      .def("state", &PyPlan::state, py::arg("index"), py::arg("which"))
      .def("step", &PyPlan::step, py::arg("grads"), py::arg("groups"))
      .def("step_count", &PyPlan::step_count, py::arg("index"))
      .def("set_step_counts", &PyPlan::set_step_counts, py::arg("counts"), py::arg("completed"))
      .def("scalars", &PyPlan::scalars, py::arg("index"))
      .def("set_scalars", &PyPlan::set_scalars, py::arg("index"), py::arg("values"))
      .def("__enter__", &PyPlan::enter)
      .def("__exit__", [](PyPlan& plan, const py::args&) { plan.exit(); })
      .def_property_readonly("scheduled", &PyPlan::scheduled)
      .def_property_readonly("completed", &PyPlan::completed)
      .def_property_readonly("last_threads", &PyPlan::last_threads)
      .def_property("num_threads", &PyPlan::num_threads, &PyPlan::set_num_threads);
}

}  // namespace adamas::bindings
