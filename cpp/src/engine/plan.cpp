// A step from outside in: check everything, compute coefficients, split the work, run it in one parallel region.
#include <adamas/plan.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <new>
#include <vector>

#include "engine/coefficients.hpp"
#include "engine/gradient_norm.hpp"
#include "engine/isa.hpp"
#include "engine/overlap.hpp"
#include "engine/pass.hpp"

namespace adamas {
namespace {

StateStorage storage(const Tensor& tensor, int k) {
  return storage_of(tensor.state_format, rule_info(tensor.rule).states[k].kind);
}

Status check_array(const void* array, std::size_t size, std::size_t element_bytes) {
  if (size == 0 || element_bytes == 0) return Status::kOk;  // nobody looks at it
  if (array == nullptr) return Status::kNullPointer;
  return reinterpret_cast<std::uintptr_t>(array) % element_bytes == 0 ? Status::kOk : Status::kMisaligned;
}

// Calls visit(address, bytes, alignment) for every array of the tensor that a step writes, until one call fails.
template <class Visit>
Status for_each_written(const Tensor& tensor, Visit visit) {
  const std::size_t size = tensor.size;
  const std::size_t param_bytes = size_of(tensor.dtype);
  if (const Status status = visit(tensor.param, size * param_bytes, param_bytes); status != Status::kOk) return status;
  const std::size_t residue_bytes = size_of(tensor.residue_kind);
  if (residue_bytes != 0) {
    const Status status = visit(tensor.residue, size * residue_bytes, residue_bytes);
    if (status != Status::kOk) return status;
  }
  for (int k = 0; k < rule_info(tensor.rule).state_count; ++k) {
    const StateStorage kept = storage(tensor, k);
    const Status status = visit(tensor.states[k], kept.bytes(size), kept.alignment);
    if (status != Status::kOk) return status;
  }
  return Status::kOk;
}

Status check_tensor(const Tensor& tensor) {
  const bool known = static_cast<int>(tensor.rule) < rule_count() && static_cast<int>(tensor.dtype) < kDTypeCount &&
                     tensor.state_format <= StateFormat::kInt4 && tensor.residue_kind <= Residue::kSplit24 &&
                     formats_fit(tensor.dtype, tensor.state_format, tensor.residue_kind);
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

constexpr double kInfinite = std::numeric_limits<double>::infinity();

bool same_scalars(const Item& a, const Item& b) { return std::equal(a.scalars, a.scalars + kMaxScalars, b.scalars); }

}  // namespace

struct Plan::Impl {
  std::vector<Item> items;
  std::size_t group_count = 0;
  std::vector<Extent> written;  // memory that steps write, of non-empty arrays
  bool written_is_apart = false;

  // Of the step under way.
  std::vector<std::uint64_t> work_end;
  std::vector<Coefficients> coefficients;
  std::vector<std::array<double, kMaxScalars>> next_scalars;
  std::vector<SquareSums> sums;
  std::size_t granules = 0;  // of all gradients
  std::vector<double> gradient_sums;

