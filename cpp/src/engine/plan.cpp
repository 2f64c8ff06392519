// A step from outside in: check everything, compute coefficients, split the work, run it in one parallel region.
#include <adamas/plan.hpp>

#include <algorithm>
#include <limits>
#include <new>
#include <vector>

#include "engine/coefficients.hpp"
#include "engine/formats.hpp"
#include "engine/isa.hpp"
#include "engine/overlap.hpp"
#include "engine/share.hpp"
#include "engine/threads.hpp"

namespace adamas {
namespace {

// Entering and leaving a kernel costs about as much as moving this many bytes.
constexpr std::uint64_t kTensorOverheadBytes = 1024;

std::size_t byte_count(const Tensor& tensor) { return tensor.size * static_cast<std::size_t>(size_of(tensor.dtype)); }

// Memory that a step of one element moves: every array is read, and all but the gradient are written.
std::uint64_t bytes_per_element(const Tensor& tensor) {
  return static_cast<std::uint64_t>(size_of(tensor.dtype)) * (3 + 2 * rule_info(tensor.rule).state_count);
}

Status check_array(const void* array, const Tensor& tensor) {
  if (array == nullptr && tensor.size > 0) return Status::kNullPointer;
  const bool aligned = reinterpret_cast<std::uintptr_t>(array) % static_cast<unsigned>(size_of(tensor.dtype)) == 0;
  return aligned ? Status::kOk : Status::kMisaligned;
}

Status check_tensor(const Tensor& tensor) {
  const bool known = static_cast<int>(tensor.rule) < rule_count() && find_format(tensor.dtype) >= 0;
  if (!known || tensor.size > std::numeric_limits<std::size_t>::max() / 64) return Status::kInvalidTensor;
  Status status = check_array(tensor.param, tensor);
  for (int k = 0; k < rule_info(tensor.rule).state_count && status == Status::kOk; ++k) {
    status = check_array(tensor.states[k], tensor);
  }
  return status;
}

// A tensor as the plan keeps it.
struct Item {
  Tensor tensor;
  std::uint32_t kernel;        // index into KernelTable::update
  std::int64_t step_count;
  const void* apart;           // the gradient last found to lie apart from all written arrays and other gradients
  std::uint32_t coefficients;  // of the step under way: index into Impl::coefficients
  std::uint64_t work_end;      // of the step under way: bytes moved by all tensors up to and with this one
};


// One step under way: what the workers share.
struct Pass {
  const std::vector<Item>& items;
  const std::vector<Coefficients>& coefficients;
  const void* const* grads;
  const KernelTable* kernels;
};

struct Position {
  std::size_t item;
  std::size_t element;
};

// The place where `work` bytes of the pass are done, on a granule of an item.
Position locate(const std::vector<Item>& items, std::uint64_t work) {
  const auto found = std::upper_bound(items.begin(), items.end(), work,
                                      [](std::uint64_t value, const Item& item) { return value < item.work_end; });
  if (found == items.end()) return {items.size(), 0};
  const std::uint64_t before = found == items.begin() ? 0 : (found - 1)->work_end;
  const std::size_t element = static_cast<std::size_t>((work - before) / bytes_per_element(found->tensor));
  return {static_cast<std::size_t>(found - items.begin()),
          round_down_to_granule(std::min(element, found->tensor.size))};
}

void run_share(void* context, int worker, int workers) {
  const Pass& pass = *static_cast<const Pass*>(context);
  const std::uint64_t total = pass.items.back().work_end;
  const Position from = locate(pass.items, share_begin(total, worker, workers));
  const Position to = locate(pass.items, share_begin(total, worker + 1, workers));
  for (std::size_t i = from.item; i <= to.item && i < pass.items.size(); ++i) {
    if (pass.grads[i] == nullptr) continue;
    const Item& item = pass.items[i];
    const std::size_t begin = i == from.item ? from.element : 0;
    const std::size_t end = i == to.item ? to.element : item.tensor.size;
    if (begin >= end) continue;
    const Streams streams{item.tensor.param, pass.grads[i], item.tensor.states};
    pass.kernels->update[item.kernel](streams, begin, end, pass.coefficients[item.coefficients]);
  }
}

}  // namespace

struct Plan::Impl {
  std::vector<Item> items;
  std::size_t group_count = 0;
  std::vector<Extent> written;  // memory that steps write, of non-empty arrays
  bool written_is_apart = false;
  std::vector<Coefficients> coefficients;

