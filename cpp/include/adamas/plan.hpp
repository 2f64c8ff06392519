/// \file
/// An optimizer over many parameters: lay out a plan once, then step it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>

#include <adamas/formats.hpp>
#include <adamas/hyperparameters.hpp>
#include <adamas/observation.hpp>
#include <adamas/problem.hpp>
#include <adamas/rules.hpp>
#include <adamas/threads.hpp>
#include <adamas/types.hpp>

namespace adamas {

/// \defgroup adamas_plan Plans and steps
/// A Plan holds the parameters of a model. Each step updates all parameters that have a gradient, or none:
///
/// \code
/// adamas::Plan plan;
/// adamas::Parameter parameter;
/// parameter.param = weights;
/// parameter.states[0] = exp_avg;
/// parameter.states[1] = exp_avg_sq;
/// parameter.size = n;
/// adamas::find_rule("adam", &parameter.rule);
/// plan.add(parameter);
/// const void* grads[] = {gradient};
/// adamas::Hyperparameters group;  // lr, betas, ...
/// adamas::StepInputs inputs;
/// inputs.grads = grads;
/// inputs.groups = &group;
/// inputs.group_count = 1;
/// adamas::Status status = plan.step(inputs);
/// \endcode
/// \{

/// For Parameter::shard_end: up to the end of the parameter.
constexpr std::size_t kToTheEnd = std::numeric_limits<std::size_t>::max();

/// A shard begins and ends at multiples of so many elements, or at the end of its parameter.
constexpr std::size_t kShardUnit = 512;

/// One parameter with its states.
///
/// The arrays belong to the caller, are contiguous, outlive the plan, and do not overlap one another or arrays of other
/// parameters. Each array has `size` elements, except the states: state_size() says how many those have, and
/// storage_of() how many bytes that is. An array of no bytes may be null. The address of an array is a multiple of its
/// element size; more is not needed.
///
/// Set states and residue to zero at first. A master (Residue::kMaster) begins with the values of the parameter.
struct Parameter {
  void* param = nullptr;          ///< the parameter
  void* states[kMaxStates] = {};  ///< as many as RuleInfo::state_count, in the order of RuleInfo::states
  void* residue = nullptr;        ///< size_of(residue_kind) bytes for each element
  /// Null, or an average of the parameter over steps (StepOptions::average_weight): float32 or bfloat16, or float64 of
  /// a float64 parameter. Steps that have no gradient for the parameter update it, too.
  void* average = nullptr;
  /// Null, or a copy of a float32 parameter, rounded to the nearest bfloat16 or float16. Steps that have no gradient
  /// for the parameter update it, too.
  void* copy = nullptr;
  /// The length of a row, for gradients of single rows (RowGradient); 0 if there are no such gradients. With rows,
  /// parameter and states are float32 or float64, there is neither average nor copy, and the rule has
  /// RuleInfo::steps_rows().
  std::size_t columns = 0;
  std::uint32_t* row_counts = nullptr;  ///< with `columns`, a step count for each row, zeros at first
  /// Where the shard begins: the elements that this plan steps, where plans of several processes share a parameter. It
  /// is a multiple of kShardUnit. The arrays of states, residue and average hold the shard alone; param and copy are
  /// whole. A parameter with states by row or column belongs to one plan, and has an empty shard in all others. A
  /// parameter with row_counts has no shards.
  std::size_t shard_begin = 0;
  std::size_t shard_end = kToTheEnd;  ///< where the shard ends: a multiple of kShardUnit, or the end of the parameter
  /// For states by row or column (StateExtent): rows of a matrix. The parameter is one matrix after the other; rows and
  /// columns are its last two dimensions, and the dimensions before these count matrices.
  std::size_t matrix_rows = 0;
  std::size_t matrix_columns = 0;                    ///< for states by row or column: columns of a matrix
  std::size_t size = 0;                              ///< elements of the parameter
  RowMode row_mode = RowMode::kLazy;                 ///< with `columns`, what happens to rows without a gradient
  DType dtype = DType::kFloat32;                     ///< of the parameter
  StateFormat state_format = StateFormat::kFloat32;  ///< of the states; kFloat64 for float64 parameters
  Residue residue_kind = Residue::kNone;             ///< what the residue holds
  DType average_dtype = DType::kFloat32;             ///< of the average
  DType copy_dtype = DType::kBfloat16;               ///< of the copy
  Rule rule = Rule{};                                ///< what updates the parameter (find_rule())
  std::uint32_t group = 0;                           ///< index of its hyperparameters in StepInputs::groups
};

/// Elements of a parameter that its plan steps.
std::size_t shard_size(const Parameter& parameter) noexcept;

/// Elements of state `which` of a parameter: as many as its shard has, or as its matrices have rows or columns.
std::size_t state_size(const Parameter& parameter, int which) noexcept;

/// Why Plan::add() or Plan::rebind() refuses this parameter. The status is kOk if it has no fault by itself. Only
/// Problem::array is filled in: for kNullPointer and kMisaligned, the first array with that fault.
Problem diagnose(const Parameter& parameter) noexcept;

/// The gradient of a matrix in which only some rows have one. If a row comes more than once, its values are added, in
/// order.
struct RowGradient {
  const void* rows = nullptr;     ///< row numbers, std::int64_t or std::int32_t
  bool rows_are_64 = true;        ///< the row numbers are std::int64_t
  const void* values = nullptr;   ///< the gradients of these rows, one after the other
  std::size_t count = 0;          ///< number of rows
  DType dtype = DType::kFloat32;  ///< of the values
};

/// Which norm StepOptions::max_norm limits.
enum class NormType : std::uint8_t {
  kL2,       ///< the root of the sum of squares
  kLargest,  ///< the largest magnitude
};

/// What a step does beside the update. It prepares gradients in the order of the members. A pass over the gradients
/// alone comes first if max_norm, measure or skip_nonfinite asks for it.
struct StepOptions {
  /// Above 0. Every gradient is divided by it: the factor by which the loss was multiplied.
  double grad_scale = 1.0;
  /// Above 0. If the norm of all gradients, after the division by grad_scale, is larger, the step multiplies them by
  /// max_norm / (norm + clip_eps).
  double max_norm = std::numeric_limits<double>::infinity();
  double clip_eps = 1e-6;  ///< at least 0 and finite; 1e-6 as in PyTorch, 0 as in other libraries
  /// Above 0. Elements of gradients are limited to [-max_value, max_value].
  double max_value = std::numeric_limits<double>::infinity();
  NormType norm_type = NormType::kL2;  ///< the norm that max_norm limits
  bool clip_each = false;              ///< max_norm limits the gradient of each parameter, not all of them together
  bool measure = false;                ///< compute the norm even if nothing else needs it
  bool skip_nonfinite = false;         ///< change nothing if a gradient, divided by grad_scale, has an infinity or NaN
  bool zero_grads = false;             ///< set gradients to zero after use; they must be writeable
  /// From 0, which leaves averages as they are, to 1. Averages become
  /// average + average_weight * (param - average), also those of parameters without a gradient.
  double average_weight = 0.0;
  /// Null, or a weight for each parameter of the plan, which takes the place of an average_weight that is not 0.
  const double* average_weights = nullptr;
  /// How many times averages have been updated, this time included. It decides how averages of bfloat16 are rounded.
  std::uint64_t average_number = 1;
  /// The program uses the copies as its parameters. Where a copy is not what its parameter rounds to, somebody has
  /// written to it, and the parameter takes the value of the copy before the update.
  bool copies_lead = false;
  /// States that begin with the values of the parameter (RuleInfo::starts_at_param) take them in the first step. False:
  /// the caller has set their first values.
  bool start_states = true;
  /// Null, or room for one Observation of each parameter. The step then measures in the pass that updates, and computes
  /// the same bits. Parameters without a gradient, or with gradients of single rows (Parameter::columns), are not
  /// observed. A step that is skipped writes nothing here.
  Observation* observations = nullptr;
};

/// Gradients of several sources for each parameter of a plan. A source has the sum of 2^level lanes, which begins at a
/// multiple of 2^level. The step adds the sources in the pass that updates, in the order in which SumOrder::kTree adds
/// lane after lane.
struct GradientSources {
  /// The gradients of all parameters of the first source, then those of the second, and so on. Each begins with the
  /// first element of the shard. For a parameter without a gradient, those of all sources are null.
  const void* const* grads = nullptr;
  const DType* dtypes = nullptr;         ///< of each gradient; a sum has the compute type
  const std::uint8_t* levels = nullptr;  ///< of each source, in the order of their lanes
  std::size_t count = 0;                 ///< number of sources; 0: there are none
};

/// What plans that share parameters need from one another. All of them step at once, with the same options and
/// hyperparameters, and their steps call gather() at the same points.
struct Exchange {
  /// Completes `count` records of `bytes` each. Records [first, last) are what this plan has found about its shards; on
  /// return, all records are there. If it returns false, the step fails with kExchangeFailed.
  bool (*gather)(void* context, void* records, std::size_t bytes, std::size_t first, std::size_t last,
                 std::size_t count) = nullptr;
  void* context = nullptr;  ///< passed to gather() as it is
};

/// What a step works on. The arrays belong to the caller.
struct StepInputs {
  /// A gradient for each parameter, in the order of Plan::add(). Null leaves that parameter as it is. Steps only read
  /// gradients, unless StepOptions::zero_grads is set.
  const void* const* grads = nullptr;
  const DType* grad_dtypes = nullptr;  ///< of each gradient; null: those of the parameters
  /// Null, or for each parameter null or a gradient of single rows, which takes the place of the one in `grads`.
  const RowGradient* const* row_grads = nullptr;
  const Hyperparameters* groups = nullptr;  ///< the hyperparameters, by Parameter::group
  std::size_t group_count = 0;              ///< number of groups
  const StepOptions* options = nullptr;     ///< null: the defaults
  int threads = 0;                          ///< at most so many threads; 0 for thread_limit()
  const Workers* workers = nullptr;         ///< the caller's own threads; null: those of OpenMP
};

/// Steps that a parameter can take; the next one returns kInvalidParameter.
constexpr std::int64_t kMaxStepCount = (std::int64_t{1} << 62) - 1;

/// What a step did. Only a step that returns kOk writes it.
struct StepInfo {
  std::size_t updated = 0;               ///< parameters that had a gradient
  int threads = 0;                       ///< threads that were asked for
  bool skipped = false;                  ///< nothing was changed, because of `nonfinite`
  bool has_norm = false;                 ///< there was a pass over the gradients, and the members below are set
  double grad_norm = 0.0;                ///< of all gradients together, before clipping
  double clip_coefficient = 1.0;         ///< at most 1; with clip_each, the smallest of all parameters
  std::size_t nonfinite = kNoParameter;  ///< the first parameter whose gradient has an infinity or NaN
};

/// In which order accumulated gradients, and the gradient of the step after them, are added.
enum class SumOrder : std::uint8_t {
  kInTurn,  ///< ((1 + 2) + 3) + 4
  /// (1 + 2) + (3 + 4): a binary tree. The result does not depend on who adds which part of it. Each level needs an
  /// accumulator: 2^n gradients need n. If the number of gradients is no power of two, the largest whole subtrees come
  /// first: (1 + 2) + 3.
  kTree,
};

/// Levels of a tree, at most.
constexpr int kMostLevels = 24;

/// Slots for accumulators: one for each level, and one more for each level, for sums whose left neighbour is in another
/// plan.
constexpr int kSlots = 2 * kMostLevels;

/// The parameters of a model, and the steps that update them.
///
/// A plan does not lock anything: two threads may step two plans at once, but not the same one. No function throws.
class Plan {
 public:
  /// A plan without parameters.
  Plan() noexcept;
  /// The arrays of the parameters belong to the caller, and are not freed.
  ~Plan();
  /// Takes the parameters of another plan, which has none afterwards.
  Plan(Plan&&) noexcept;
  /// Drops the parameters of this plan, and takes those of the other.
  Plan& operator=(Plan&&) noexcept;

