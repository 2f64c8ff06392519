#include "engine/observe.hpp"

#include <algorithm>
#include <cstdint>
#include <cstring>

#include "engine/coefficients.hpp"
#include "engine/scratch.hpp"

namespace adamas {
namespace {

// The first state of a kind, or -1.
int find_state(const Parameter& parameter, StateKind kind) {
  const RuleInfo& rule = rule_info(parameter.rule);
  for (int k = 0; k < rule.state_count; ++k) {
    if (rule.states[k].kind == kind) return k;
  }
  return -1;
}

}  // namespace

Observer::Observer(const Pass& pass, const Item& item)
    : pass_(pass),
      item_(item),
      parameter_(item.parameter),
      moment_(find_state(item.parameter, StateKind::kSigned)),
      second_(find_state(item.parameter, StateKind::kSquare)) {}

bool Observer::is_rounded() const {
  return parameter_.state_format != StateFormat::kFloat32 && parameter_.state_format != StateFormat::kFloat64;
}

PackedState Observer::packed(int which) const {
  const RuleInfo& rule = rule_info(parameter_.rule);
  const StateStorage storage = storage_of(parameter_.state_format, rule.states[which].kind);
  void* const scales = storage.has_scales() ? scales_of(parameter_, which, storage) : nullptr;
  return {parameter_.states[which], static_cast<float*>(scales), storage.block_bytes, rule.states[which].kind};
}

// The parameter as it is computed with: where it is, or unpacked to `memory`; element i at index i.
const void* Observer::param_at(const Streams& streams, std::size_t begin, std::size_t end, void* memory) const {
  if (item_.is_wide() || parameter_.dtype == DType::kFloat32) return streams.param;
  if (parameter_.residue_kind == Residue::kMaster) return streams.residue;
  void* const to = const_cast<void*>(begin_of(memory, begin * sizeof(float)));
  Streams unpacked = streams;
  unpacked.states = &to;
  pass_.kernels->start(unpacked, 0, begin, end);
  return to;
}

// A state in the compute type, its first element at `to`.
void Observer::unpack(int which, std::size_t begin, std::size_t end, void* to) const {
  const PackedState state = packed(which);
  if (!is_rounded()) {
    const std::size_t bytes = size_of(item_.compute_dtype());
    std::memcpy(to, shifted(state.values, begin * bytes), (end - begin) * bytes);
    return;
  }
  const RuleInfo& rule = rule_info(parameter_.rule);
  PackedState divisor{};
  for (int k = 0; rule.states[which].divisor != nullptr && k < rule.state_count; ++k) {
    if (std::strcmp(rule.states[which].divisor, rule.states[k].name) == 0) divisor = packed(k);
  }
  pass_.kernels->unpack_state(parameter_.state_format, state, divisor, begin, end, static_cast<float*>(to));
}

void Observer::before(const Streams& streams, std::size_t begin, std::size_t end) {
  const std::size_t bytes = size_of(item_.compute_dtype());
  const void* const param = param_at(streams, begin, end, before_);
  if (param != begin_of(before_, begin * bytes)) {
    std::memcpy(before_, shifted(param, begin * bytes), (end - begin) * bytes);
  }
  if (moment_ >= 0) unpack(moment_, begin, end, moment_before_);
  if (second_ >= 0 && is_rounded() && !packed(second_).scales) unpack(second_, begin, end, second_before_);
}

ObservedPiece Observer::numbers() const {
  ObservedPiece piece{};
  piece.grad_scale = 1.0 / pass_.options->grad_scale;
  piece.clip_scale = item_.factor;
  piece.limit = pass_.options->max_value;
  piece.floor = second_ < 0 ? -1.0 : square_floor(parameter_.rule, pass_.coefficients[item_.coefficients]);
  return piece;
}

ObservedPiece Observer::how(const Streams& streams, std::size_t begin) const {
  ObservedPiece piece = numbers();
  Places places;
  const std::size_t bytes = size_of(item_.compute_dtype());
  for (const void* array : {static_cast<const void*>(streams.param), streams.grad}) {
    places.take(shifted(array, begin * bytes));
  }
  for (int k = 0; k < rule_info(parameter_.rule).state_count; ++k) {
    places.take(shifted(streams.states[k], begin * bytes));
  }
  const std::size_t in_line = reinterpret_cast<std::uintptr_t>(streams.param) % kCacheLine;
  for (std::size_t& place : piece.places) place = places.take_free(in_line) - begin * bytes;
  return piece;
}

void Observer::after(const Streams& streams, const void* gradient, std::size_t begin, std::size_t end) {
  const std::size_t bytes = size_of(item_.compute_dtype());
  const auto placed = [&](const void* memory) { return begin_of(memory, begin * bytes); };
  ObservedPiece piece = numbers();
  piece.grad = gradient;
  piece.before = placed(before_);
  piece.after = param_at(streams, begin, end, after_);
  if (moment_ >= 0) piece.moment = placed(moment_before_);
  if (second_ >= 0) {
    const PackedState second = packed(second_);
    if (second.scales != nullptr) {
      pass_.kernels->least_of_codes(parameter_.state_format, second, begin, end,
                                    reinterpret_cast<float*>(second_before_));
    }
    if (is_rounded()) unpack(second_, begin, end, second_after_);
    piece.second_before = is_rounded() ? placed(second_before_) : nullptr;
    piece.second_after = is_rounded() ? placed(second_after_) : second.values;
  }
  fetch(streams, piece);
  const ObserveKernel kernel = item_.is_wide() ? pass_.kernels->observe64 : pass_.kernels->observe32;
  kernel(piece, begin, end, pass_.observed + item_.first_granule);
}

// While a piece is measured, nothing would come from memory; so the next one does, as far as there are places for it:
// the arrays of Adam. What is left over is the first piece once more, which is there.
void Observer::fetch(const Streams& streams, ObservedPiece& piece) const {
  int count = 0;
  const auto add = [&](const void* array, std::size_t block_bytes) {
    if (block_bytes == 0 || count == ObservedPiece::kMostFetched) return;
    const std::uintptr_t next = reinterpret_cast<std::uintptr_t>(array) + kObservedPiece / kBlock * block_bytes;
    piece.fetched[count++] = {next, 16 * block_bytes / kBlock};
  };
  for (ObservedPiece::Fetched& none : piece.fetched) none = {reinterpret_cast<std::uintptr_t>(piece.grad), 0};
  add(streams.param, kBlock * size_of(parameter_.dtype));
  if (item_.grad != nullptr) add(item_.grad, kBlock * size_of(item_.grad_dtype));
  for (int k = 0; k < rule_info(parameter_.rule).state_count; ++k) add(parameter_.states[k], packed(k).block_bytes);
  add(streams.residue, kBlock * size_of(parameter_.residue_kind));
  const bool has_sums = item_.has_sums() && !item_.sums->uses_sources;
  if (has_sums) add(item_.sums->addends().arrays[0], kBlock * size_of(item_.compute_dtype()));
}

Observation observation_of(const Pass& pass, const Item& item, double lr) {
  Observation total;
  for (std::size_t k = 0; k < granules_of(item); ++k) {
    const Observation& part = pass.observed[item.first_granule + k];
    total.count += part.count;
    total.grad_square += part.grad_square;
    total.grad_largest = std::max(total.grad_largest, part.grad_largest);
    total.grad_zero += part.grad_zero;
    total.grad_nonfinite += part.grad_nonfinite;
    total.grad_clipped += part.grad_clipped;
    total.update_square += part.update_square;
    total.update_largest = std::max(total.update_largest, part.update_largest);
    total.update_flushed += part.update_flushed;
    total.param_square += part.param_square;
    total.param_largest = std::max(total.param_largest, part.param_largest);
    total.param_nonfinite += part.param_nonfinite;
    total.moment_square += part.moment_square;
    total.moment_product += part.moment_product;
    total.below_eps += part.below_eps;
    total.moment_lost += part.moment_lost;
  }
  total.lr = lr;
  total.clip_coefficient = item.factor / (1.0 / pass.options->grad_scale);
  return total;
}

}  // namespace adamas
