// Unpacks rounded states to float32, for the measurements of observed steps.
#pragma once

#include <cstdint>

#include "formats/block_states.hpp"
#include "kernel/table.hpp"
#include "simd/order.hpp"

namespace adamas {
namespace {

// States as BlockStates takes them: of no rule, but what it looks at of one. The first is what is asked for.
struct SquareAlone {
  static constexpr int kStateCount = 1;
  static constexpr StateInfo kStates[kMaxStates] = {{"v", StateKind::kSquare, nullptr}};
};
struct MomentAlone {
  static constexpr int kStateCount = 1;
  static constexpr StateInfo kStates[kMaxStates] = {{"m", StateKind::kSigned, nullptr}};
};
template <StateKind kKind>
struct DividedMoment {
  static constexpr int kStateCount = 2;
  static constexpr StateInfo kStates[kMaxStates] = {{"m", StateKind::kSigned, "v"}, {"v", kKind, nullptr}};
};

// Decodes the first state of whole blocks; null for a divisor that there is not.
template <class States>
void unpack_blocks(const PackedState& state, const PackedState& divisor, std::size_t begin, std::size_t end,
                   float* to) {
  typename States::Scratch scratch(0);
  States states(scratch);
  for (std::size_t i = begin; i < end; i += kBlock) {
    StateArrays arrays{};
    const PackedState* const packed[] = {&state, &divisor};
    for (int k = 0; k < 2 && packed[k]->values != nullptr; ++k) {
      arrays.values[k] = static_cast<char*>(packed[k]->values) + i / kBlock * packed[k]->block_bytes;
      arrays.scales[k] = packed[k]->scales + i / kBlock;
    }
    states.begin(arrays);
    for (std::size_t j = 0; j < kBlock; j += kPair) {
      Vector<float> x[kMaxStates][2];
      states.load(arrays, x, j);
      InOrder::store(x[0], to + (i - begin) + j);
    }
  }
}

template <int kBits>
void unpack_codes(StateKind kind, const PackedState& state, const PackedState& divisor, std::size_t begin,
                  std::size_t end, float* to) {
  if (kind == StateKind::kSquare) return unpack_blocks<BlockStates<SquareAlone, kBits>>(state, {}, begin, end, to);
  if (divisor.values == nullptr) return unpack_blocks<BlockStates<MomentAlone, kBits>>(state, {}, begin, end, to);
  if (divisor.kind == StateKind::kMagnitude) {
    using Rule = DividedMoment<StateKind::kMagnitude>;
    return unpack_blocks<BlockStates<Rule, kBits>>(state, divisor, begin, end, to);
  }
  unpack_blocks<BlockStates<DividedMoment<StateKind::kSquare>, kBits>>(state, divisor, begin, end, to);
}

// The square that the lowest code of each block stands for.
template <int kBits>
void least_squares(const PackedState& state, std::size_t begin, std::size_t end, float* to) {
  using Code = LogCode<kBits, kBits == 8 ? 1 : 0>;
  for (std::size_t i = begin; i < end; i += kBlock) {
    const float scale = Code::decode_scale(__builtin_fabsf(state.scales[i / kBlock]));
    const Vector<float> root = Code::compute(Bits::broadcast(Code::kLeast), scale);
    for (std::size_t j = 0; j < kBlock; j += Vector<float>::kLanes) (root * root).store(to + (i - begin) + j);
  }
}

inline void unpack_bfloat16(const PackedState& state, std::size_t begin, std::size_t end, float* to) {
  const auto* const words = static_cast<const std::uint16_t*>(state.values);
  std::size_t i = begin;
  for (; i + kPair <= end; i += kPair) {
    Bits high[2];
    InOrder::load_high16(words + i, high);
    for (std::size_t b = 0; b < 2; ++b) float_of(high[b]).store(to + (i - begin) + b * Vector<float>::kLanes);
  }
  for (; i < end; ++i) {
    const std::uint32_t bits = static_cast<std::uint32_t>(words[i]) << 16;
    __builtin_memcpy(to + (i - begin), &bits, sizeof bits);
  }
}

inline void unpack_state(StateFormat format, const PackedState& state, const PackedState& divisor, std::size_t begin,
                         std::size_t end, float* to) {
  if (format == StateFormat::kBfloat16) return unpack_bfloat16(state, begin, end, to);
  if (format == StateFormat::kInt8) return unpack_codes<8>(state.kind, state, divisor, begin, end, to);
  unpack_codes<4>(state.kind, state, divisor, begin, end, to);
}

inline void least_of_codes(StateFormat format, const PackedState& state, std::size_t begin, std::size_t end,
                           float* to) {
  format == StateFormat::kInt8 ? least_squares<8>(state, begin, end, to) : least_squares<4>(state, begin, end, to);
}

}  // namespace
}  // namespace adamas
