#include "engine/cautious.hpp"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <limits>

#include "engine/formats.hpp"

namespace adamas {
namespace {

constexpr double kLeastShare = 1e-3;

// Elements that are worked on at a time: few, so that arrays come from memory at an even pace.
constexpr std::size_t kStride = 256;
static_assert(kGranule % kStride == 0 && kStride % kBlock == 0);

// Of the elements that a piece has, in the widest type that is computed with.
template <std::size_t kElements>
struct Array {
  alignas(kCacheLine) char bytes[kElements * sizeof(double) + kCacheLine];
};

// One state of elements [begin, end) of an array of `size`, copied to `to` as the state of an array of its own.
void copy_state(const StateStorage& storage, const void* state, std::size_t size, std::size_t begin, std::size_t end,
                void* to) {
  const std::size_t n = end - begin;
  const void* const values = shifted(state, begin / kBlock * storage.block_bytes);
  if (!storage.has_scales()) {
    std::memcpy(to, values, n * storage.element_bytes);
    return;
  }
  const std::size_t blocks = StateStorage::blocks(n);
  std::memcpy(to, values, blocks * storage.block_bytes);
  std::memcpy(shifted(to, storage.scales_at(n)),
              shifted(state, storage.scales_at(size) + begin / kBlock * sizeof(float)), blocks * sizeof(float));
}

// The rule p <- p - step_size * b, b <- momentum * b + one_minus_dampening * g: with the first coefficients of a rule
// that follows its average, the change of a parameter of zeros is minus that average.
Rule average_rule() {
  static const Rule rule = [] {
    Rule found{};
    find_rule("sgd_momentum", &found);
    return found;
  }();
  return rule;
}
constexpr int kStepSize = 2;  // of its coefficients

}  // namespace

double mask_scale(double moving, std::size_t size) {
  if (size == 0) return 1.0;
  const double share = moving / static_cast<double>(size);
  return 1.0 / (share > kLeastShare ? share : kLeastShare);
}

CautiousUpdate::CautiousUpdate(const KernelTable& kernels, const Item& item, const Streams& streams,
                               const StepCoefficients& c, const GivenGradient& gradient)
    : kernels_(kernels),
      item_(item),
      parameter_(item.parameter),
      streams_(streams),
      gradient_(gradient),
      cautious_(item.is_wide() ? kernels.cautious64 : kernels.cautious32),
      c_(c),
      column_(find_column(item.compute_dtype(), item.compute_dtype(), item.parameter.state_format)),
      by_average_(false),
      compute_(item.compute_dtype()),
      coupled_(c.decay_mode == Decay::kCoupled),
      decay_(c.decay),
      scale_(c.mask_scale) {
  const RuleInfo& rule = rule_info(parameter_.rule);
  // Codes hold the quotient of the average and a root.
  by_average_ = rule.follows_average && !storage_of(parameter_.state_format, rule.states[0].kind).has_scales();
  c_.grad_scale = 1.0;
  c_.decay_mode = Decay::kDecoupled;
  c_.decay = 1.0;
}

UpdateKernel CautiousUpdate::kernel_of(Rule rule) const { return kernels_.update[static_cast<int>(rule)][column_]; }

void* CautiousUpdate::take_param(std::size_t begin, std::size_t end, void* scratch) const {
  if (parameter_.dtype == compute_) return shifted(parameter_.param, begin * size_of(compute_));
  if (size_of(parameter_.residue_kind) != 0) kernels_.settle(streams_, Companions{}, begin, end);
  void* const to[] = {const_cast<void*>(begin_of(scratch, begin * sizeof(float)))};
  Streams unpacked = streams_;
  unpacked.states = to;
  kernels_.start(unpacked, 0, begin, end);
  return scratch;
}

const void* CautiousUpdate::take_gradient(const void* param, std::size_t begin, std::size_t end, void* scratch) const {
  const GivenGradient& g = gradient_;
  const bool as_it_is = g.dtype == compute_ && g.sums == nullptr && g.scale == 1.0 &&
                        !(g.limit < std::numeric_limits<double>::infinity());
  if (as_it_is && !coupled_) return shifted(g.array, begin * size_of(compute_));
  gradient_kernels(kernels_, item_).prepare(g.dtype, g.array, g.sums, begin, end, g.scale, g.limit, scratch);
  if (coupled_) cautious_.couple(scratch, param, end - begin, decay_);
  return scratch;
}

void CautiousUpdate::count(std::size_t begin, std::size_t end, double* counts) const {
  Array<kStride> states[kMaxStates];
  Array<kStride> change;
  Array<kStride> gradient;
  Array<kStride> param;
  const RuleInfo& rule = rule_info(parameter_.rule);
  const UpdateKernel kernel = kernel_of(by_average_ ? average_rule() : parameter_.rule);
  const int state_count = by_average_ ? 1 : rule.state_count;
  StepCoefficients c = c_;
  if (by_average_) c.rule[kStepSize] = 1.0;
  StateStorage storage[kMaxStates];
  void* copies[kMaxStates] = {};
  for (int k = 0; k < state_count; ++k) {
    storage[k] = storage_of(parameter_.state_format, rule.states[k].kind);
    copies[k] = states[k].bytes;
  }
  Streams zeros{};
  zeros.param = change.bytes;
  zeros.states = copies;
  zeros.param_dtype = zeros.grad_dtype = compute_;
  std::memset(change.bytes, 0, sizeof change.bytes);
  for (std::size_t i = begin; i < end; i += kStride) {
    const std::size_t last = std::min(end, i + kStride);
    const std::size_t n = last - i;
    const void* const p = coupled_ ? take_param(i, last, param.bytes) : nullptr;
    const void* const g = take_gradient(p, i, last, gradient.bytes);
    for (int k = 0; k < state_count; ++k) {
      copy_state(storage[k], parameter_.states[k], parameter_.size, i, last, copies[k]);
    }
    zeros.grad = g;
    zeros.size = n;
    kernel(zeros, 0, n, c);
    const double moving = cautious_.count(change.bytes, g, n);
    double& total = counts[i / kGranule];
    total = i % kGranule == 0 ? moving : total + moving;
  }
}

void CautiousUpdate::update(std::size_t begin, std::size_t end) const {
  Array<kStride> zeros;
  Array<kStride> gradient;
  Array<kStride> param;
  const std::size_t bytes = size_of(compute_);
  // In its cache line as the parameter is, and so as states are: then no access of the kernel crosses one.
  const std::size_t place = reinterpret_cast<std::uintptr_t>(parameter_.param) % kCacheLine;
  char* const change = zeros.bytes + (parameter_.dtype == compute_ ? place : 0);
  std::memset(zeros.bytes, 0, sizeof zeros.bytes);
  Streams streams = streams_;
  streams.residue = nullptr;
  streams.residue_kind = Residue::kNone;
  streams.param_dtype = streams.grad_dtype = compute_;
  const UpdateKernel kernel = kernel_of(parameter_.rule);
  for (std::size_t i = begin; i < end; i += kStride) {
    const std::size_t last = std::min(end, i + kStride);
    const std::size_t n = last - i;
    void* const p = take_param(i, last, param.bytes);
    const void* const g = take_gradient(p, i, last, gradient.bytes);
    streams.param = const_cast<void*>(begin_of(change, i * bytes));
    streams.grad = begin_of(g, i * bytes);
    kernel(streams, i, last, c_);
    cautious_.move(p, change, g, n, coupled_ ? 1.0 : decay_, scale_);
    if (p == param.bytes) kernels_.store(streams_, reinterpret_cast<const float*>(param.bytes), i, last);
  }
}

}  // namespace adamas
