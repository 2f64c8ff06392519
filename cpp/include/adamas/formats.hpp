// Which number formats go together, and how much memory states take.
#pragma once

#include <cstddef>

#include <adamas/rules.hpp>
#include <adamas/types.hpp>

namespace adamas {

// Is there a kernel for this combination? Gradients of every dtype go with every parameter.
constexpr bool formats_fit(DType param, StateFormat states, Residue residue) noexcept {
  if ((param == DType::kFloat64) != (states == StateFormat::kFloat64)) return false;
  if (param == DType::kFloat32 || param == DType::kFloat64) return residue == Residue::kNone;
  if (param == DType::kFloat16) {
    return residue == Residue::kNone || residue == Residue::kKahan || residue == Residue::kMaster;
  }
  return true;
}

// The memory of one state array. Codes come in whole blocks of kBlock elements, padded at the end; behind them lies a
// float32 scale for each block. 8 bits: a byte for each element. 4 bits: byte j of a block holds element j in its low
// half and element j + kBlock/2 in its high half.
struct StateStorage {
  std::size_t element_bytes;  // 0 for codes
  std::size_t block_bytes;    // of kBlock elements, without their scale
  std::size_t alignment;

  constexpr bool has_scales() const noexcept { return element_bytes == 0; }
  constexpr std::size_t bytes(std::size_t size) const noexcept {
    return has_scales() ? scales_at(size) + blocks(size) * sizeof(float) : size * element_bytes;
  }
  // Where the scales of `size` elements begin, in bytes.
  constexpr std::size_t scales_at(std::size_t size) const noexcept { return blocks(size) * block_bytes; }
  static constexpr std::size_t blocks(std::size_t size) noexcept { return (size + kBlock - 1) / kBlock; }
};

constexpr StateStorage storage_of(StateFormat format, StateKind kind) noexcept {
  if (format == StateFormat::kFloat64) return {8, 8 * kBlock, 8};
  if (format == StateFormat::kFloat32 || kind == StateKind::kExact) return {4, 4 * kBlock, 4};
  if (format == StateFormat::kBfloat16) return {2, 2 * kBlock, 2};
  return {0, format == StateFormat::kInt8 ? kBlock : kBlock / 2, alignof(float)};
}

}  // namespace adamas