  /// Adds a parameter, if it has no fault by itself (diagnose()). The next step checks whether its arrays overlap
  /// others. Its index is the number of parameters before it.
  ///
  /// \return kInvalidParameter also if its rule and another rule of the plan keep different shared scalars.
  Status add(const Parameter& parameter) noexcept;

  /// Number of parameters.
  std::size_t size() const noexcept;

  /// Allocates memory for so many parameters in all, if their number is known.
  Status reserve(std::size_t parameters) noexcept;

  /// Tells the plan that the arrays of parameter `index` are at other addresses from now on, with the same contents.
  /// All members of `parameter` but its pointers are as they were.
  ///
  /// \return kInvalidParameter also for a parameter with gradients of single rows, with an accumulator, or in a plan
  /// with shards.
  Status rebind(std::size_t index, const Parameter& parameter) noexcept;

  /// What was added as parameter `index`, which must be below size().
  const Parameter& parameter(std::size_t index) const noexcept;

  /// Steps that parameter `index` has taken, or -1 if there is no such parameter. Each parameter counts its own steps:
  /// a step without a gradient for it does not count.
  std::int64_t step_count(std::size_t index) const noexcept;

  /// Sets the step count, from 0 to kMaxStepCount, to continue from saved states.
  Status set_step_count(std::size_t index, std::int64_t count) noexcept;

