// The sequence of a step: check everything, compute coefficients, split the work, run it in one parallel region.
#include <algorithm>
#include <cstring>
#include <limits>

#include "engine/cautious.hpp"
#include "engine/coefficients.hpp"
#include "engine/gradient_norm.hpp"
#include "engine/isa.hpp"
#include "engine/observe.hpp"
#include "engine/plan_impl.hpp"
#include "engine/sparse/sparse_update.hpp"

namespace adamas {
namespace {

constexpr double kInfinite = std::numeric_limits<double>::infinity();

// Most of what a step would write into items is there already. What is not written again stays in the caches of all
// processors; with many small parameters, fetching it back takes a good part of a step.
template <class T>
void put(T& place, T value) {
  if (!(place == value)) place = value;
}

bool same_scalars(const Item& a, const Item& b) { return std::equal(a.scalars, a.scalars + kMaxScalars, b.scalars); }

bool agree_in_coefficients(const Item& a, const Item& b) {
  return a.parameter.group == b.parameter.group && a.parameter.rule == b.parameter.rule &&
         a.step_count == b.step_count && same_scalars(a, b);
}

bool shares_scalars(Rule rule) { return rule_info(rule).shared_scalar_count != 0; }

Status check_options(const StepOptions& options) {
  const double inverse = 1.0 / options.grad_scale;
  const bool valid = inverse > 0.0 && inverse < kInfinite && options.max_norm > 0.0 && options.max_value > 0.0 &&
                     options.clip_eps >= 0.0 && options.clip_eps < kInfinite && options.average_weight >= 0.0 &&
                     options.average_weight <= 1.0;
  return valid ? Status::kOk : Status::kInvalidHyperparameter;
}

// What gradients of this norm are multiplied by.
double clip_coefficient(double norm, const StepOptions& options) {
  const double coefficient = options.max_norm / (norm + options.clip_eps);
  return coefficient > 1.0 ? 1.0 : coefficient;  // NaN stays
}

}  // namespace

// Puts the gradients into the items, once they are found to be in order.
Status Plan::Impl::accept_gradients(const Items& part, const void* const* grads, const DType* grad_dtypes,
                                    const RowGradient* const* row_grads) {
  // Finding overlaps takes sorting; gradients mostly stay where they were, and then there is nothing to find.
  const bool is_one = part.last - part.first == 1;
  bool known_to_be_apart = written_is_apart;
  for (std::size_t i = part.first; i < part.last; ++i) {
    Item& item = items[i];
    put(item.grad, grads[i - part.first]);
    put(item.extent, item.parameter.shard_end - item.parameter.shard_begin);
    if (row_grads != nullptr && row_grads[i - part.first] != nullptr) {
      if (const Status status = accept_rows(item, *row_grads[i - part.first]); status != Status::kOk) return status;
      known_to_be_apart = false;
      continue;
    }
    if (item.grad == nullptr) continue;
    if (item.rows) {
      item.rows->set.assign_all();
      item.rows->given = item.rows->set.uses().size();
    }
    put(item.grad_dtype, grad_dtypes == nullptr ? item.parameter.dtype : grad_dtypes[i - part.first]);
    if (item.grad == item.apart && item.grad_dtype == item.apart_dtype && (is_one || item.apart_from_others)) continue;
    if (static_cast<int>(item.grad_dtype) >= kDTypeCount) return Status::kInvalidParameter;
    const Status status = check_array(item.grad, item.parameter.size, size_of(item.grad_dtype));
    if (status != Status::kOk) return status;
    known_to_be_apart = false;
  }
  return known_to_be_apart ? Status::kOk : check_overlap(part);
}

// If anything has changed, what was found out about gradients is forgotten.
bool Plan::Impl::written_overlaps() {
  if (written_is_apart) return false;
  for (Item& item : items) {
    item.apart = nullptr;
    if (item.sums) item.sums->sources_are_apart = false;
  }
  if (!written_is_current) list_written();
  written_is_apart = !sort_and_find_overlap(written);
  return !written_is_apart;
}

Status Plan::Impl::check_overlap(const Items& part) {
  if (written_overlaps()) return Status::kOverlap;
  read.clear();
  read.reserve(part.last - part.first);
  for (std::size_t i = part.first; i < part.last; ++i) {
    const Item& item = items[i];
    if (item.grad == nullptr || item.parameter.size == 0) continue;
    const std::size_t elements = item.rows ? item.rows->given * item.parameter.columns : item.parameter.size;
    read.push_back(extent(item.grad, elements * size_of(item.grad_dtype)));
  }
  if (sort_and_find_overlap(read) || overlap_between(read, written)) return Status::kOverlap;
  const bool all = part.last - part.first == items.size();
  for (std::size_t i = part.first; i < part.last; ++i) {
    Item& item = items[i];
    item.apart = item.rows ? nullptr : item.grad;  // single rows may be more of them in the next step
    item.apart_dtype = item.grad_dtype;
    item.apart_from_others = all;
  }
  return Status::kOk;
}

Status Plan::Impl::add_coefficients(const Item& item, const Hyperparameters& group, std::int64_t step) {
  coefficients.emplace_back();
  next_scalars.emplace_back();
  std::copy_n(item.scalars, kMaxScalars, next_scalars.back().data());
  return compute_coefficients(item.parameter.rule, group, item.compute_dtype(), step, next_scalars.back().data(),
                              next_shared, &coefficients.back());
}

// Finds the hyperparameters that concern all parameters with shared scalars; they must agree, with gradients or
// without.
Status Plan::Impl::join_groups(const Items& part, const Groups& groups) {
  const Hyperparameters* last = nullptr;
  for (std::size_t i = part.first; i < part.last; ++i) {
    const Rule rule = items[i].parameter.rule;
    const Hyperparameters& group = groups.of(items[i]);
    if (&group == last || !shares_scalars(rule)) continue;
    if (last == nullptr) of_all = group;
    if (!join(rule, group, &of_all)) return Status::kInvalidHyperparameter;
    last = &group;
  }
  std::copy_n(shared, kMaxSharedScalars, next_shared);
  return Status::kOk;
}

// Hyperparameters are compared by their bytes: if equal values differ in those, little is lost.
bool Plan::Impl::Remembered::are_of(const Item& item, const Hyperparameters& its_group) const {
  return any && rule == item.parameter.rule && step_count == item.step_count && compute_dtype == item.compute_dtype() &&
         !item.rows && std::memcmp(&group, &its_group, sizeof group) == 0;
}

void Plan::Impl::remember_coefficients(const Item& item, const Hyperparameters& group) {
  const RuleInfo& rule = rule_info(item.parameter.rule);
  remembered.any = coefficients.size() == 1 && !item.rows && rule.scalar_count == 0 && rule.shared_scalar_count == 0 &&
                   rule.sum_count == 0;
  if (!remembered.any) return;
  remembered.rule = item.parameter.rule;
  remembered.compute_dtype = item.compute_dtype();
  remembered.step_count = item.step_count;
  remembered.group = group;
}

// Computes coefficients, once for each run of parameters that agree in them, and gives out places for sums.
Status Plan::Impl::prepare(const Items& part, const Groups& groups) {
  const bool is_one_of_many = part.last - part.first == 1 && items.size() > 1;
  const bool are_known = is_one_of_many && remembered.are_of(items[part.first], groups.of(items[part.first]));
  if (!are_known) {
    remembered.any = false;
    coefficients.clear();
    next_scalars.clear();
  }
  bool any_sums = false;
  bool axes = false;
  bool own_coefficients = false;  // of the item before
  bool cautious = false;
  granules = 0;
  if (sharing != nullptr) {
    if (const Status status = join_groups(part, groups); status != Status::kOk) return status;
  }
  const Item* previous = nullptr;
  for (std::size_t i = part.first; i < part.last; ++i) {
    Item& item = items[i];
    if (!item.has_gradient()) continue;
    if (item.step_count >= kMaxStepCount) return Status::kInvalidParameter;
    const auto first = static_cast<std::uint32_t>(coefficients.size());
    // With sums, or a mask, the coefficients become those of this parameter alone.
    const bool needs_sums = rule_info(item.parameter.rule).sum_count != 0;
    if (are_known) {
      cautious = remembered.group.cautious;
    } else if (item.rows || previous == nullptr || own_coefficients || !agree_in_coefficients(*previous, item)) {
      const Hyperparameters& group = groups.of(item);
      const Status status = item.rows ? prepare_rows(item, group) : add_coefficients(item, group, item.step_count + 1);
      if (status != Status::kOk) return status;
      cautious = cautious || group.cautious;
      own_coefficients = needs_sums || group.cautious;
    }
    put(item.coefficients, static_cast<std::uint32_t>(coefficients.size() - 1));
    if (item.rows) item.first_coefficients = first;
    any_sums = any_sums || needs_sums;
    axes = axes || item.axes != nullptr;
    put(item.first_granule, granules);
    granules += granules_of(item);
    previous = item.rows ? nullptr : &item;
  }
  sums.resize(any_sums ? granules : 0);
  any_cautious = cautious;
  any_axes = axes;
  if (is_one_of_many && !are_known) remember_coefficients(items[part.first], groups.of(items[part.first]));
  return Status::kOk;
}

// Measures gradients if that is asked for, and decides on the factor for each of them.
Status Plan::Impl::measure_gradients(Pass pass, const Items& part, const Crew& crew, StepInfo* info) {
  const StepOptions& options = *pass.options;
  const double scale = 1.0 / options.grad_scale;
  const bool clip = options.max_norm < kInfinite;
  if (options.skip_nonfinite || options.measure || clip) {
    measures.resize(granules);
    pass.phase = Phase::kGradients;
    pass.measures = measures.data();
    if (const Status status = run_pass(pass, part, crew, &info->threads); status != Status::kOk) return status;
    if (const Status status = gather(part, measures.data(), sizeof(double)); status != Status::kOk) return status;
    GradientNorm found = gradient_norm(pass, part, {});
    if (found.needs_tiny) {
      if (const Status status = measure_tiny(pass, part, &found); status != Status::kOk) return status;
    }
    info->has_norm = true;
    info->grad_norm = found.norm;
    info->nonfinite = found.nonfinite;
    info->skipped = options.skip_nonfinite && found.nonfinite != kNoParameter;
    if (clip && !options.clip_each) info->clip_coefficient = clip_coefficient(found.norm, options);
  }
  const double common = scale * info->clip_coefficient;
  for (std::size_t i = part.first; i < part.last; ++i) {
    Item& item = items[i];
    put(item.factor, common);
    if (!clip || !options.clip_each || !item.has_gradient()) continue;
    const double coefficient = clip_coefficient(item.norm, options);
    item.factor = scale * coefficient;
    double& smallest = info->clip_coefficient;
    if (smallest == smallest && !(coefficient >= smallest)) smallest = coefficient;  // NaN counts as smallest
  }
  return Status::kOk;
}

// Where squares of float64 were too large.
Status Plan::Impl::measure_tiny(const Pass& pass, const Items& part, GradientNorm* found) const {
  std::vector<double> tiny(granules);
  take_tiny_squares(pass, part, tiny.data());
  const Status status = gather(part, tiny.data(), sizeof(double));
  if (status == Status::kOk) *found = gradient_norm(pass, part, tiny);
  return status;
}

// After the pass that took sums.
void Plan::Impl::finish_coefficients(const Items& part) {
  double all[kMaxSums] = {};  // of parameters with shared scalars
  const Item* last = nullptr;
  for (std::size_t i = part.first; i < part.last; ++i) {
    const Item& item = items[i];
    const int count = rule_info(item.parameter.rule).sum_count;
    if (!item.has_gradient() || count == 0) continue;
    double totals[kMaxSums] = {};
    for (std::size_t granule = 0; granule < granules_of(item); ++granule) {
      for (int k = 0; k < count; ++k) totals[k] += sums[item.first_granule + granule].values[k];
    }
    if (shares_scalars(item.parameter.rule)) {
      for (int k = 0; k < count; ++k) all[k] += totals[k];
      last = &item;
      continue;
    }
    adamas::finish_coefficients(item.parameter.rule, totals, item.parameter.size,
                                next_scalars[item.coefficients].data(), &coefficients[item.coefficients]);
  }
  if (last == nullptr) return;
  share(last->parameter.rule, of_all, all, next_shared);
  for (std::size_t i = part.first; i < part.last; ++i) {
    const Item& item = items[i];
    if (!item.has_gradient() || !shares_scalars(item.parameter.rule)) continue;
    finish_shared_coefficients(item.parameter.rule, all, next_shared, &coefficients[item.coefficients]);
  }
}

// Finds out which share of the elements of cautious updates will move. All is known that the updates need.
Status Plan::Impl::take_masks(Pass pass, const Items& part, const Crew& crew, StepInfo* info) {
  measures.resize(granules);
  pass.phase = Phase::kMask;
  pass.measures = measures.data();
  if (const Status status = run_pass(pass, part, crew, &info->threads); status != Status::kOk) return status;
  if (const Status status = gather(part, measures.data(), sizeof(double)); status != Status::kOk) return status;
  for (std::size_t i = part.first; i < part.last; ++i) {
    const Item& item = items[i];
    if (!takes_part(item, pass)) continue;
    double moving = 0.0;
    const double* const counts = measures.data() + item.first_granule;
    for (std::size_t granule = 0; granule < granules_of(item); ++granule) moving += counts[granule];
    coefficients[item.coefficients].mask_scale = mask_scale(moving, item.parameter.size);
  }
  return Status::kOk;
}

// After an observed update.
void Plan::Impl::report_observed(const Pass& pass, const Items& part, const Groups& groups) {
  for (std::size_t i = part.first; i < part.last; ++i) {
    const Item& item = items[i];
    const bool is_observed = item.has_gradient() && !item.rows;
    pass.options->observations[i] = is_observed ? observation_of(pass, item, groups.of(item).lr) : Observation{};
  }
}

Status Plan::Impl::update(Pass pass, const Items& part, const Groups& groups, const Crew& crew, StepInfo* info) {
  pass.coefficients = coefficients.data();
  for (std::size_t i = part.first; i < part.last; ++i) {
    Item& item = items[i];
    if (!item.rows || item.grad == nullptr) continue;
    // All rows have the item's factor; their coefficients are theirs alone.
    for (std::size_t k = item.first_coefficients; k <= item.coefficients; ++k) {
      coefficients[k].grad_scale *= item.factor;
    }
    if (!item.is_exact()) continue;
    item.rows->history.make_room();
    if (const Status status = find_missed(item, crew); status != Status::kOk) return status;
  }
  if (any_axes) {
    pass.phase = Phase::kAxes;
    if (const Status status = run_pass(pass, part, crew, &info->threads); status != Status::kOk) return status;
    for (std::size_t i = part.first; i < part.last; ++i) {
      const Item& item = items[i];
      if (takes_part(item, pass)) item.axes->finish(item.parameter, coefficients[item.coefficients]);
    }
  }
  if (!sums.empty()) {
    pass.phase = Phase::kSums;
    pass.sums = sums.data();
    if (const Status status = run_pass(pass, part, crew, &info->threads); status != Status::kOk) return status;
    if (const Status status = gather(part, sums.data(), sizeof(GranuleSums)); status != Status::kOk) return status;
    finish_coefficients(part);
  }
  if (any_cautious) {
    if (const Status status = take_masks(pass, part, crew, info); status != Status::kOk) return status;
  }
  pass.phase = observed.empty() ? Phase::kUpdate : Phase::kObserve;
  pass.observed = observed.data();
  if (const Status status = run_pass(pass, part, crew, &info->threads); status != Status::kOk) return status;
  Status gathered = Status::kOk;  // the step is taken now, whatever happens
  if (pass.options->observations != nullptr) {
    gathered = gather(part, observed.data(), sizeof(Observation));
    report_observed(pass, part, groups);
  }
  for (std::size_t i = part.first; i < part.last; ++i) {
    Item& item = items[i];
    if (!item.has_gradient()) continue;
    if (item.is_exact()) {
      const StepCoefficients& c = coefficients[item.coefficients];
      item.rows->history.add(idle_step(item.parameter.rule, c), c.decay);
    }
    if (item.axes) item.axes->store(item.parameter);
    ++item.step_count;
    const double* const next = next_scalars[item.coefficients].data();
    for (int k = 0; k < kMaxScalars; ++k) put(item.scalars[k], next[k]);
    if (item.has_sums()) item.sums->drop();
    ++info->updated;
  }
  if (sharing != nullptr) std::copy_n(next_shared, kMaxSharedScalars, shared);
  if (accumulated != 0 && part.last - part.first == items.size()) accumulated = 0;
  return gathered;
}

Status Plan::Impl::check(const StepInputs& inputs) {
  const StepOptions plain;
  Status status = check_options(inputs.options == nullptr ? plain : *inputs.options);
  const Items all = range(0, items.size());
  if (status == Status::kOk) status = accept_gradients(all, inputs.grads, inputs.grad_dtypes, inputs.row_grads);
  return status == Status::kOk ? prepare(all, {inputs.groups, inputs.group_count == 1}) : status;
}

Status Plan::Impl::step(std::size_t first, std::size_t last, const StepInputs& inputs, StepInfo* info) {
  const StepOptions plain;
  const StepOptions& options = inputs.options == nullptr ? plain : *inputs.options;
  if (const Status status = check_options(options); status != Status::kOk) return status;
  const KernelTable* kernels = nullptr;
  if (const Status status = active_kernels(&kernels); status != Status::kOk) return status;
  const Items part = range(first, last);
  Status status = sources != nullptr ? accept_sources(part)
                                     : accept_gradients(part, inputs.grads, inputs.grad_dtypes, inputs.row_grads);
  const Groups groups{inputs.groups, inputs.group_count == 1};
  if (status == Status::kOk) status = prepare(part, groups);
  if (status != Status::kOk) return status;
  if (options.observations != nullptr || !observed.empty()) observed.resize(options.observations ? granules : 0);
  const Pass pass{Phase::kUpdate, kernels, &options, nullptr, nullptr, nullptr, nullptr};
  lay_out_work(pass, part);
  StepInfo done;
  const Crew crew{inputs.threads, inputs.workers};
  status = measure_gradients(pass, part, crew, &done);
  if (status == Status::kOk && !done.skipped) status = update(pass, part, groups, crew, &done);
  if (status == Status::kOk && info != nullptr) *info = done;
  return status;
}

}  // namespace adamas
