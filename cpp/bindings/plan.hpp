// The optimizer's engine as Python sees it: one call a step, in which the whole gradient structure is read.
#pragma once

#include <adamas/plan.hpp>

#include <atomic>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "arrays.hpp"
#include "hyperparameters.hpp"
#include "memory.hpp"
#include "remembered.hpp"
#include "report.hpp"
#include "step_options.hpp"
#include "structure.hpp"
#include "tensors.hpp"

namespace adamas::bindings {

class PyPlan {
 public:
  // seed: of stochastic rounding.
  PyPlan(const py::object& structure, py::object report_type, std::uint64_t seed);

  // Laying out (plan_layout.cpp).

  // Starts a group, which add() fills; frozen: those of its keys whose values must stay as they are now.
  void add_group(const py::dict& group, const py::tuple& frozen, int beta_count);

  // Adds a parameter to the last group, with the dtype of its average, if it has one, the array that takes its copy, or
  // None, what becomes of rows without a gradient, if there may be such, and the elements that are stepped here, if
  // other processes step the rest.
  void add(py::handle param, const std::string& rule, StateFormat state_format, Residue residue,
           std::optional<DType> average, py::handle copy, std::optional<RowMode> row_mode,
           const std::vector<py::ssize_t>& matrix, std::optional<std::pair<std::size_t, std::size_t>> shard);

  // After the last add(): gives each parameter its states, scales, residue and average, zeros. memory: as for
  // StateArena::allocate().
  void lay_out(const py::object& memory);

  // How many elements a parameter had when it was added.

  // A state array: of the parameter's shape, or, quantised, of one row of bytes for each block.
  py::array state(std::size_t index, int which) const;

  // The scales of a quantised state, one for each block; None for others.
  py::object scale(std::size_t index, int which) const;

  // The residue of a parameter and its average, of its shape; None if there is none.
  py::object residue(std::size_t index) const;
  py::object average(std::size_t index) const;

  // The step counts of its rows; None if they have none.
  py::object row_counts(std::size_t index) const;

  // Stepping (plan_step.cpp, and plan_inputs.cpp for what it reads first). `options` is a StepOptions of engine.py,
  // `average_weight` that of the core's: a number, or a list of one for each parameter. What is not acceptable gives
  // None or false: the caller has to say why. Nothing has changed then.

  // `grads` nests as the parameters do, or is a Tensors of as many parameters.
  // The report, in which the first gradient that is not finite is given by its number.
  py::object step(py::handle grads, py::handle groups, py::handle options, py::handle average_weight);

  // A step in two parts: all checks, after which nobody else can use this plan, and, on any thread, the rest. Without
  // the first part the second is an error.
  bool start(py::handle grads, py::handle groups, py::handle options, py::handle average_weight);
  py::object finish();
  void abandon();  // instead, also of open()

  // Steps in which several processes take part (plan_shared.cpp), after start(). The dtype of each gradient, or kNone;
  // where each lies, or 0.
  static constexpr std::uint8_t kNone = 255;
  py::array_t<std::uint8_t> given() const;
  py::array_t<std::uint64_t> addresses() const;

  // Whether finish() would accept what start() was given.
  bool is_acceptable();

  // Instead of finish(): a step with these sources, each a tuple of its level, and arrays as of given() and
  // addresses(), but from the first element of the shard on. The mean is taken over so many lanes. gather: as
  // Exchange::gather(), called with memory, bytes, first and last.
  py::object finish_shared(const py::sequence& sources, int lanes, const py::object& gather);

  // Adds the gradients to those that have been accumulated in a tree.
  void accumulate_given();

  // Before any are: which lane of the tree the first gradient is that is accumulated here.
  void set_first_lane(std::uint32_t lane);

  // Memory for the sums of all parameters in one slot (Plan::set_accumulator()), which lives as long as this: where
  // that of each lies.
  void give_accumulators(int slot, py::handle addresses);

  // What has been accumulated, in the order of lanes: tuples as of finish_shared(), but of whole parameters.
  py::list accumulated_sums() const;

  // Brings the rows of a parameter, or those of an array of row numbers, to its last step.
  bool catch_up(std::size_t index, py::handle rows);

  // Adds gradients to those that the next step uses.
  bool accumulate(py::handle grads, bool in_tree);
  void drop_accumulated();

  // A step in parts, parameter by parameter, in which nobody else can use this plan.
  bool open(py::handle groups, py::handle options, py::handle average_weight);
  // A report as of step().
  py::object step_one(std::size_t index, py::handle grad);
  // How many parameters were updated; the others' averages are brought up to date.
  std::size_t close();

  // A step of one parameter by itself (StepTable), whose array is given too: `param` must have the memory that was
  // added. Averages of others stay. completed() becomes the largest step count.
  struct AloneSettings {
    py::handle groups;
    py::handle options;
    double average_weight;
    std::uint64_t version;  // not 0; groups and options are read again if it is another one than at the last step
  };
  enum class Outcome : std::uint8_t { kRefused, kSkipped, kStepped };
  Outcome step_alone(std::size_t index, py::handle param, py::handle grad, const AloneSettings& settings);
  // Starts to fetch what that will read of a small parameter, if it is one of many. The gradient is expected where it
  // was in the last step.
  void prefetch_alone(std::size_t index) const;

