// Which number formats go together, and how much memory states take.
#pragma once

#include <cstddef>

#include <adamas/rules.hpp>
#include <adamas/types.hpp>

namespace adamas {

// Can parameters of this dtype have this residue?
constexpr bool residue_fits(DType param, Residue residue) noexcept {
  switch (residue) {
    case Residue::kNone: return true;
    case Residue::kKahan:
    case Residue::kMaster: return param == DType::kBfloat16 || param == DType::kFloat16;
    case Residue::kStochastic:
    case Residue::kSplit32:
    case Residue::kSplit24: return param == DType::kBfloat16;
  }
  return false;
}

// Is there a kernel for this combination? Gradients of every dtype go with every parameter.
constexpr bool formats_fit(DType param, StateFormat states, Residue residue) noexcept {
  return (param == DType::kFloat64) == (states == StateFormat::kFloat64) && residue_fits(param, residue);
}

// The memory of one state array. Codes come in whole blocks of kBlock elements, padded at the end; behind them lies a
// float32 scale for each block. 8 bits: a byte for each element. 4 bits: byte j of a block holds element j in its low
// half and element j + kBlock/2 in its high half.
struct StateStorage {
  std::size_t element_bytes;  // 0 for codes
  std::size_t block_bytes;    // of kBlock elements, without their scale
  std::size_t alignment;
  DType dtype;  // of elements; codes have none

  static constexpr StateStorage of_numbers(DType dtype) noexcept {
    return {size_of(dtype), size_of(dtype) * kBlock, size_of(dtype), dtype};
  }
  static constexpr StateStorage of_codes(std::size_t bits) noexcept {
    return {0, kBlock * bits / 8, alignof(float), DType{}};
  }

  constexpr bool has_scales() const noexcept { return element_bytes == 0; }
  constexpr std::size_t bytes(std::size_t size) const noexcept {
    return has_scales() ? scales_at(size) + blocks(size) * sizeof(float) : size * element_bytes;
  }
  // Where the scales of `size` elements begin, in bytes.
  constexpr std::size_t scales_at(std::size_t size) const noexcept { return blocks(size) * block_bytes; }
  static constexpr std::size_t blocks(std::size_t size) noexcept { return (size + kBlock - 1) / kBlock; }
};

constexpr StateStorage storage_of(StateFormat format, StateKind kind) noexcept {
  if (kind == StateKind::kExact && format != StateFormat::kFloat64) return StateStorage::of_numbers(DType::kFloat32);
  switch (format) {
    case StateFormat::kFloat32: return StateStorage::of_numbers(DType::kFloat32);
    case StateFormat::kFloat64: return StateStorage::of_numbers(DType::kFloat64);
    case StateFormat::kBfloat16: return StateStorage::of_numbers(DType::kBfloat16);
    case StateFormat::kInt8: return StateStorage::of_codes(8);
    case StateFormat::kInt4: return StateStorage::of_codes(4);
  }
  return {};
}

}  // namespace adamas
