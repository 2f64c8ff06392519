// An optimizer over many parameters: lay out a plan once, then step it.
//
//   adamas::Plan plan;
//   adamas::Parameter parameter;
//   parameter.param = weights; parameter.states[0] = exp_avg; parameter.states[1] = exp_avg_sq; parameter.size = n;
//   adamas::find_rule("adam", &parameter.rule);
//   plan.add(parameter);
//   const void* grads[] = {gradient};
//   adamas::Hyperparameters group;  // lr, betas, ...
//   adamas::StepInputs inputs;
//   inputs.grads = grads;
//   inputs.groups = &group;
//   inputs.group_count = 1;
//   adamas::Status status = plan.step(inputs);
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>

#include <adamas/formats.hpp>
#include <adamas/hyperparameters.hpp>
#include <adamas/observation.hpp>
#include <adamas/rules.hpp>
#include <adamas/threads.hpp>
#include <adamas/types.hpp>

namespace adamas {

constexpr std::size_t kToTheEnd = std::numeric_limits<std::size_t>::max();
constexpr std::size_t kShardUnit = 512;

// One parameter with its states: contiguous buffers of `size` elements each (states: state_size()), owned by the
// caller, which must outlive the plan, and none of which may overlap another. The rule says how many states there are,
// storage_of() (adamas/formats.hpp) how large they are; start them at zero, and the residue at zero too, but a master
// (Residue::kMaster) at the values of the parameter.
struct Parameter {
  void* param = nullptr;
  void* states[kMaxStates] = {};
  void* residue = nullptr;  // size_of(residue_kind) bytes for each element
  // Kept up to date by steps, if they are there: an average of the parameter over steps (StepOptions::average_weight),
  // float32 or bfloat16, or float64 of a float64 parameter; and a copy of a float32 parameter, rounded to the nearest
  // bfloat16 or float16. Both are kept up to date in steps that have no gradient for the parameter, too.
  void* average = nullptr;
  void* copy = nullptr;
  // For gradients of single rows (RowGradient): the length of a row, and a step count for each row, zeros at first.
  // Then parameter and states are float32 or float64, without average and copy, and the rule takes no norms and keeps
  // no scalars.
  std::size_t columns = 0;  // 0: there are none such
  std::uint32_t* row_counts = nullptr;
  // The part of the parameter that the plan steps, where plans of several processes share it: elements [shard_begin,
  // shard_end), between multiples of kShardUnit, or up to the end of the parameter. States, residue and average are
  // those of the shard alone; parameter and copy are whole. A parameter with states by row or column belongs to one
  // plan, whole; the others have an empty shard. Not with row_counts.
  std::size_t shard_begin = 0;
  std::size_t shard_end = kToTheEnd;
  // For states by row or column (StateExtent): the parameter is one matrix after the other, each of so many rows and
  // columns. Its last two dimensions are that; what comes before them counts matrices.
  std::size_t matrix_rows = 0;
  std::size_t matrix_columns = 0;
  std::size_t size = 0;
  RowMode row_mode = RowMode::kLazy;
  DType dtype = DType::kFloat32;
  StateFormat state_format = StateFormat::kFloat32;  // kFloat64 for float64 parameters
  Residue residue_kind = Residue::kNone;
  DType average_dtype = DType::kFloat32;
  DType copy_dtype = DType::kBfloat16;
  Rule rule = Rule{};
  std::uint32_t group = 0;  // which element of the hyperparameters array applies
};

// Elements of a parameter that its plan steps.
std::size_t shard_size(const Parameter& parameter) noexcept;

// Elements of state `which` of a parameter: as many as its shard has, or as its matrices have rows or columns.
std::size_t state_size(const Parameter& parameter, int which) noexcept;

// The gradient of a matrix in which only some rows have one: `count` rows of values, one after the other, of rows
// rows[0], rows[1], ...; those of a row that comes more than once are added, in order.
struct RowGradient {
  const void* rows = nullptr;  // std::int64_t, or std::int32_t
  bool rows_are_64 = true;
  const void* values = nullptr;
  std::size_t count = 0;
  DType dtype = DType::kFloat32;
};

enum class NormType : std::uint8_t {
  kL2,       // the root of the sum of squares
  kLargest,  // the largest magnitude
};

// What a step does beside the update. Gradients are prepared in this order; a pass over them alone comes first if
// max_norm, measure or skip_nonfinite asks for it.
struct StepOptions {
  double grad_scale = 1.0;  // > 0; every gradient is divided by it: what the loss was multiplied by
  // > 0; if the norm of all gradients, so divided, is larger, they are multiplied by
  // max_norm / (norm + clip_eps).
  double max_norm = std::numeric_limits<double>::infinity();
  double clip_eps = 1e-6;                                      // >= 0 and finite; 1e-6 as PyTorch, 0 as others
  double max_value = std::numeric_limits<double>::infinity();  // > 0; then what is larger in magnitude becomes this
  NormType norm_type = NormType::kL2;
  bool clip_each = false;       // max_norm holds for the gradient of each parameter, not for all of them together
  bool measure = false;         // take the norm whether it is needed or not
  bool skip_nonfinite = false;  // change nothing if a gradient, divided by grad_scale, holds an infinity or NaN
  bool zero_grads = false;      // gradients become zero once they have been used: then they must be writeable
  // From 0, for none, to 1: averages become average + average_weight * (param - average), of parameters without a
  // gradient too. It is the average_number-th time, which decides how averages of bfloat16 are rounded.
  double average_weight = 0.0;
  // Null, or for each parameter of the plan the weight that takes the place of average_weight, if that is not 0.
  const double* average_weights = nullptr;
  std::uint64_t average_number = 1;
  // The copies are the parameters that are used: where one is not what its parameter rounds to, somebody has written to
  // it, and the parameter becomes what the copy is before it is updated.
  bool copies_lead = false;
  // States that start at the parameter, as that of schedule-free rules does, do so in the first step, which may find
  // other values in the parameter than were there before. False: the caller has given them their first values.
  bool start_states = true;
  // Null, or room for one of each parameter of the plan: the step then measures, in the pass that updates, and its bits
  // are the same. Parameters that have no gradient or take gradients of single rows (Parameter::columns) are not
  // observed. A step that is skipped writes nothing here.
  Observation* observations = nullptr;
};

// Gradients of several sources, each of one or more lanes, for each parameter of a plan: the step adds them in the pass
// that updates, as SumOrder::kTree adds lane after lane. What a source has is a sum of 2^level lanes, which begins at a
// multiple of 2^level.
struct GradientSources {
  // From source to source the gradients of all parameters, each from the first element of the shard on; all null for a
  // parameter without a gradient.
  const void* const* grads = nullptr;
  const DType* dtypes = nullptr;         // of each of them: of a sum, the type that is computed with
  const std::uint8_t* levels = nullptr;  // of each source, in the order of their lanes
  std::size_t count = 0;                 // 0: there are none
};

// What plans that share parameters need from one another: all of them step at once, with the same options and
// hyperparameters, and each of their steps calls gather() at the same points.
struct Exchange {
  // `records` is an array of `count` records of `bytes` each, of which [first, last) are what this plan has found out
  // about its shards; it is to become what all plans have found out. False: the step fails (kExchangeFailed).
  bool (*gather)(void* context, void* records, std::size_t bytes, std::size_t first, std::size_t last,
                 std::size_t count) = nullptr;
  void* context = nullptr;
};

// What a step works on, owned by the caller. What is not given stays as it is here.
struct StepInputs {
  // A gradient for each parameter, in the order of Plan::add(); null leaves that parameter untouched. They are only
  // read, unless StepOptions::zero_grads asks for more.
  const void* const* grads = nullptr;
  const DType* grad_dtypes = nullptr;  // of each; null: those of the parameters
  // For each parameter null, or a gradient of single rows, which takes the place of the one in `grads`.
  const RowGradient* const* row_grads = nullptr;
  const Hyperparameters* groups = nullptr;  // by Parameter::group
  std::size_t group_count = 0;
  const StepOptions* options = nullptr;  // null: what they are at first
  int threads = 0;                       // an upper limit, or 0 for thread_limit()
  const Workers* workers = nullptr;      // whose threads take part; null: those of OpenMP
};

// A parameter that has taken so many steps takes no more: kInvalidParameter.
constexpr std::int64_t kMaxStepCount = (std::int64_t{1} << 62) - 1;

constexpr std::size_t kNoParameter = std::numeric_limits<std::size_t>::max();

// What a step did, for reports.
struct StepInfo {
  std::size_t updated = 0;  // parameters that had a gradient
  int threads = 0;          // threads asked for
  bool skipped = false;     // nothing was changed, because of `nonfinite`
  // If there was a pass over the gradients:
  bool has_norm = false;
  double grad_norm = 0.0;                // of all gradients together, before clipping
  double clip_coefficient = 1.0;         // at most 1; with clip_each, the smallest of them
  std::size_t nonfinite = kNoParameter;  // the first parameter whose gradient holds an infinity or NaN
};

// In which order accumulated gradients, and at last that of the step, are added.
enum class SumOrder : std::uint8_t {
  kInTurn,  // ((1 + 2) + 3) + 4
  // (1 + 2) + (3 + 4): a binary tree, whatever adds up which part of it. Each level takes an accumulator: those of 2^n
  // gradients, n of them. Where there are not so many as a power of two, the largest whole subtrees come first:
  // (1 + 2) + 3.
  kTree,
};
constexpr int kMostLevels = 24;
// Behind a slot for each level there are others, for sums whose left neighbour is elsewhere.
constexpr int kSlots = 2 * kMostLevels;

class Plan {
 public:
  Plan() noexcept;
  ~Plan();
  Plan(Plan&&) noexcept;
  Plan& operator=(Plan&&) noexcept;

