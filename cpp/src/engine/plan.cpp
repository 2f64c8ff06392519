// Laying out a plan: what tensors there are, and what is known about them.
#include <adamas/plan.hpp>

#include <algorithm>
#include <cmath>
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

StateStorage storage(const Tensor& tensor, int k) {
  return storage_of(tensor.state_format, rule_info(tensor.rule).states[k].kind);
}

// Calls visit(address, bytes, alignment) for every array of the tensor that a step writes, until one call fails.
template <class Visit>
Status for_each_written(const Tensor& tensor, Visit visit) {
  const std::size_t size = tensor.size;
  const auto visit_plain = [&](const void* array, std::size_t element_bytes) {
    return element_bytes == 0 ? Status::kOk : visit(array, size * element_bytes, element_bytes);
  };
  Status status = visit_plain(tensor.param, size_of(tensor.dtype));
  if (status == Status::kOk) status = visit_plain(tensor.residue, size_of(tensor.residue_kind));
  if (status == Status::kOk && tensor.average != nullptr) {
    status = visit_plain(tensor.average, size_of(tensor.average_dtype));
  }
  if (status == Status::kOk && tensor.columns != 0) {
    status = visit(tensor.row_counts, size / tensor.columns * sizeof(std::uint32_t), sizeof(std::uint32_t));
  }
  if (status == Status::kOk && tensor.copy != nullptr) status = visit_plain(tensor.copy, size_of(tensor.copy_dtype));
  for (int k = 0; status == Status::kOk && k < rule_info(tensor.rule).state_count; ++k) {
    const StateStorage kept = storage(tensor, k);
    status = visit(tensor.states[k], kept.bytes(size), kept.alignment);
  }
  return status;
}

// Averages are float32 or bfloat16, of float64 parameters float64; copies have 16 bits, and are of float32 parameters.
bool companions_fit(const Tensor& tensor) {
  const DType average = tensor.average_dtype;
  const bool averages = tensor.dtype == DType::kFloat64 ? average == DType::kFloat64
                                                        : average == DType::kFloat32 || average == DType::kBfloat16;
  const bool copies = tensor.dtype == DType::kFloat32 &&
                      (tensor.copy_dtype == DType::kBfloat16 || tensor.copy_dtype == DType::kFloat16);
  return (tensor.average == nullptr || averages) && (tensor.copy == nullptr || copies);
}

// See Tensor::columns.
bool rows_fit(const Tensor& tensor) {
  if (tensor.columns == 0) return true;
  const RuleInfo& rule = rule_info(tensor.rule);
  const bool plain = (tensor.dtype == DType::kFloat32 && tensor.state_format == StateFormat::kFloat32) ||
                     (tensor.dtype == DType::kFloat64 && tensor.state_format == StateFormat::kFloat64);
  const bool exact = tensor.dtype == DType::kFloat32 && rule.has_closed_form;
  return plain && tensor.average == nullptr && tensor.copy == nullptr && rule.steps_rows() &&
         tensor.size % tensor.columns == 0 && tensor.size / tensor.columns < RowSet::kNone &&
         (tensor.row_mode == RowMode::kLazy || exact);
}