  Status check_grads(const void* const* grads);
  Status check_overlap(const void* const* grads);
  std::uint64_t prepare(const void* const* grads, const Hyperparameters* groups);
};

// Finding overlaps takes sorting. Gradients mostly stay where they were in the step before, so look at that first.
Status Plan::Impl::check_grads(const void* const* grads) {
  bool known = written_is_apart;
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (grads[i] == nullptr || grads[i] == items[i].apart) continue;
    if (const Status status = check_array(grads[i], items[i].tensor); status != Status::kOk) return status;
    known = false;
  }
  return known ? Status::kOk : check_overlap(grads);
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
      read.push_back(extent(grads[i], byte_count(items[i].tensor)));
    }
  }
  if (sort_and_find_overlap(read) || overlap_between(read, written)) return Status::kOverlap;
  for (std::size_t i = 0; i < items.size(); ++i) items[i].apart = grads[i];
  return Status::kOk;
}

// Fills in coefficients and the running sum of work; returns the work in all.
std::uint64_t Plan::Impl::prepare(const void* const* grads, const Hyperparameters* groups) {
  coefficients.clear();
  std::uint64_t work = 0;
  const Item* previous = nullptr;
  for (std::size_t i = 0; i < items.size(); ++i) {
    Item& item = items[i];
    if (grads[i] != nullptr) {
      const bool same = previous != nullptr && previous->tensor.group == item.tensor.group &&
                        previous->tensor.rule == item.tensor.rule && previous->step_count == item.step_count;
      if (!same) {
        coefficients.emplace_back();
        compute_coefficients(item.tensor.rule, groups[item.tensor.group], item.step_count + 1, &coefficients.back());
      }
      item.coefficients = static_cast<std::uint32_t>(coefficients.size() - 1);
      previous = &item;
      work += item.tensor.size * bytes_per_element(item.tensor) + kTensorOverheadBytes;
    }
    item.work_end = work;
  }
  return work;
}

Plan::Plan() noexcept = default;
Plan::~Plan() = default;
Plan::Plan(Plan&&) noexcept = default;
Plan& Plan::operator=(Plan&&) noexcept = default;

Status Plan::add(const Tensor& tensor) noexcept try {
  if (const Status status = check_tensor(tensor); status != Status::kOk) return status;
  if (!impl_) impl_ = std::make_unique<Impl>();
  const int states = rule_info(tensor.rule).state_count;
  impl_->items.reserve(impl_->items.size() + 1);
  impl_->written.reserve(impl_->written.size() + 1 + static_cast<std::size_t>(states));
  impl_->coefficients.reserve(impl_->items.size() + 1);

  const int format = find_format(tensor.dtype);
  const auto kernel = static_cast<std::uint32_t>(static_cast<int>(tensor.rule) * kFormatCount + format);
  impl_->items.push_back({tensor, kernel, 0, nullptr, 0, 0});
  impl_->group_count = std::max<std::size_t>(impl_->group_count, tensor.group + std::size_t{1});
  if (tensor.size > 0) {
    impl_->written.push_back(extent(tensor.param, byte_count(tensor)));
    for (int k = 0; k < states; ++k) impl_->written.push_back(extent(tensor.states[k], byte_count(tensor)));
  }
  impl_->written_is_apart = false;
  return Status::kOk;
} catch (...) {
  return Status::kOutOfMemory;
}

std::size_t Plan::size() const noexcept { return impl_ ? impl_->items.size() : 0; }

std::int64_t Plan::step_count(std::size_t index) const noexcept { return impl_->items[index].step_count; }

void Plan::set_step_count(std::size_t index, std::int64_t count) noexcept { impl_->items[index].step_count = count; }

Status Plan::step(const void* const* grads, const Hyperparameters* groups, std::size_t group_count, int threads,
                  StepInfo* info) noexcept try {
  if (size() == 0) return Status::kOk;
  if (group_count < impl_->group_count) return Status::kInvalidTensor;
  for (std::size_t k = 0; k < group_count; ++k) {
    if (const Status status = check(groups[k]); status != Status::kOk) return status;
  }
  const KernelTable* kernels = nullptr;
  if (const Status status = active_kernels(&kernels); status != Status::kOk) return status;
  if (const Status status = impl_->check_grads(grads); status != Status::kOk) return status;
  const std::uint64_t work = impl_->prepare(grads, groups);
  int workers = 1;
  if (const Status status = choose_threads(work, threads, &workers); status != Status::kOk) return status;

  // From here on nothing can fail.
  Pass pass{impl_->items, impl_->coefficients, grads, kernels};
  run_workers(workers, run_share, &pass);
  std::size_t updated = 0;
  for (std::size_t i = 0; i < impl_->items.size(); ++i) {
    if (grads[i] == nullptr) continue;
    ++impl_->items[i].step_count;
    ++updated;
  }
  if (info != nullptr) *info = {updated, workers};
  return Status::kOk;
} catch (...) {
  return Status::kOutOfMemory;
}

}  // namespace adamas