  // Checks the parameter by itself; whether its arrays overlap those of others is checked by the next step.
  Status add(const Parameter& parameter) noexcept;
  std::size_t size() const noexcept;

  // Makes room for so many parameters in all, for those who know it beforehand.
  Status reserve(std::size_t parameters) noexcept;

  // Tells the plan that the arrays of parameter `index` lie elsewhere from now on, with what they hold. All of
  // `parameter` but its pointers is as it was. Not of one with gradients of single rows, or an accumulator:
  // kInvalidParameter.
  Status rebind(std::size_t index, const Parameter& parameter) noexcept;

  // What was added as parameter `index`, which must be below size().
  const Parameter& parameter(std::size_t index) const noexcept;

  // Steps taken by parameter `index`, or -1 if there is none. A parameter counts its own: a step without a gradient for
  // it does not count. Set the count, from 0 to kMaxStepCount, to go on from restored states.
  std::int64_t step_count(std::size_t index) const noexcept;
  Status set_step_count(std::size_t index, std::int64_t count) noexcept;

  // The numbers that the rule of parameter `index` keeps beside the step count (RuleInfo::scalars), to be saved and
  // restored with it; 0 if there is no such one. They are finite.
  double scalar(std::size_t index, int which) const noexcept;
  Status set_scalar(std::size_t index, int which, double value) noexcept;