Status check_tensor(const Tensor& tensor) {
  const bool known = static_cast<int>(tensor.rule) < rule_count() && static_cast<int>(tensor.dtype) < kDTypeCount &&
                     tensor.state_format <= StateFormat::kInt4 && tensor.residue_kind <= Residue::kSplit24 &&
                     formats_fit(tensor.dtype, tensor.state_format, tensor.residue_kind) && companions_fit(tensor) &&
                     rows_fit(tensor);
  if (!known || tensor.size > std::numeric_limits<std::size_t>::max() / 64) return Status::kInvalidTensor;
  return for_each_written(tensor, [](const void* array, std::size_t bytes, std::size_t element_bytes) {
    return check_array(array, bytes, element_bytes);
  });
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

Status Plan::add(const Tensor& tensor) noexcept try {
  if (const Status status = check_tensor(tensor); status != Status::kOk) return status;
  if (!impl_) impl_ = std::make_unique<Impl>();
  make_room(impl_->items, 1);
  make_room(impl_->work_end, 1);
  std::size_t arrays = 0;
  const auto count = [&arrays](const void*, std::size_t, std::size_t) {
    ++arrays;
    return Status::kOk;
  };
  for_each_written(tensor, count);
  make_room(impl_->written, arrays);

  Item item{};
  item.tensor = tensor;
  item.element_bytes = bytes_per_element(tensor);
  for (int k = 0; k < rule_info(tensor.rule).scalar_count; ++k) {
    item.scalars[k] = rule_info(tensor.rule).scalars[k].initial;
  }
  if (tensor.columns != 0) item.rows = std::make_unique<Rows>(tensor.size / tensor.columns, tensor.row_counts);
  impl_->items.push_back(std::move(item));
  impl_->work_end.push_back(0);
  impl_->group_count = std::max<std::size_t>(impl_->group_count, tensor.group + std::size_t{1});
  if (tensor.size > 0) {
    for_each_written(tensor, [this](const void* array, std::size_t bytes, std::size_t) {
      impl_->written.push_back(extent(array, bytes));
      return Status::kOk;
    });
  }
  impl_->written_is_apart = false;
  return Status::kOk;
} catch (...) {
  return Status::kOutOfMemory;
}

Status Plan::reserve(std::size_t tensors) noexcept try {
  if (!impl_) impl_ = std::make_unique<Impl>();
  impl_->items.reserve(tensors);
  impl_->work_end.reserve(tensors);
  impl_->written.reserve(3 * tensors);  // most have two states
  return Status::kOk;
} catch (...) {
  return Status::kOutOfMemory;
}

std::size_t Plan::size() const noexcept { return impl_ ? impl_->items.size() : 0; }

const Tensor& Plan::tensor(std::size_t index) const noexcept { return impl_->items[index].tensor; }

std::int64_t Plan::step_count(std::size_t index) const noexcept {
  return index < size() ? impl_->items[index].step_count : -1;
}

Status Plan::set_step_count(std::size_t index, std::int64_t count) noexcept {
  if (index >= size() || count < 0 || count > kMaxStepCount) return Status::kInvalidTensor;
  impl_->items[index].step_count = count;
  if (impl_->items[index].rows) impl_->items[index].rows->history.restart(count);
  return Status::kOk;
}

double Plan::scalar(std::size_t index, int which) const noexcept {
  const bool known = index < size() && which >= 0 && which < rule_info(impl_->items[index].tensor.rule).scalar_count;
  return known ? impl_->items[index].scalars[which] : 0.0;
}

Status Plan::set_scalar(std::size_t index, int which, double value) noexcept {
  const bool known = index < size() && which >= 0 && which < rule_info(impl_->items[index].tensor.rule).scalar_count;
  if (!known) return Status::kInvalidTensor;
  if (!std::isfinite(value)) return Status::kInvalidHyperparameter;
  impl_->items[index].scalars[which] = value;
  return Status::kOk;
}

Status Plan::step(const void* const* grads, const Hyperparameters* groups, std::size_t group_count, int threads,
                  StepInfo* info, const DType* grad_dtypes, const StepOptions* options,
                  const RowGradient* const* row_grads) noexcept try {
  if (size() == 0) return Status::kOk;
  const FloatMode mode;
  if (grads == nullptr || (groups == nullptr && group_count > 0)) return Status::kNullPointer;
  if (group_count < impl_->group_count) return Status::kInvalidTensor;
  for (std::size_t k = 0; k < group_count; ++k) {
    if (const Status status = check(groups[k]); status != Status::kOk) return status;
  }
  const StepOptions plain;
  return impl_->step(0, size(), grads, grad_dtypes, row_grads, {groups, nullptr}, threads,
                     options == nullptr ? plain : *options, info);
} catch (...) {
  return Status::kOutOfMemory;
}

Status Plan::step_one(std::size_t index, const void* grad, DType grad_dtype, const Hyperparameters& group, int threads,
                      StepInfo* info, const StepOptions* options) noexcept try {
  if (index >= size()) return Status::kInvalidTensor;
  const FloatMode mode;
  if (const Status status = check(group); status != Status::kOk) return status;
  const StepOptions plain;
  return impl_->step(index, index + 1, &grad, &grad_dtype, nullptr, {nullptr, &group}, threads,
                     options == nullptr ? plain : *options, info);
} catch (...) {
  return Status::kOutOfMemory;
}

Status Plan::catch_up(std::size_t index, const RowGradient* rows, int threads) noexcept try {
  const FloatMode mode;
  return index < size() ? impl_->catch_up(index, rows, threads) : Status::kInvalidTensor;
} catch (...) {
  return Status::kOutOfMemory;
}

Status Plan::set_accumulator(std::size_t index, void* memory) noexcept try {
  if (index >= size()) return Status::kInvalidTensor;
  Item& item = impl_->items[index];
  const std::size_t element_bytes = size_of(item.compute_dtype());
  const Status status = check_array(memory, item.tensor.size, element_bytes);
  if (status != Status::kOk || item.accumulator != nullptr)
    return status == Status::kOk ? Status::kInvalidTensor : status;
  // Room for those that follow as well: who sets one for each in turn has all of them or none.
  make_room(impl_->written, impl_->items.size() - index);
  if (item.tensor.size > 0) {
    impl_->written.push_back(extent(memory, item.tensor.size * element_bytes));
    impl_->written_is_apart = false;
  }
  item.accumulator = memory;
  return Status::kOk;
} catch (...) {
  return Status::kOutOfMemory;
}

Status Plan::accumulate(const void* const* grads, int threads, const DType* grad_dtypes) noexcept try {
  if (size() == 0) return Status::kOk;
  const FloatMode mode;
  return grads == nullptr ? Status::kNullPointer : impl_->accumulate(grads, grad_dtypes, threads);
} catch (...) {
  return Status::kOutOfMemory;
}

void Plan::drop_accumulated() noexcept {
  if (!impl_) return;
  for (Item& item : impl_->items) item.accumulated = false;
}

}  // namespace adamas