  Status prepare(const void* const* grads, const DType* grad_dtypes, const Hyperparameters* groups);
  Status check_overlap(const void* const* grads);
  Status measure_gradients(Pass pass, const GradientOptions& options, int threads, StepInfo* info, double* factor);
  Status update(Pass pass, int threads, StepInfo* info);
  void finish_coefficients(const void* const* grads);
};

// Checks the gradients, computes coefficients once for each run of tensors that agree in them, and sums up the work.
Status Plan::Impl::prepare(const void* const* grads, const DType* grad_dtypes, const Hyperparameters* groups) {
  coefficients.clear();
  next_scalars.clear();
  std::size_t sum_count = 0;
  granules = 0;
  std::uint64_t work = 0;
  const Item* previous = nullptr;
  // Finding overlaps takes sorting; gradients mostly stay where they were, and then there is nothing to find.
  bool known_to_be_apart = written_is_apart;
  for (std::size_t i = 0; i < items.size(); ++i) {
    Item& item = items[i];
    if (grads[i] != nullptr) {
      const DType dtype = grad_dtypes == nullptr ? item.tensor.dtype : grad_dtypes[i];
      if (grads[i] != item.apart || dtype != item.grad_dtype) {
        if (static_cast<int>(dtype) >= kDTypeCount) return Status::kInvalidTensor;
        const Status status = check_array(grads[i], item.tensor.size, size_of(dtype));
        if (status != Status::kOk) return status;
        item.grad_dtype = dtype;
        known_to_be_apart = false;
      }
      const bool norms = needs_norms(item.tensor.rule);  // then the coefficients become those of this tensor alone
      const bool same = previous != nullptr && !norms && previous->tensor.group == item.tensor.group &&
                        previous->tensor.rule == item.tensor.rule && previous->step_count == item.step_count &&
                        same_scalars(*previous, item);
      if (!same) {
        coefficients.emplace_back();
        next_scalars.emplace_back();
        std::copy_n(item.scalars, kMaxScalars, next_scalars.back().data());
        const Status status = compute_coefficients(item.tensor.rule, groups[item.tensor.group], item.step_count + 1,
                                                   next_scalars.back().data(), &coefficients.back());
        if (status != Status::kOk) return status;
      }
      item.coefficients = static_cast<std::uint32_t>(coefficients.size() - 1);
      if (norms) {
        item.first_sum = sum_count;
        sum_count += (item.tensor.size + kGranule - 1) / kGranule;
      }
      previous = &item;
      item.first_granule = granules;
      granules += (item.tensor.size + kGranule - 1) / kGranule;
      work += work_of(item.tensor);
    }
    work_end[i] = work;
  }
  sums.resize(sum_count);
  return known_to_be_apart ? Status::kOk : check_overlap(grads);
}

Status Plan::Impl::check_overlap(const void* const* grads) {
  if (!written_is_apart) {
    if (sort_and_find_overlap(written)) return Status::kOverlap;
    written_is_apart = true;
  }
  std::vector<Extent> read;
  read.reserve(items.size());
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (grads[i] != nullptr && items[i].tensor.size > 0) {
      read.push_back(extent(grads[i], items[i].tensor.size * size_of(items[i].grad_dtype)));
    }
  }
  if (sort_and_find_overlap(read) || overlap_between(read, written)) return Status::kOverlap;
  for (std::size_t i = 0; i < items.size(); ++i) items[i].apart = grads[i];
  return Status::kOk;
}

// After the pass that took norms.
void Plan::Impl::finish_coefficients(const void* const* grads) {
  for (std::size_t i = 0; i < items.size(); ++i) {
    const Item& item = items[i];
    if (grads[i] == nullptr || !needs_norms(item.tensor.rule)) continue;
    SquareSums total{0.0, 0.0};
    for (std::size_t k = 0; k * kGranule < item.tensor.size; ++k) {
      total.param += sums[item.first_sum + k].param;
      total.direction += sums[item.first_sum + k].direction;
    }
    adamas::finish_coefficients(item.tensor.rule, total.param, total.direction, &coefficients[item.coefficients]);
  }
}

Plan::Plan() noexcept = default;
Plan::~Plan() = default;
Plan::Plan(Plan&&) noexcept = default;
Plan& Plan::operator=(Plan&&) noexcept = default;

Status Plan::add(const Tensor& tensor) noexcept try {
  if (const Status status = check_tensor(tensor); status != Status::kOk) return status;
  if (!impl_) impl_ = std::make_unique<Impl>();
  make_room(impl_->items, 1);
  make_room(impl_->work_end, 1);
  make_room(impl_->written, 2 + kMaxStates);

  Item item{};
  item.tensor = tensor;
  item.grad_dtype = tensor.dtype;
  for (int k = 0; k < rule_info(tensor.rule).scalar_count; ++k) {
    item.scalars[k] = rule_info(tensor.rule).scalars[k].initial;
  }
  impl_->items.push_back(item);
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
  if (index >= size() || count < 0) return Status::kInvalidTensor;
  impl_->items[index].step_count = count;
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

// Takes the norm, decides on it, and returns the factor for all gradients.
Status Plan::Impl::measure_gradients(Pass pass, const GradientOptions& options, int threads, StepInfo* info,
                                     double* factor) {
  *factor = 1.0 / options.grad_scale;
  if (!options.skip_nonfinite && !(options.max_norm < kInfinite)) return Status::kOk;
  gradient_sums.resize(granules);
  pass.phase = Phase::kGradients;
  pass.grad_scale = *factor;
  pass.gradient_sums = gradient_sums.data();
  if (const Status status = run_pass(pass, threads, &info->threads); status != Status::kOk) return status;
  const GradientNorm found = gradient_norm(pass);
  info->has_norm = true;
  info->grad_norm = found.norm;
  info->nonfinite = found.nonfinite;
  info->skipped = options.skip_nonfinite && found.nonfinite != kNoTensor;
  if (options.max_norm < kInfinite) {
    const double coefficient = options.max_norm / (found.norm + 1e-6);
    info->clip_coefficient = coefficient > 1.0 ? 1.0 : coefficient;  // NaN stays
    *factor *= info->clip_coefficient;
  }
  return Status::kOk;
}

Status Plan::step(const void* const* grads, const Hyperparameters* groups, std::size_t group_count, int threads,
                  StepInfo* info, const DType* grad_dtypes, const GradientOptions* options) noexcept try {
  const GradientOptions plain;
  if (options == nullptr) options = &plain;
  if (size() == 0) return Status::kOk;
  if (grads == nullptr || (groups == nullptr && group_count > 0)) return Status::kNullPointer;
  if (group_count < impl_->group_count) return Status::kInvalidTensor;
  const double inverse = 1.0 / options->grad_scale;
  const bool valid = inverse > 0.0 && inverse < kInfinite && options->max_norm > 0.0;
  if (!valid) return Status::kInvalidHyperparameter;
  for (std::size_t k = 0; k < group_count; ++k) {
    if (const Status status = check(groups[k]); status != Status::kOk) return status;
  }
  const KernelTable* kernels = nullptr;
  if (const Status status = active_kernels(&kernels); status != Status::kOk) return status;
  if (const Status status = impl_->prepare(grads, grad_dtypes, groups); status != Status::kOk) return status;
  Pass pass{Phase::kUpdate, impl_->items, impl_->work_end, grads, kernels, 1.0, nullptr, impl_->coefficients, nullptr};
  StepInfo done;
  double factor = 1.0;
  Status status = impl_->measure_gradients(pass, *options, threads, &done, &factor);
  if (status == Status::kOk && !done.skipped) {
    for (Coefficients& c : impl_->coefficients) c.grad_scale *= factor;
    status = impl_->update(pass, threads, &done);
  }
  if (status == Status::kOk && info != nullptr) *info = done;
  return status;
} catch (...) {
  return Status::kOutOfMemory;
}

Status Plan::Impl::update(Pass pass, int threads, StepInfo* info) {
  if (!sums.empty()) {
    pass.phase = Phase::kNorms;
    pass.sums = sums.data();
    if (const Status status = run_pass(pass, threads, &info->threads); status != Status::kOk) return status;
    finish_coefficients(pass.grads);
    pass.phase = Phase::kUpdate;
  }
  if (const Status status = run_pass(pass, threads, &info->threads); status != Status::kOk) return status;
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (pass.grads[i] == nullptr) continue;
    Item& item = items[i];
    ++item.step_count;
    std::copy_n(next_scalars[item.coefficients].data(), kMaxScalars, item.scalars);
    ++info->updated;
  }
  return Status::kOk;
}

}  // namespace adamas
