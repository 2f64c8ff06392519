#include "engine/cautious.hpp"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <limits>

#include "engine/fetch.hpp"
#include "engine/formats.hpp"
#include "engine/scratch.hpp"

namespace adamas {
namespace {

constexpr double kLeastShare = 1e-3;

// State `which` of elements [begin, end), copied to `to` as the state of an array of its own.
void copy_state(const StateStorage& storage, const Parameter& parameter, int which, std::size_t begin, std::size_t end,
                void* to) {
  const std::size_t n = end - begin;
  const void* const values = shifted(parameter.states[which], begin / kBlock * storage.block_bytes);
  if (!storage.has_scales()) {
    std::memcpy(to, values, n * storage.element_bytes);
    return;
  }
  const std::size_t blocks = StateStorage::blocks(n);
  std::memcpy(to, values, blocks * storage.block_bytes);
  const void* const scales = scales_of(parameter, which, storage);
  std::memcpy(shifted(to, storage.scales_at(n)), shifted(scales, begin / kBlock * sizeof(float)),
              blocks * sizeof(float));
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
                               const StepCoefficients& c, const GivenGradient& gradient, std::size_t begin)
    : kernels_(kernels),
      item_(item),
      parameter_(item.parameter),
      streams_(streams),
      gradient_(gradient),
      cautious_(cautious_kernels(kernels, item)),
      c_(c),
      column_(find_column(item.compute_dtype(), item.compute_dtype(), item.parameter.state_format)),
      by_average_(false),
      compute_(item.compute_dtype()),
      coupled_(c.decay_mode == Decay::kCoupled),
      decay_(c.decay),
      scale_(c.mask_scale),
      first_(begin) {
  const RuleInfo& rule = rule_info(parameter_.rule);
  // Codes hold the quotient of the average and a root.
  by_average_ = rule.follows_average && !storage_of(parameter_.state_format, rule.states[0].kind).has_scales();
  c_.grad_scale = 1.0;
  c_.decay_mode = Decay::kDecoupled;
  c_.decay = 1.0;
  places_.take(shifted(parameter_.param, begin * size_of(parameter_.dtype)));
  places_.take(shifted(gradient.array, begin * size_of(gradient.dtype)));
  for (int k = 0; k < rule.state_count; ++k) {
    const StateStorage storage = storage_of(parameter_.state_format, rule.states[k].kind);
    places_.take(shifted(parameter_.states[k], begin / kBlock * storage.block_bytes));
  }
  // In its cache line as the parameter is, and so as states are: then no access of the kernel crosses one.
  const std::size_t in_line = reinterpret_cast<std::uintptr_t>(parameter_.param) % kCacheLine;
  change_.begin_at(places_.take_free(parameter_.dtype == compute_ ? in_line : 0));
}

void* CautiousUpdate::zeros_for(std::size_t element, std::size_t count) {
  const std::size_t bytes = size_of(compute_);
  return std::memset(change_.at((element - first_) * bytes), 0, count * bytes);
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
  const bool as_it_is = g.dtype == compute_ && g.sums.count == 0 && g.scale == 1.0 &&
                        !(g.limit < std::numeric_limits<double>::infinity());
  if (as_it_is && !coupled_) return shifted(g.array, begin * size_of(compute_));
  gradient_kernels(kernels_, item_).prepare(g.dtype, g.array, g.sums, begin, end, g.scale, g.limit, scratch);
  if (coupled_) cautious_.couple(scratch, param, end - begin, decay_);
  return scratch;
}

void CautiousUpdate::count(std::size_t begin, std::size_t end, double* counts) {
  const RuleInfo& rule = rule_info(parameter_.rule);
  const UpdateKernel kernel = kernel_of(by_average_ ? average_rule() : parameter_.rule);
  const int state_count = by_average_ ? 1 : rule.state_count;
  StepCoefficients c = c_;
  if (by_average_) c.rule[kStepSize] = 1.0;
  const std::size_t gradient_bytes = size_of(gradient_.dtype);
  StateStorage storage[kMaxStates];
  Scratch states[kMaxStates];
  alignas(kCacheLine) char gradient[kStride * sizeof(double)];
  alignas(kCacheLine) char param[kStride * sizeof(double)];
  for (int k = 0; k < state_count; ++k) {
    storage[k] = storage_of(parameter_.state_format, rule.states[k].kind);
    states[k].begin_at(places_.take_free(0));
  }
  void* copies[kMaxStates] = {};
  Streams zeros{};
  zeros.states = copies;
  zeros.param_dtype = zeros.grad_dtype = compute_;
  for (std::size_t i = begin; i < end; i += kStride) {
    const std::size_t last = std::min(end, i + kStride);
    const std::size_t n = last - i;
    const void* const p = coupled_ ? take_param(i, last, param) : nullptr;
    const void* const g = take_gradient(p, i, last, gradient);
    for (int k = 0; k < state_count; ++k) {
      const std::size_t stride_bytes = kStride / kBlock * storage[k].block_bytes;
      copies[k] = states[k].at((i - first_) / kStride * stride_bytes);
      copy_state(storage[k], parameter_, k, i, last, copies[k]);
      fetch(shifted(parameter_.states[k], (i / kStride + 1) * stride_bytes), stride_bytes);
    }
    fetch(shifted(gradient_.array, (i + kStride) * gradient_bytes), kStride * gradient_bytes);
    zeros.param = zeros_for(i, n);
    zeros.grad = g;
    zeros.size = n;
    kernel(zeros, 0, n, c);
    const double moving = cautious_.count(zeros.param, g, n);
    double& total = counts[i / kGranule];
    total = i % kGranule == 0 ? moving : total + moving;
  }
}

void CautiousUpdate::update(std::size_t begin, std::size_t end) {
  const UpdateKernel kernel = kernel_of(parameter_.rule);
  const std::size_t bytes = size_of(compute_);
  alignas(kCacheLine) char gradient[kStride * sizeof(double)];
  alignas(kCacheLine) char param[kStride * sizeof(double)];
  Streams streams = streams_;
  streams.residue = nullptr;
  streams.residue_kind = Residue::kNone;
  streams.param_dtype = streams.grad_dtype = compute_;
  for (std::size_t i = begin; i < end; i += kStride) {
    const std::size_t last = std::min(end, i + kStride);
    const std::size_t n = last - i;
    void* const p = take_param(i, last, param);
    const void* const g = take_gradient(p, i, last, gradient);
    void* const change = zeros_for(i, n);
    streams.param = const_cast<void*>(begin_of(change, i * bytes));
    streams.grad = begin_of(g, i * bytes);
    kernel(streams, i, last, c_);
    cautious_.move(p, change, g, n, coupled_ ? 1.0 : decay_, scale_);
    if (p == param) kernels_.store(streams_, reinterpret_cast<const float*>(param), i, last);
  }
}

}  // namespace adamas