  /// A number that the rule of parameter `index` keeps for it (RuleInfo::scalars), to be saved with the states; 0 if
  /// there is no such number.
  double scalar(std::size_t index, int which) const noexcept;

  /// Restores a number that scalar() returned. It must be finite.
  Status set_scalar(std::size_t index, int which, double value) noexcept;

  /// How many numbers the rules keep for all parameters of the plan together (RuleInfo::shared_scalars). All rules of a
  /// plan that keep such numbers keep the same ones.
  int shared_scalar_count() const noexcept;

  /// One of these numbers, to be saved with the states; 0 if there is no such number.
  double shared_scalar(int which) const noexcept;

  /// Restores a number that shared_scalar() returned. It must be finite.
  Status set_shared_scalar(int which, double value) noexcept;

  /// Takes one step of every parameter that has a gradient: of all of them, in one parallel region, or, on any error,
  /// of none. If it is refused, diagnose() says why.
  Status step(const StepInputs& inputs, StepInfo* info = nullptr) noexcept;

  /// Whether step() would accept these inputs. It changes nothing.
  Status check(const StepInputs& inputs) noexcept;

  /// Why step() or check() refuses these inputs: the status that check() returns, with the parameter, its array and its
  /// group as far as the status is about one. Gradients that accumulate() refuses are found as well. It changes
  /// nothing, and takes the time of several checks, so call it after a refusal.
  Problem diagnose(const StepInputs& inputs) noexcept;

