#include "engine/pass.hpp"

#include <algorithm>

#include "engine/coefficients.hpp"
#include "engine/formats.hpp"
#include "engine/schedule.hpp"

namespace adamas {
namespace {

// Entering and leaving a kernel costs about as much as moving this many bytes.
constexpr std::uint64_t kTensorOverheadBytes = 1024;

// Memory that a step of one element moves: every array is read, and all but the gradient are written.
std::uint64_t bytes_per_element(const Tensor& tensor) {
  std::size_t bytes = 3 * size_of(tensor.dtype) + 2 * size_of(tensor.residue_kind);
  const RuleInfo& rule = rule_info(tensor.rule);
  for (int k = 0; k < rule.state_count; ++k) {
    bytes += 2 * storage_of(tensor.state_format, rule.states[k].kind).block_bytes / kBlock;
  }
  return bytes;
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

// The part of a pass that concerns elements [begin, end) of one item; begin is on a granule.
void run_item(const Pass& pass, std::size_t i, std::size_t begin, std::size_t end) {
  const Item& item = pass.items[i];
  const Tensor& tensor = item.tensor;
  const KernelTable& kernels = *pass.kernels;
  Streams streams{tensor.param,    pass.grads[i],       tensor.states,
                  tensor.residue,  tensor.size,         tensor.dtype,
                  item.grad_dtype, tensor.residue_kind, {}};
  const bool convert = is_wide(tensor) && item.grad_dtype != DType::kFloat64;
  if (pass.phase == Phase::kGradients) {
    const GradientKernel squares = is_wide(tensor) ? kernels.squares64 : kernels.squares32;
    double* sums = pass.gradient_sums + item.first_granule;
    if (!convert) return squares(item.grad_dtype, streams.grad, begin, end, pass.grad_scale, sums);
    return in_wide_pieces(pass, streams, begin, end, [&](const Streams& piece, std::size_t at, std::size_t size) {
      squares(DType::kFloat64, piece.grad, 0, size, pass.grad_scale, sums + at / kGranule);
    });
  }
  const Coefficients& c = pass.coefficients[item.coefficients];
  const int column = find_column(tensor.dtype, item.grad_dtype, tensor.state_format);
  if (pass.phase == Phase::kUpdate) {
    const UpdateKernel update = kernels.update[static_cast<int>(tensor.rule)][column];
    streams.key = random_key(tensor, c.seed, c.step, i);
    if (!convert) return update(streams, begin, end, c);
    return in_wide_pieces(pass, streams, begin, end,
                          [&](const Streams& piece, std::size_t, std::size_t size) { update(piece, 0, size, c); });
  }
  if (!needs_norms(tensor.rule)) return;
  const NormKernel norm = kernels.norm[static_cast<int>(tensor.rule)][column];
  SquareSums* sums = pass.sums + item.first_sum;
  if (!convert) return norm(streams, begin, end, c, sums);
  in_wide_pieces(pass, streams, begin, end, [&](const Streams& piece, std::size_t at, std::size_t size) {
    norm(piece, 0, size, c, sums + at / kGranule);
  });
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

std::uint64_t work_of(const Tensor& tensor) { return tensor.size * bytes_per_element(tensor) + kTensorOverheadBytes; }

Status run_pass(const Pass& pass, int threads, int* used) {
  return run_slices(pass.work_end.back(), threads, run_slice, const_cast<Pass*>(&pass), used);
}

}  // namespace adamas
