// The optimizer's engine as Python sees it: one call a step, in which the whole gradient structure is read.
#include <pybind11/stl.h>
#include <adamas/plan.hpp>

#include <algorithm>
#include <atomic>
#include <limits>
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
  // seed: of stochastic rounding.
  PyPlan(const py::tuple& structure, py::object report_type, std::uint64_t seed)
      : structure_(structure), report_type_(std::move(report_type)), seed_(seed) {
    if (!PyType_Check(report_type_.ptr()) ||
        PyType_IsSubtype(reinterpret_cast<PyTypeObject*>(report_type_.ptr()), &PyTuple_Type) == 0) {
      throw py::type_error("report_type: expected a tuple type");
    }
  }

  // Starts a group, which add() fills; frozen: those of its keys whose values must stay as they are now.
  void add_group(const py::dict& group, const py::tuple& frozen, int beta_count) {
    if (laid_out_) throw py::value_error("add_group: after lay_out");
    Group added;
    added.keys = find_hyperparameters(group, beta_count);
    for (py::handle key : frozen) {
      added.frozen.emplace_back(py::reinterpret_borrow<py::object>(key), dict_item(group, key));
    }
    groups_.push_back(std::move(added));
    hyperparameters_.emplace_back();
    scheduled_.emplace_back();
  }

  // Adds a parameter to the last group, with the formats of its states and of its residue by number (see formats()).
  void add(py::handle param, const std::string& rule, int state_format, int residue) {
    WritableArray array;
    if (laid_out_ || groups_.empty()) throw py::value_error("add: not between add_group and lay_out");
    if (!accept_writable(param, &array)) throw py::value_error("add: the parameter cannot be stepped");
    Tensor tensor = make_tensor(rule, array);
    tensor.group = static_cast<std::uint32_t>(groups_.size() - 1);
    tensor.state_format = static_cast<StateFormat>(state_format);
    tensor.residue_kind = static_cast<Residue>(residue);
    if (!formats_fit(tensor.dtype, tensor.state_format, tensor.residue_kind)) {
      throw py::value_error("add: the formats do not fit");
    }
    tensors_.push_back(tensor);
    params_.push_back(std::move(array));
  }

  // After the last add(): gives each parameter its states, scales and residue, zeros.
  void lay_out() {
    if (laid_out_) throw py::value_error("lay_out: called twice");
    StateArena arena;
    std::vector<std::size_t> states[kMaxStates];
    for (int k = 0; k < kMaxStates; ++k) {
      states[k] = plan_memory(arena, k, [](const Tensor& tensor, const StateStorage& storage) {
        return StateArena::Request{storage.bytes(tensor.size), storage.element_bytes};
      });
    }
    const std::vector<std::size_t> residues = plan_memory(arena, -1, [](const Tensor& tensor, const StateStorage&) {
      const std::size_t bytes = size_of(tensor.residue_kind);
      return StateArena::Request{tensor.size * bytes, bytes};
    });
    arena.allocate();
    throw_on_error(plan_.reserve(tensors_.size()));
    for (std::size_t i = 0; i < tensors_.size(); ++i) {
      Tensor& tensor = tensors_[i];
      for (int k = 0; k < rule_info(tensor.rule).state_count; ++k) {
        tensor.states[k] = arena.at(states[k][i]);
      }
      tensor.residue = arena.at(residues[i]);
      throw_on_error(plan_.add(tensor));
    }
    arena_ = std::move(arena);
    gradients_.resize(params_.size());
    gradient_dtypes_.resize(params_.size());
    tensors_ = {};
    laid_out_ = true;
  }

  // How many elements a parameter had when it was added.
  std::size_t size(std::size_t index) const {
    if (index >= params_.size()) throw py::index_error("size: no such parameter");
    return params_[index].size;
  }

  // A state array: of the parameter's shape, or, quantised, of one row of bytes for each block.
  py::array state(std::size_t index, int which) const {
    const Tensor& tensor = tensor_at(index, which);
    const StateStorage storage = storage_at(tensor, which);
    if (storage.element_bytes == 0) {
      return arena_.view(tensor.states[which], py::dtype::of<std::uint8_t>(),
                         {as_ssize(StateStorage::blocks(tensor.size)), as_ssize(storage.block_bytes)});
    }
    const py::dtype dtype = storage.element_bytes == 8   ? py::dtype::of<double>()
                            : storage.element_bytes == 4 ? py::dtype::of<float>()
                                                         : bfloat16();
    return arena_.view(tensor.states[which], dtype, shape(index));
  }

  // The scales of a quantised state, one for each block; None for others.
  py::object scale(std::size_t index, int which) const {
    const Tensor& tensor = tensor_at(index, which);
    const StateStorage storage = storage_at(tensor, which);
    if (!storage.has_scales()) return py::none();
    char* const scales = static_cast<char*>(tensor.states[which]) + storage.scales_at(tensor.size);
    return arena_.view(scales, py::dtype::of<float>(), {as_ssize(StateStorage::blocks(tensor.size))});
  }

  // The residue of a parameter, of its shape; None if there is none.
  py::object residue(std::size_t index) const {
    if (!laid_out_ || index >= params_.size()) throw py::index_error("residue: no such parameter");
    const Tensor& tensor = plan_.tensor(index);
    switch (tensor.residue_kind) {
      case Residue::kNone:
      case Residue::kStochastic: return py::none();
      case Residue::kKahan: return arena_.view(tensor.residue, params_[index].array.attr("dtype"), shape(index));
      case Residue::kMaster: return arena_.view(tensor.residue, py::dtype::of<float>(), shape(index));
      case Residue::kSplit32: return arena_.view(tensor.residue, py::dtype::of<std::uint16_t>(), shape(index));
      case Residue::kSplit24: return arena_.view(tensor.residue, py::dtype::of<std::uint8_t>(), shape(index));
    }
    return py::none();
  }

  // The report, or None if an input is not acceptable and the caller has to say why. Nothing has changed then. In the
  // report, the first gradient that is not finite is given by its number.
  py::object step(py::handle grads, py::handle groups, double grad_scale, double max_norm, bool skip_nonfinite) {
    if (!laid_out_) throw py::value_error("step: before lay_out");
    const Exclusive exclusive(*this);
    const Leaves leaves(leaves_);
    if (!read_groups(groups) || !structure_.flatten(grads, leaves_) || !accept_arrays()) return py::none();

    const GradientOptions options{grad_scale, max_norm, skip_nonfinite};
    StepInfo info;
    Status status = Status::kOk;
    without_gil([&] {
      status = plan_.step(gradients_.data(), hyperparameters_.data(), hyperparameters_.size(), num_threads_, &info,
                          gradient_dtypes_.data(), &options);
    });
    if (status == Status::kOverlap || status == Status::kInvalidHyperparameter) return py::none();
    throw_on_error(status);
    if (!info.skipped) ++completed_;
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
    for (int k = 0; k < rule_info(plan_.tensor(index).rule).scalar_count; ++k) values.push_back(plan_.scalar(index, k));
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

  // What the callables of each group returned in the last step, by the names of the hyperparameters, so that a refused
  // step does not call them again to say why; None where nothing was called.
  py::list scheduled() const {
    py::list values;
    for (const py::object& called : scheduled_) values.append(called ? called : py::none());
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

  static py::ssize_t as_ssize(std::size_t size) { return static_cast<py::ssize_t>(size); }

  static py::dtype bfloat16() { return py::dtype::from_args(py::module_::import("ml_dtypes").attr("bfloat16")); }

  static StateStorage storage_at(const Tensor& tensor, int which) {
    return storage_of(tensor.state_format, rule_info(tensor.rule).states[which].kind);
  }

  // Plans memory of one kind for all parameters: request(tensor, storage) says how much, where `storage` is that of
  // state `which`. A rule that has no such state gets none; which = -1 asks without a state.
  template <class Request>
  std::vector<std::size_t> plan_memory(StateArena& arena, int which, Request request) const {
    std::vector<StateArena::Request> requests;
    requests.reserve(tensors_.size());
    for (const Tensor& tensor : tensors_) {
      if (which < rule_info(tensor.rule).state_count) {
        requests.push_back(request(tensor, which < 0 ? StateStorage{} : storage_at(tensor, which)));
      } else {
        requests.push_back({0, 0});
      }
    }
    return arena.plan(params_, requests);
  }

  const Tensor& tensor_at(std::size_t index, int which) const {
    if (!laid_out_ || index >= params_.size()) throw py::index_error("state: no such parameter");
    const Tensor& tensor = plan_.tensor(index);
    if (which < 0 || which >= rule_info(tensor.rule).state_count) throw py::index_error("state: no such state");
    return tensor;
  }

  // The shape that the parameter has now, or a flat one if it has been resized.
  std::vector<py::ssize_t> shape(std::size_t index) const {
    const auto array = py::reinterpret_borrow<py::array>(params_[index].array);
    if (static_cast<std::size_t>(array.size()) != params_[index].size) return {as_ssize(params_[index].size)};
    return {array.shape(), array.shape() + array.ndim()};
  }

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
      hyperparameters_[k].seed = seed_;
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
      if (!unchanged(params_[i]) || !accept_gradient(leaves_[i], params_[i], &gradients_[i], &gradient_dtypes_[i])) {
        return false;
      }
    }
    return true;
  }

  py::object report(const StepInfo& info) const {
    const auto if_measured = [&](double value) { return info.has_norm ? py::object(py::float_(value)) : py::none(); };
    const py::object nonfinite = info.nonfinite == kNoTensor ? py::none() : py::object(py::int_(info.nonfinite));
    const py::tuple fields = py::make_tuple(completed_, info.updated, if_measured(info.grad_norm),
                                            if_measured(info.clip_coefficient), info.skipped, nonfinite);
    const py::tuple arguments = py::make_tuple(fields);
    PyObject* made = PyTuple_Type.tp_new(reinterpret_cast<PyTypeObject*>(report_type_.ptr()), arguments.ptr(), nullptr);
    if (made == nullptr) throw py::error_already_set();
    return py::reinterpret_steal<py::object>(made);
  }

  Structure structure_;
  py::object report_type_;
  std::uint64_t seed_;
  Plan plan_;
  std::vector<WritableArray> params_;
  std::vector<Tensor> tensors_;  // until lay_out()
  bool laid_out_ = false;
  StateArena arena_;
  std::vector<Group> groups_;
  long long completed_ = 0;
  int num_threads_ = 0;
  int last_threads_ = 0;
  std::atomic<bool> busy_{false};

  // Of the step under way.
  std::vector<Hyperparameters> hyperparameters_;
  std::vector<py::object> scheduled_;  // dicts of what callables returned
  std::vector<py::object> leaves_;
  std::vector<const void*> gradients_;
  std::vector<DType> gradient_dtypes_;
};

}  // namespace

void register_plan(py::module_& m) {
  py::class_<PyPlan>(m, "Plan")
      .def(py::init<const py::tuple&, py::object, std::uint64_t>(), py::arg("structure"), py::arg("report_type"),
           py::arg("seed"))
      .def("add_group", &PyPlan::add_group, py::arg("group"), py::arg("frozen"), py::arg("beta_count"))
      .def("add", &PyPlan::add, py::arg("param"), py::arg("rule"), py::arg("state_format"), py::arg("residue"))
      .def("lay_out", &PyPlan::lay_out)
      .def("size", &PyPlan::size, py::arg("index"))
      .def("state", &PyPlan::state, py::arg("index"), py::arg("which"))
      .def("scale", &PyPlan::scale, py::arg("index"), py::arg("which"))
      .def("residue", &PyPlan::residue, py::arg("index"))
      .def("step", &PyPlan::step, py::arg("grads"), py::arg("groups"), py::arg("grad_scale") = 1.0,
           py::arg("max_norm") = std::numeric_limits<double>::infinity(), py::arg("skip_nonfinite") = false)
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
