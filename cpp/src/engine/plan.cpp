// Laying out a plan: what parameters there are, and what is known about them.
#include <adamas/plan.hpp>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <new>
#include <utility>
#include <vector>

#include "engine/coefficients.hpp"
#include "engine/float_mode.hpp"
#include "engine/plan_impl.hpp"

namespace adamas {

Status check_array(const void* array, std::size_t size, std::size_t element_bytes) {
  if (size == 0 || element_bytes == 0) return Status::kOk;  // nobody looks at it
  if (array == nullptr) return Status::kNullPointer;
  return reinterpret_cast<std::uintptr_t>(array) % element_bytes == 0 ? Status::kOk : Status::kMisaligned;
}

namespace {

StateStorage storage(const Parameter& parameter, int k) {
  return storage_of(parameter.state_format, rule_info(parameter.rule).states[k].kind);
}

// Calls visit(address, bytes, alignment) for every array of the parameter that a step writes, until one call fails.
template <class Visit>
Status for_each_written(const Parameter& parameter, Visit visit) {
  const std::size_t size = parameter.size;
  const std::size_t own = shard_size(parameter);
  const auto visit_plain = [&](const void* array, std::size_t elements, std::size_t element_bytes) {
    return element_bytes == 0 ? Status::kOk : visit(array, elements * element_bytes, element_bytes);
  };
  Status status = visit_plain(parameter.param, size, size_of(parameter.dtype));
  if (status == Status::kOk) status = visit_plain(parameter.residue, own, size_of(parameter.residue_kind));
  if (status == Status::kOk && parameter.average != nullptr) {
    status = visit_plain(parameter.average, own, size_of(parameter.average_dtype));
  }
  if (status == Status::kOk && parameter.columns != 0) {
    status = visit(parameter.row_counts, size / parameter.columns * sizeof(std::uint32_t), sizeof(std::uint32_t));
  }
  if (status == Status::kOk && parameter.copy != nullptr)
    status = visit_plain(parameter.copy, size, size_of(parameter.copy_dtype));
  for (int k = 0; status == Status::kOk && k < rule_info(parameter.rule).state_count; ++k) {
    const StateStorage kept = storage(parameter, k);
    status = visit(parameter.states[k], kept.bytes(state_size(parameter, k)), kept.alignment);
  }
  return status;
}

// Averages are float32 or bfloat16, of float64 parameters float64; copies have 16 bits, and are of float32 parameters.
bool companions_fit(const Parameter& parameter) {
  const DType average = parameter.average_dtype;
  const bool averages = parameter.dtype == DType::kFloat64 ? average == DType::kFloat64
                                                           : average == DType::kFloat32 || average == DType::kBfloat16;
  const bool copies = parameter.dtype == DType::kFloat32 &&
                      (parameter.copy_dtype == DType::kBfloat16 || parameter.copy_dtype == DType::kFloat16);
  return (parameter.average == nullptr || averages) && (parameter.copy == nullptr || copies);
}

// See Parameter::columns.
bool rows_fit(const Parameter& parameter) {
  if (parameter.columns == 0) return true;
  const RuleInfo& rule = rule_info(parameter.rule);
  const bool plain = (parameter.dtype == DType::kFloat32 && parameter.state_format == StateFormat::kFloat32) ||
                     (parameter.dtype == DType::kFloat64 && parameter.state_format == StateFormat::kFloat64);
  const bool exact = parameter.dtype == DType::kFloat32 && rule.has_closed_form;
  return plain && parameter.average == nullptr && parameter.copy == nullptr && rule.steps_rows() &&
         parameter.size % parameter.columns == 0 && parameter.size / parameter.columns < RowSet::kNone &&
         (parameter.row_mode == RowMode::kLazy || exact);
}

// See Parameter::matrix_rows.
bool axes_fit(const Parameter& parameter) {
  if (!rule_info(parameter.rule).has_axes()) return true;
  const std::size_t rows = parameter.matrix_rows;
  const std::size_t columns = parameter.matrix_columns;
  if (parameter.size == 0) return true;
  return rows != 0 && columns != 0 && rows <= parameter.size && parameter.size % rows == 0 &&
         parameter.size / rows % columns == 0;
}

// See Parameter::shard_begin.
bool shard_fits(const Parameter& parameter) {
  const std::size_t begin = parameter.shard_begin;
  const std::size_t end = std::min(parameter.shard_end, parameter.size);
  if (begin == 0 && end == parameter.size) return true;
  const bool may_be_cut = !rule_info(parameter.rule).has_axes() || begin == end;
  const bool in_units = begin % kShardUnit == 0 && (end % kShardUnit == 0 || end == parameter.size);
  return begin <= end && in_units && may_be_cut && parameter.columns == 0;
}

// As `item.parameter`: with states, residue and average from where element 0 would be.
Parameter from_element_zero(Parameter parameter) {
  const std::size_t begin = parameter.shard_begin;
  const auto shift = [](void*& array, std::size_t bytes) { array = const_cast<void*>(begin_of(array, bytes)); };
  for (int k = 0; k < rule_info(parameter.rule).state_count; ++k) {
    shift(parameter.states[k], begin / kBlock * storage(parameter, k).block_bytes);
  }
  shift(parameter.residue, begin * size_of(parameter.residue_kind));
  if (parameter.average != nullptr) shift(parameter.average, begin * size_of(parameter.average_dtype));
  return parameter;
}

bool same_names(const ScalarInfo* a, const ScalarInfo* b, int count) {
  return std::equal(a, a + count, b,
                    [](const ScalarInfo& x, const ScalarInfo& y) { return std::strcmp(x.name, y.name) == 0; });
}

// Rules of one plan that keep shared scalars keep the same ones, from the same sums.
bool share_alike(const RuleInfo& a, const RuleInfo& b) {
  return a.shared_scalar_count == b.shared_scalar_count && a.sum_count == b.sum_count &&
         same_names(a.shared_scalars, b.shared_scalars, a.shared_scalar_count) &&
         std::equal(a.sums, a.sums + a.sum_count, b.sums,
                    [](const char* x, const char* y) { return std::strcmp(x, y) == 0; });
}

Status check_parameter(const Parameter& parameter) {
  const bool known = static_cast<int>(parameter.rule) < rule_count() &&
                     static_cast<int>(parameter.dtype) < kDTypeCount &&
                     static_cast<int>(parameter.state_format) < kStateFormatCount &&
                     static_cast<int>(parameter.residue_kind) < kResidueCount &&
                     formats_fit(parameter.dtype, parameter.state_format, parameter.residue_kind) &&
                     companions_fit(parameter) && rows_fit(parameter) && axes_fit(parameter) && shard_fits(parameter);
  if (!known || parameter.size > std::numeric_limits<std::size_t>::max() / 64) return Status::kInvalidParameter;
  return for_each_written(parameter, [](const void* array, std::size_t bytes, std::size_t element_bytes) {
    return check_array(array, bytes, element_bytes);
  });
}

bool same_but_pointers(const Parameter& a, const Parameter& b) {
  return a.size == b.size && a.dtype == b.dtype && a.state_format == b.state_format &&
         a.residue_kind == b.residue_kind && (a.average == nullptr) == (b.average == nullptr) &&
         a.average_dtype == b.average_dtype && (a.copy == nullptr) == (b.copy == nullptr) &&
         a.copy_dtype == b.copy_dtype && a.matrix_rows == b.matrix_rows && a.matrix_columns == b.matrix_columns &&
         a.columns == b.columns && a.rule == b.rule && a.group == b.group && a.shard_begin == b.shard_begin &&
         std::min(a.shard_end, a.size) == std::min(b.shard_end, b.size);
}

Status check_groups(const StepInputs& inputs) {
  for (std::size_t k = 0; k < inputs.group_count; ++k) {
    if (!has_valid_common(inputs.groups[k])) return Status::kInvalidHyperparameter;
  }
  return Status::kOk;
}

// After this, so many push_back() cannot fail. Grows in proportion, unlike a bare reserve().
template <class T>
void make_room(std::vector<T>& items, std::size_t more) {
  if (items.capacity() - items.size() < more) items.reserve(2 * items.size() + more);
}

}  // namespace

std::size_t shard_size(const Parameter& parameter) noexcept {
  return std::min(parameter.shard_end, parameter.size) - parameter.shard_begin;
}

std::size_t state_size(const Parameter& parameter, int which) noexcept {
  const std::size_t size = shard_size(parameter);
  const auto along = [&](std::size_t elements) { return elements == 0 ? 0 : size / elements; };
  switch (rule_info(parameter.rule).states[which].extent) {
    case StateExtent::kElement: return size;
    case StateExtent::kRow: return along(parameter.matrix_columns);
    case StateExtent::kColumn: return along(parameter.matrix_rows);
  }
  return 0;
}

Plan::Plan() noexcept = default;
Plan::~Plan() = default;
Plan::Plan(Plan&&) noexcept = default;
Plan& Plan::operator=(Plan&&) noexcept = default;

Status Plan::add(const Parameter& parameter) noexcept try {
  if (const Status status = check_parameter(parameter); status != Status::kOk) return status;
  if (!impl_) impl_ = std::make_unique<Impl>();
  const RuleInfo& rule = rule_info(parameter.rule);
  const bool shares = rule.shared_scalar_count != 0;
  if (shares && impl_->sharing != nullptr && !share_alike(*impl_->sharing, rule)) return Status::kInvalidParameter;
  make_room(impl_->items, 1);
  make_room(impl_->work_end, 1);
  std::size_t arrays = 0;
  const auto count = [&arrays](const void*, std::size_t, std::size_t) {
    ++arrays;
    return Status::kOk;
  };
  for_each_written(parameter, count);
  make_room(impl_->written, arrays);

  Item item{};
  item.parameter = parameter;
  item.parameter.shard_end = std::min(parameter.shard_end, parameter.size);
  const bool is_divided = shard_size(parameter) != parameter.size;
  if (is_divided) item.parameter = from_element_zero(item.parameter);
  if (is_divided || !impl_->added.empty()) {
    std::vector<Parameter>& added = impl_->added;
    make_room(added, impl_->items.size() + 1 - added.size());
    for (std::size_t i = added.size(); i < impl_->items.size(); ++i) added.push_back(impl_->items[i].parameter);
    added.push_back(parameter);
  }
  item.element_bytes = bytes_per_element(parameter);
  for (int k = 0; k < rule.scalar_count; ++k) item.scalars[k] = rule.scalars[k].initial;
  if (shares && impl_->sharing == nullptr) {
    impl_->sharing = &rule;
    for (int k = 0; k < rule.shared_scalar_count; ++k) impl_->shared[k] = rule.shared_scalars[k].initial;
  }
  if (parameter.columns != 0)
    item.rows = std::make_unique<Rows>(parameter.size / parameter.columns, parameter.row_counts);
  if (shard_size(parameter) > 0 && rule_info(parameter.rule).has_axes()) item.axes = std::make_unique<Axes>(parameter);
  impl_->items.push_back(std::move(item));
  impl_->work_end.push_back(0);
  impl_->group_count = std::max<std::size_t>(impl_->group_count, parameter.group + std::size_t{1});
  if (parameter.size > 0) {
    for_each_written(parameter, [this](const void* array, std::size_t bytes, std::size_t) {
      if (bytes > 0) impl_->written.push_back(extent(array, bytes));
      return Status::kOk;
    });
  }
  impl_->written_is_apart = false;
  return Status::kOk;
} catch (...) {
  return Status::kOutOfMemory;
}

Status Plan::rebind(std::size_t index, const Parameter& parameter) noexcept {
  if (index >= size()) return Status::kInvalidParameter;
  Item& item = impl_->items[index];
  Parameter& known = item.parameter;
  if (item.rows || item.sums || !impl_->added.empty() || !same_but_pointers(known, parameter))
    return Status::kInvalidParameter;
  if (const Status status = check_parameter(parameter); status != Status::kOk) return status;
  known = parameter;
  known.shard_end = parameter.size;
  impl_->written_is_apart = false;
  impl_->written_is_current = false;
  return Status::kOk;
}

Status Plan::Impl::check_inputs(const StepInputs& inputs) const {
  if (inputs.grads == nullptr || (inputs.groups == nullptr && inputs.group_count > 0)) return Status::kNullPointer;
  if (inputs.group_count < group_count) return Status::kInvalidParameter;
  return check_groups(inputs);
}

// Lists what steps write, in the same room, and forgets which gradients lay apart from it.
void Plan::Impl::list_written() {
  written.clear();
  for (std::size_t i = 0; i < items.size(); ++i) {
    Item& item = items[i];
    item.apart = nullptr;
    if (item.parameter.size == 0) continue;
    for_each_written(parameter(i), [this](const void* array, std::size_t bytes, std::size_t) {
      if (bytes > 0) written.push_back(extent(array, bytes));
      return Status::kOk;
    });
    for (int slot = 0; item.sums && slot < kSlots; ++slot) {
      if (void* const memory = item.sums->memory(slot); memory != nullptr) {
        written.push_back(extent(memory, item.parameter.size * size_of(item.compute_dtype())));
      }
    }
  }
  written_is_current = true;
}

Status Plan::reserve(std::size_t parameters) noexcept try {
  if (!impl_) impl_ = std::make_unique<Impl>();
  impl_->items.reserve(parameters);
  impl_->work_end.reserve(parameters);
  impl_->written.reserve(3 * parameters);  // most have two states
  return Status::kOk;
} catch (...) {
  return Status::kOutOfMemory;
}

std::size_t Plan::size() const noexcept { return impl_ ? impl_->items.size() : 0; }

const Parameter& Plan::parameter(std::size_t index) const noexcept { return impl_->parameter(index); }

std::int64_t Plan::step_count(std::size_t index) const noexcept {
  return index < size() ? impl_->items[index].step_count : -1;
}

Status Plan::set_step_count(std::size_t index, std::int64_t count) noexcept {
  if (index >= size() || count < 0 || count > kMaxStepCount) return Status::kInvalidParameter;
  impl_->items[index].step_count = count;
  if (impl_->items[index].rows) impl_->items[index].rows->history.restart(count);
  return Status::kOk;
}

double Plan::scalar(std::size_t index, int which) const noexcept {
  const bool known = index < size() && which >= 0 && which < rule_info(impl_->items[index].parameter.rule).scalar_count;
  return known ? impl_->items[index].scalars[which] : 0.0;
}

Status Plan::set_scalar(std::size_t index, int which, double value) noexcept {
  const bool known = index < size() && which >= 0 && which < rule_info(impl_->items[index].parameter.rule).scalar_count;
  if (!known) return Status::kInvalidParameter;
  if (!std::isfinite(value)) return Status::kInvalidHyperparameter;
  impl_->items[index].scalars[which] = value;
  return Status::kOk;
}

int Plan::shared_scalar_count() const noexcept {
  return impl_ && impl_->sharing != nullptr ? impl_->sharing->shared_scalar_count : 0;
}

double Plan::shared_scalar(int which) const noexcept {
  return which >= 0 && which < shared_scalar_count() ? impl_->shared[which] : 0.0;
}

Status Plan::set_shared_scalar(int which, double value) noexcept {
  if (which < 0 || which >= shared_scalar_count()) return Status::kInvalidParameter;
  if (!std::isfinite(value)) return Status::kInvalidHyperparameter;
  impl_->shared[which] = value;
  return Status::kOk;
}

Status Plan::step(const StepInputs& inputs, StepInfo* info) noexcept try {
  if (size() == 0) return Status::kOk;
  const FloatMode mode;
  if (const Status status = impl_->check_inputs(inputs); status != Status::kOk) return status;
  return impl_->step(0, size(), inputs, info);
} catch (...) {
  return Status::kOutOfMemory;
}

Status Plan::check(const StepInputs& inputs) noexcept try {
  if (size() == 0) return Status::kOk;
  const FloatMode mode;
  if (const Status status = impl_->check_inputs(inputs); status != Status::kOk) return status;
  return impl_->check(inputs);
} catch (...) {
  return Status::kOutOfMemory;
}

Status Plan::step_together(const StepInputs& inputs, const GradientSources& sources, const Exchange* exchange,
                           StepInfo* info) noexcept {
  if (size() == 0) return Status::kOk;
  if (sources.count == 0 || (inputs.options != nullptr && inputs.options->zero_grads)) return Status::kInvalidParameter;
  impl_->sources = &sources;
  impl_->exchange = exchange;
  const Status status = step(inputs, info);
  impl_->stop_sharing();
  return status;
}

Status Plan::step_one(std::size_t index, const StepInputs& inputs, StepInfo* info) noexcept try {
  if (index >= size() || inputs.group_count != 1 || inputs.row_grads != nullptr) return Status::kInvalidParameter;
  if (rule_info(impl_->items[index].parameter.rule).shared_scalar_count != 0) return Status::kInvalidParameter;
  const bool in_tree = impl_->sum_order == SumOrder::kTree && impl_->items[index].has_sums();
  if (in_tree && size() > 1) return Status::kInvalidParameter;
  if (inputs.grads == nullptr || inputs.groups == nullptr) return Status::kNullPointer;
  const FloatMode mode;
  if (const Status status = check_groups(inputs); status != Status::kOk) return status;
  return impl_->step(index, index + 1, inputs, info);
} catch (...) {
  return Status::kOutOfMemory;
}

Status Plan::catch_up(std::size_t index, const RowGradient* rows, int threads) noexcept try {
  const FloatMode mode;
  return index < size() ? impl_->catch_up(index, rows, {threads, nullptr}) : Status::kInvalidParameter;
} catch (...) {
  return Status::kOutOfMemory;
}

Status Plan::set_accumulator(std::size_t index, void* memory, int slot) noexcept try {
  if (index >= size() || slot < 0 || slot >= kSlots) return Status::kInvalidParameter;
  Item& item = impl_->items[index];
  const std::size_t element_bytes = size_of(item.compute_dtype());
  const Status status = check_array(memory, item.parameter.size, element_bytes);
  if (status != Status::kOk) return status;
  if (item.sums && item.sums->memory(slot) != nullptr) return Status::kInvalidParameter;
  if (!item.sums) item.sums = std::make_unique<Accumulated>();
  // Room for those that follow as well: who sets one for each in turn has all of them or none.
  make_room(impl_->written, impl_->items.size() - index);
  if (item.parameter.size > 0) {
    impl_->written.push_back(extent(memory, item.parameter.size * element_bytes));
    impl_->written_is_apart = false;
  }
  item.sums->set_memory(slot, memory);
  return Status::kOk;
} catch (...) {
  return Status::kOutOfMemory;
}

Status Plan::accumulate(const void* const* grads, int threads, const DType* grad_dtypes, SumOrder order) noexcept try {
  if (size() == 0) return Status::kOk;
  const FloatMode mode;
  return grads == nullptr ? Status::kNullPointer : impl_->accumulate(grads, grad_dtypes, order, {threads, nullptr});
} catch (...) {
  return Status::kOutOfMemory;
}

int Plan::slot_of_next(SumOrder order) const noexcept { return impl_ ? impl_->next_addition(order).slot : 0; }

Status Plan::set_first_lane(std::uint32_t lane) noexcept {
  if (!impl_ || impl_->accumulated != 0 || lane >= 1U << kMostLevels) return Status::kInvalidParameter;
  impl_->first_lane = lane;
  return Status::kOk;
}

const void* Plan::accumulator(std::size_t index, int slot) const noexcept {
  if (index >= size() || slot < 0 || slot >= kSlots) return nullptr;
  const Item& item = impl_->items[index];
  return item.sums && item.sums->holds(slot) ? item.sums->memory(slot) : nullptr;
}

int Plan::accumulated_sums(int* levels, int* slots) const noexcept {
  return impl_ ? impl_->accumulated_sums(levels, slots) : 0;
}

void Plan::drop_accumulated() noexcept {
  if (impl_) impl_->drop_accumulated();
}

}  // namespace adamas
