// A step from outside in: check everything, compute coefficients, split the work, run it in one parallel region.
#include <adamas/plan.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <new>
#include <vector>

#include "engine/coefficients.hpp"
#include "engine/formats.hpp"
#include "engine/isa.hpp"
#include "engine/overlap.hpp"
#include "engine/schedule.hpp"

namespace adamas {
namespace {

// Entering and leaving a kernel costs about as much as moving this many bytes.
constexpr std::uint64_t kTensorOverheadBytes = 1024;

StateStorage storage(const Tensor& tensor, int k) {
  return storage_of(tensor.state_format, rule_info(tensor.rule).states[k].kind);
}

// Memory that a step of one element moves: every array is read, and all but the gradient are written.
std::uint64_t bytes_per_element(const Tensor& tensor) {
  std::size_t bytes = 3 * size_of(tensor.dtype) + 2 * size_of(tensor.residue_kind);
  for (int k = 0; k < rule_info(tensor.rule).state_count; ++k) bytes += 2 * storage(tensor, k).block_bytes / kBlock;
  return bytes;
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

// Mixes 64 bits thoroughly (the finalizer of splitmix64).
std::uint64_t mix(std::uint64_t x) {
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
  return x ^ (x >> 31);
}

// Of one parameter in one step; steps that do not round at random need none.
RandomKey random_key(const Tensor& tensor, std::uint64_t seed, std::int64_t step, std::size_t parameter) {
  if (tensor.residue_kind != Residue::kStochastic) return {};
  constexpr std::uint64_t kGolden = 0x9e3779b97f4a7c15u;
  const std::uint64_t key = mix(mix(mix(seed + kGolden) + static_cast<std::uint64_t>(step)) + parameter);
  return {static_cast<std::uint32_t>(key), static_cast<std::uint32_t>(key >> 32)};
}

// After this, so many push_back() cannot fail. Grows in proportion, unlike a bare reserve().
template <class T>
void make_room(std::vector<T>& items, std::size_t more) {
  if (items.capacity() - items.size() < more) items.reserve(2 * items.size() + more);
}

// A tensor as the plan keeps it.
struct Item {
  Tensor tensor;
  std::int64_t step_count;
  const void* apart;            // the gradient last found to lie apart from all written arrays and other gradients
  DType grad_dtype;             // of that gradient; once it has been checked, of the one of the step under way
  double scalars[kMaxScalars];  // the rule's own numbers
  // Of the step under way.
  std::uint32_t coefficients;  // index into Impl::coefficients and Impl::next_scalars
  std::size_t first_sum;       // of a rule that needs norms: index into Impl::sums
};

bool same_scalars(const Item& a, const Item& b) { return std::equal(a.scalars, a.scalars + kMaxScalars, b.scalars); }

// One step under way: what its slices share. The work done before and with item i is work_end[i] bytes.
struct Pass {
  const std::vector<Item>& items;
  const std::vector<std::uint64_t>& work_end;
  const std::vector<Coefficients>& coefficients;
  const void* const* grads;
  const KernelTable* kernels;
  SquareSums* sums;  // of the pass before the update, in which only rules that need norms take part; else null
};

// A float64 parameter with a gradient of another type: converts that granule by granule, and calls
// work(streams of the granule, its first element, its size).
template <class Work>
void in_wide_pieces(const Pass& pass, const Streams& streams, std::size_t begin, std::size_t end, Work work) {
  double gradients[kGranule];
  void* states[kMaxStates];
  Streams piece = streams;
  piece.grad = gradients;
  piece.states = states;
  for (std::size_t i = begin; i < end; i += kGranule) {
    const std::size_t last = std::min(end, i + kGranule);
    pass.kernels->widen(streams.grad_dtype, streams.grad, i, last, gradients);
    piece.param = static_cast<double*>(streams.param) + i;
    for (int k = 0; k < kMaxStates; ++k) {
      states[k] = streams.states[k] == nullptr ? nullptr : static_cast<double*>(streams.states[k]) + i;
    }
    work(piece, i, last - i);
  }
}

void run_item(const Pass& pass, std::size_t i, std::size_t begin, std::size_t end) {
  const Item& item = pass.items[i];
  const Tensor& tensor = item.tensor;
  const Coefficients& c = pass.coefficients[item.coefficients];
  const RandomKey key = random_key(tensor, c.seed, c.step, i);
  const Streams streams{tensor.param,    pass.grads[i],       tensor.states,
                        tensor.residue,  tensor.size,         tensor.dtype,
                        item.grad_dtype, tensor.residue_kind, key};
  const int column = find_column(tensor.dtype, item.grad_dtype, tensor.state_format);
  const bool wide = tensor.dtype == DType::kFloat64 && item.grad_dtype != DType::kFloat64;
  if (pass.sums == nullptr) {
    const UpdateKernel update = pass.kernels->update[static_cast<int>(tensor.rule)][column];
    if (!wide) return update(streams, begin, end, c);
    in_wide_pieces(pass, streams, begin, end,
                   [&](const Streams& piece, std::size_t, std::size_t size) { update(piece, 0, size, c); });
  } else if (needs_norms(tensor.rule)) {
    const NormKernel norm = pass.kernels->norm[static_cast<int>(tensor.rule)][column];
    SquareSums* sums = pass.sums + item.first_sum;
    if (!wide) return norm(streams, begin, end, c, sums);
    in_wide_pieces(pass, streams, begin, end, [&](const Streams& piece, std::size_t at, std::size_t size) {
      norm(piece, 0, size, c, sums + at / kGranule);
    });
  }
}

// The element of item `i`, on a granule, at which `work` bytes of the pass are done: the end of one slice and the
// beginning of the next.
std::size_t element_at(const Pass& pass, std::size_t i, std::uint64_t work) {
  const Tensor& tensor = pass.items[i].tensor;
  const std::uint64_t before = i == 0 ? 0 : pass.work_end[i - 1];
  if (work <= before) return 0;
  if (work >= pass.work_end[i]) return tensor.size;
  const std::uint64_t element = (work - before) / bytes_per_element(tensor);
  // Within the overhead at the end of an item, `element` lies past its last one.
  return std::min(tensor.size, round_down_to_granule(static_cast<std::size_t>(element)));
}

void run_slice(void* context, std::uint64_t slice, std::uint64_t slices) {
  const Pass& pass = *static_cast<const Pass*>(context);
  const std::uint64_t total = pass.work_end.back();
  const std::uint64_t from = slice_begin(total, slice, slices);
  const std::uint64_t to = slice_begin(total, slice + 1, slices);
  const auto first = std::upper_bound(pass.work_end.begin(), pass.work_end.end(), from);
  for (auto i = static_cast<std::size_t>(first - pass.work_end.begin()); i < pass.items.size(); ++i) {
    if (pass.grads[i] != nullptr) {
      const std::size_t begin = element_at(pass, i, from);
      const std::size_t end = element_at(pass, i, to);
      if (begin < end) run_item(pass, i, begin, end);
    }
    if (pass.work_end[i] >= to) break;
  }
}

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

  Status prepare(const void* const* grads, const DType* grad_dtypes, const Hyperparameters* groups);
  Status check_overlap(const void* const* grads);
  void finish_coefficients(const void* const* grads);
};

// Checks the gradients, computes coefficients once for each run of tensors that agree in them, and sums up the work.
Status Plan::Impl::prepare(const void* const* grads, const DType* grad_dtypes, const Hyperparameters* groups) {
  coefficients.clear();
  next_scalars.clear();
  std::size_t sum_count = 0;
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
      work += item.tensor.size * bytes_per_element(item.tensor) + kTensorOverheadBytes;
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

Status Plan::step(const void* const* grads, const Hyperparameters* groups, std::size_t group_count, int threads,
                  StepInfo* info, const DType* grad_dtypes) noexcept try {
  if (size() == 0) return Status::kOk;
  if (grads == nullptr || (groups == nullptr && group_count > 0)) return Status::kNullPointer;
  if (group_count < impl_->group_count) return Status::kInvalidTensor;
  for (std::size_t k = 0; k < group_count; ++k) {
    if (const Status status = check(groups[k]); status != Status::kOk) return status;
  }
  const KernelTable* kernels = nullptr;
  if (const Status status = active_kernels(&kernels); status != Status::kOk) return status;
  if (const Status status = impl_->prepare(grads, grad_dtypes, groups); status != Status::kOk) return status;
  Pass pass{impl_->items, impl_->work_end, impl_->coefficients, grads, kernels, nullptr};
  const std::uint64_t bytes = impl_->work_end.back();
  int used = 1;
  if (!impl_->sums.empty()) {
    pass.sums = impl_->sums.data();
    if (const Status status = run_slices(bytes, threads, run_slice, &pass, &used); status != Status::kOk) return status;
    impl_->finish_coefficients(grads);
    pass.sums = nullptr;
  }
  if (const Status status = run_slices(bytes, threads, run_slice, &pass, &used); status != Status::kOk) return status;
  std::size_t updated = 0;
  for (std::size_t i = 0; i < impl_->items.size(); ++i) {
    if (grads[i] == nullptr) continue;
    Item& item = impl_->items[i];
    ++item.step_count;
    std::copy_n(impl_->next_scalars[item.coefficients].data(), kMaxScalars, item.scalars);
    ++updated;
  }
  if (info != nullptr) *info = {updated, used};
  return Status::kOk;
} catch (...) {
  return Status::kOutOfMemory;
}

}  // namespace adamas