  // The numbers that rules keep for all parameters of the plan together (RuleInfo::shared_scalars), to be saved and
  // restored with them; none, and 0, if there are no such. They are finite. All rules of a plan that keep such numbers
  // keep the same ones.
  int shared_scalar_count() const noexcept;
  double shared_scalar(int which) const noexcept;
  Status set_shared_scalar(int which, double value) noexcept;

  // One step of every parameter that has a gradient: all of them, in one parallel region, or, on any error, none.
  // A plan is not locked: do not step the same one from two threads at once.
  Status step(const StepInputs& inputs, StepInfo* info = nullptr) noexcept;

  // Whether step() would accept these inputs; nothing changes.
  Status check(const StepInputs& inputs) noexcept;

  // A step by plans of several processes, which share these parameters (Parameter::shard_begin). The gradients of
  // `sources` take the place of those in `inputs`; zero_grads is refused, and nothing that was accumulated is added.
  // exchange: null if no other plan has a part of these parameters.
  Status step_together(const StepInputs& inputs, const GradientSources& sources, const Exchange* exchange,
                       StepInfo* info = nullptr) noexcept;

  // Brings rows of parameter `index` up to its last step (RowMode::kExact): all of them, or those that `rows` names.
  Status catch_up(std::size_t index, const RowGradient* rows = nullptr, int threads = 0) noexcept;

  // The part of a step that concerns one parameter, for those who have gradients one after the other: after all of
  // them, the result is that of step(). Norms are those of this gradient alone. The inputs are those of this parameter
  // alone: one gradient, with its type, which is not of single rows, and the hyperparameters of the one group it is in.
  // Not of a rule with shared scalars, which need the gradients of all parameters: kInvalidParameter.
  Status step_one(std::size_t index, const StepInputs& inputs, StepInfo* info = nullptr) noexcept;

  // Starts to fetch the arrays that step_one() will need. It is for callers that step many small parameters one after
  // the other: call it for the next parameter once this one is stepped. grad: where its gradient will probably be, or
  // null.
  void prefetch(std::size_t index, const void* grad) const noexcept;

  // Gives parameter `index` memory to sum up gradients in: `size` elements of the type that is computed with, float64
  // for float64 parameters and float32 for all others, owned by the caller. Of slot 0, or, for sums in a tree, of each
  // slot that is needed, below kSlots.
  Status set_accumulator(std::size_t index, void* memory, int slot = 0) noexcept;

  // Adds gradients, as step() takes them, to what their parameters have accumulated; those parameters need
  // accumulators: slot_of_next(order) says in which slot. The next step() uses the sums, to which its own gradients
  // are added, and after it they begin anew. The order is the same between two steps, and in a tree step_one() takes no
  // sums: kInvalidParameter.
  Status accumulate(const void* const* grads, int threads = 0, const DType* grad_dtypes = nullptr,
                    SumOrder order = SumOrder::kInTurn) noexcept;
  int slot_of_next(SumOrder order) const noexcept;

  // Before gradients are accumulated: which lane of a tree the first of them is, if others have those before it. (A
  // step() by itself adds those that are here.)
  Status set_first_lane(std::uint32_t lane) noexcept;

  // The sums that have been accumulated in a tree, in the order of their lanes: levels (GradientSources::levels) and
  // slots. Returns how many there are, at most kSlots.
  int accumulated_sums(int* levels, int* slots) const noexcept;

  // What parameter `index` has in a slot; null for nothing.
  const void* accumulator(std::size_t index, int slot) const noexcept;

  // Forgets what has been accumulated.
  void drop_accumulated() noexcept;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace adamas