  // Shuts other threads out, as a step does, while Python code restores states.
  void enter();
  void exit() { busy_.store(false, std::memory_order_release); }

  std::int64_t step_count(std::size_t index) const;
  // And the scalars of each, and those of all, if they are given: once memory has been found for the arguments, nothing
  // can fail.
  void set_step_counts(const std::vector<std::int64_t>& counts, long long completed,
                       const std::vector<std::vector<double>>& scalars, const std::vector<double>& shared);

  // Writes the step counts of all parameters, or number `which` of those that their rules keep, into an array of
  // float64.
  void show_step_counts(py::handle counts) const;
  void show_scalars(int which, py::handle values) const;

  // The numbers that the rule keeps beside the step count.
  std::vector<double> scalars(std::size_t index) const;
  void set_scalars(std::size_t index, const std::vector<double>& values);

  // The numbers that rules keep for all parameters together.
  std::vector<double> shared_scalars() const;
  void set_shared_scalars(const std::vector<double>& values);

  // How often the average of each parameter has been brought up to date: one number if all have the same, or a list.
  py::object average_counts() const;
  std::int64_t average_count(std::size_t index) const;
  void set_average_counts(const std::vector<std::int64_t>& counts);

  // What the callables of each group returned in the last step, by the names of the hyperparameters, so that a refused
  // step does not call them again to say why; None where nothing was called.
  py::list scheduled() const;

  // As StepOptions::start_states.
  bool starts_states() const { return starts_states_; }
  void set_starts_states(bool start) {
    starts_states_ = start;
    alone_version_ = 0;
  }

  // As StepOptions::copies_lead.
  bool copies_lead() const { return copies_lead_; }
  void set_copies_lead(bool lead) {
    copies_lead_ = lead;
    alone_version_ = 0;
  }

  // What the last observed step found out: its number, and an array as of write_measures; None before the first.
  py::object observed() const;

  // A step for buffers that somebody else holds (xla/program.hpp): its program as bytes; of each buffer of states name,
  // dtype and bytes; and of each parameter what it keeps where: name, buffer, offset in bytes, bytes. Empty if a group
  // is not acceptable.
  // has_gradient: for each parameter. operands: group, name and place among several of each hyperparameter that comes
  // with the step, and the factor and power of a ProgramOperand. average: an AverageKind, decay, start, every. apart:
  // each state has a buffer of its own, without padding, and scalars are float32. places: empty, or for each parameter
  // its first element in the one buffer that holds all, and last the elements of that. start_states: as StepOptions.
  // observe: every how many-th step; 0 for none.
  using OperandTuple = std::tuple<std::uint32_t, std::string, int, double, std::int64_t>;
  py::tuple program(py::handle groups, py::handle options, const std::vector<bool>& has_gradient,
                    const std::vector<OperandTuple>& operands,
                    const std::tuple<std::uint32_t, double, std::int64_t, std::int64_t>& average, bool apart,
                    const std::vector<std::uint64_t>& places, bool start_states, long long observe);

  long long completed() const { return completed_; }
  int accumulated() const { return accumulated_; }

  // Of the gradients of the last step that took their norm and found it finite; none before.
  std::optional<double> previous_norm() const { return previous_norm_; }
  void set_previous_norm(std::optional<double> norm) { previous_norm_ = norm; }
  int last_threads() const { return last_threads_; }
  int num_threads() const { return num_threads_; }
  void set_num_threads(int count) { num_threads_ = count; }

  // The groups are those of another library: with entries of its own, and parameters as it has them.
  bool foreign_groups() const { return foreign_groups_; }
  void set_foreign_groups(bool foreign) { foreign_groups_ = foreign; }

 private:
  struct Group {
    KeySet keys;
    Py_ssize_t size = 0;                                    // entries
    std::vector<std::pair<py::object, py::object>> frozen;  // key, value
    RememberedGroup read;                                   // as it was read last
  };

  // Lets others in again at the end of its life.
  struct Exit {
    explicit Exit(PyPlan& entered) : plan(entered) {}
    ~Exit() { plan.exit(); }
    PyPlan& plan;
  };
  struct Exclusive : Exit {
    explicit Exclusive(PyPlan& other) : Exit((other.enter(), other)) {}
  };

  // Empties the list of leaves at the end of a step, with the GIL held.
  struct Leaves {
    explicit Leaves(std::vector<py::object>& all) : leaves(all) {}
    ~Leaves() {
      if (PyGILState_Check() != 0) leaves.clear();  // not so while a thread is unwound at the interpreter's end
    }
    std::vector<py::object>& leaves;
  };

  template <class Request>
  std::vector<std::size_t> plan_memory(StateArena& arena, int which, Request request) const;
  const Parameter& parameter_at(std::size_t index, int which) const;
  std::vector<py::ssize_t> shape(std::size_t index) const;
  std::vector<py::ssize_t> state_shape(std::size_t index, int which) const;

