// Laying out a plan: what parameters there are, and what is known about them.
#include <adamas/plan.hpp>

#include <algorithm>
#include <cmath>
#include <new>
#include <utility>
#include <vector>

#include "engine/coefficients.hpp"
#include "engine/fetch.hpp"
#include "engine/float_mode.hpp"
#include "engine/parameter.hpp"
#include "engine/plan_impl.hpp"

namespace adamas {

namespace {

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

// Lists what steps write, in the same room.
void Plan::Impl::list_written() {
  written.clear();
  for (std::size_t i = 0; i < items.size(); ++i) {
    Item& item = items[i];
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
  if (!impl_->remembered.are_of(impl_->items[index], *inputs.groups)) {
    if (const Status status = check_groups(inputs); status != Status::kOk) return status;
  }
  return impl_->step(index, index + 1, inputs, info);
} catch (...) {
  return Status::kOutOfMemory;
}

void Plan::prefetch(std::size_t index, const void* grad) const noexcept {
  if (index >= size()) return;
  const Item& item = impl_->items[index];
  fetch(&item, sizeof item);
  fetch_near(grad, item.parameter.size * size_of(item.grad_dtype));
  for_each_written(impl_->parameter(index), [](const void* array, std::size_t bytes, std::size_t) {
    fetch_near(array, bytes);
    return Status::kOk;
  });
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