  /// Takes a step together with plans of other processes, which share these parameters (Parameter::shard_begin). The
  /// gradients of `sources` take the place of those in `inputs`. StepOptions::zero_grads is refused, and accumulated
  /// gradients are not added. `exchange` is null if no other plan has a part of these parameters.
  Status step_together(const StepInputs& inputs, const GradientSources& sources, const Exchange* exchange,
                       StepInfo* info = nullptr) noexcept;

  /// Brings rows of parameter `index` up to its last step (RowMode::kExact): all rows, or those that `rows` names.
  Status catch_up(std::size_t index, const RowGradient* rows = nullptr, int threads = 0) noexcept;

  /// Takes the part of a step that concerns one parameter, for programs that get gradients one after the other. After
  /// such calls for all parameters, the result is that of step(). Norms are those of this gradient alone. The inputs
  /// are those of this parameter alone: one gradient, with its type, and the hyperparameters of its group.
  ///
  /// \return kInvalidParameter also for gradients of single rows, and for a rule with shared scalars, which needs the
  /// gradients of all parameters.
  Status step_one(std::size_t index, const StepInputs& inputs, StepInfo* info = nullptr) noexcept;

  /// Starts to fetch the arrays that step_one() needs. It is for callers that step many small parameters one after the
  /// other: call it for the next parameter once this one is stepped. grad: where the gradient probably will be, or
  /// null.
  void prefetch(std::size_t index, const void* grad) const noexcept;

  /// Gives parameter `index` memory for sums of gradients: `size` elements of the compute type, owned by the caller.
  /// Sums in turn need slot 0. Sums in a tree need each slot that slot_of_next() returns.
  Status set_accumulator(std::size_t index, void* memory, int slot = 0) noexcept;

  /// Adds gradients, as step() takes them, to those that their parameters have accumulated. The parameters need an
  /// accumulator in slot slot_of_next(order). The next step() adds its own gradients to the sums and uses the result;
  /// after it, the sums begin again. The order is the same between two steps.
  ///
  /// \return kInvalidParameter also for another order. With SumOrder::kTree, step_one() refuses parameters that have
  /// sums.
  Status accumulate(const void* const* grads, int threads = 0, const DType* grad_dtypes = nullptr,
                    SumOrder order = SumOrder::kInTurn) noexcept;

  /// The slot of the accumulator in which the next accumulate() puts its sum.
  int slot_of_next(SumOrder order) const noexcept;

  /// Sets which lane of a tree the first accumulated gradient is, if other plans have the lanes before it. Call it
  /// before gradients are accumulated. (A step() by itself adds the lanes of this plan.)
  Status set_first_lane(std::uint32_t lane) noexcept;

  /// Lists the sums that have been accumulated in a tree, in the order of their lanes: levels (GradientSources::levels)
  /// and slots. Returns how many there are, at most kSlots.
  int accumulated_sums(int* levels, int* slots) const noexcept;

  /// The sum that parameter `index` has in a slot, or null.
  const void* accumulator(std::size_t index, int slot) const noexcept;

  /// Discards what has been accumulated.
  void drop_accumulated() noexcept;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// \}

}  // namespace adamas