  bool read_inputs(py::handle grads, py::handle groups, py::handle options, py::handle average_weight);
  bool read_groups(py::handle groups);
  bool has_its_keys(py::handle group, const Group& expected) const;
  void read_options(py::handle options, py::handle average_weight);
  bool read_alone(const AloneSettings& settings);
  bool accept_arrays();
  bool accept_tensors(Tensors& tensors);
  bool is_still_there(std::size_t index) const;
  bool accept(std::size_t index, py::handle grad);
  bool accept_copy(std::size_t index, py::handle grad);
  void count_averages();
  void prepare_observation(long long every);
  void keep_observation();
  bool accept_rows(std::size_t index, py::handle grad);
  void forbid_resizing();
  void make_accumulators(int slot);
  Status add_up(SumOrder order);
  py::object run(const GradientSources* sources = nullptr, const Exchange* exchange = nullptr);
  StepInputs inputs_of_all() const;
  StepInputs inputs_of_one(std::size_t index, const void* const* grad, const DType* dtype) const;
  py::object report(const StepInfo& info) const;
  void refuse_entry() const;

  Structure structure_;
  ReportType report_type_;
  OptionsReader options_reader_;
  std::uint64_t seed_;
  Plan plan_;
  std::vector<WritableArray> params_;
  std::size_t elements_ = 0;           // of all parameters
  std::vector<WritableArray> copies_;  // of each parameter, up to the last that has one; of those without, empty
  std::vector<Parameter> parameters_;  // until lay_out()
  std::map<std::size_t, std::vector<py::ssize_t>> matrices_;  // shapes, of parameters with states by row or column
  bool laid_out_ = false;
  StateArena arena_;
  std::map<int, StateArena> accumulators_;  // of each slot
  std::vector<Group> groups_;
  long long completed_ = 0;
  int accumulated_ = 0;  // how often since the last step
  std::optional<double> previous_norm_;
  int num_threads_ = 0;
  bool foreign_groups_ = false;
  int last_threads_ = 0;
  bool copies_lead_ = false;
  bool starts_states_ = true;
  std::vector<std::int64_t> average_counts_;  // empty if no parameter has an average
  std::atomic<bool> busy_{false};
  std::atomic<int> busy_since_fork_{0};  // how many forks there had been: another process may be a fork of the busy one
  std::atomic<bool> started_{false};     // a step of which start() was the first part

  // Of the settings of step_alone() that hyperparameters_ and options_ were read from; 0 if from others.
  std::uint64_t alone_version_ = 0;

  // Of the step under way.
  std::vector<Hyperparameters> hyperparameters_;
  std::vector<py::object> scheduled_;  // dicts of what callables returned
  StepOptions options_;
  bool mean_ = false;              // as in ChosenOptions
  bool keep_accumulated_ = false;  // likewise
  std::vector<py::object> leaves_;
  std::vector<const void*> gradients_;
  std::vector<DType> gradient_dtypes_;
  std::vector<RowGradient> row_gradients_;  // these two are empty if no parameter has row counts
  std::vector<const RowGradient*> row_gradient_at_;
  std::vector<double> average_weights_;      // empty if all parameters have the same
  std::vector<py::object> gradient_copies_;  // memory for gradients that cannot be taken as they are; may be empty
  std::vector<Observation> observations_;
  py::object observing_;  // memory for them, to be seen from Python; empty in other steps
  py::object observed_;   // of the last observed step
  long long observed_step_ = 0;
  std::size_t copied_ = 0;  // gradients of this step that were copied there

  // Of the step that is taken in parts.
  std::vector<bool> stepped_;
  bool is_open_ = false;
  std::atomic<bool> stepping_one_{false};
};

// What the core, or another thread, could have changed while Python code ran.
inline bool is_refusal(Status status) {
  return status == Status::kOverlap || status == Status::kInvalidHyperparameter || status == Status::kInvalidParameter;
}

// The names of what a step observes, in order.
py::tuple observed_fields();

// A step that start() or open() has begun, to be ended once. An interrupt (Ctrl-C) that arrives meanwhile is raised
// when they return, before their caller has got hold of anything: then this goes, and with it the step, so that the
// plan can be used again.
class Begun {
 public:
  explicit Begun(py::object plan) : owner_(std::move(plan)), plan_(py::cast<PyPlan&>(owner_)) {}
  Begun(const Begun&) = delete;
  Begun& operator=(const Begun&) = delete;
  ~Begun() { abandon(); }

  PyPlan& plan() { return plan_; }
  void begin() { under_way_.store(true); }
  py::object finish() { return claim().finish(); }  // of start()
  py::object finish_shared(const py::sequence& sources, int lanes, const py::object& gather) {
    return claim().finish_shared(sources, lanes, gather);
  }
  std::size_t close() { return claim().close(); }  // of open()
  // Unless it has been ended, or is being ended by another thread.
  void abandon() {
    if (under_way_.exchange(false)) plan_.abandon();
  }

 private:
  PyPlan& claim();

  py::object owner_;
  PyPlan& plan_;
  std::atomic<bool> under_way_{false};
};

}  // namespace adamas::bindings
