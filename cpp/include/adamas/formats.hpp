/// \file
/// Which number formats go together, and how much memory states take.
#pragma once

#include <cstddef>

#include <adamas/rules.hpp>
#include <adamas/types.hpp>

namespace adamas {

/// \defgroup adamas_formats Memory of states
/// Which formats can be combined, and how large the arrays of states are.
/// \{

/// Whether parameters of this dtype can have this residue.
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

/// Whether there is a kernel for this combination. A gradient of every dtype goes with every parameter.
constexpr bool formats_fit(DType param, StateFormat states, Residue residue) noexcept {
  return (param == DType::kFloat64) == (states == StateFormat::kFloat64) && residue_fits(param, residue);
}

/// The memory of one state array.
///
/// Codes come in whole blocks of kBlock elements; the last block is padded. After all blocks comes one float32 scale
/// for each block. With 8 bits, an element has one byte. With 4 bits, byte j of a block holds element j in its low half
/// and element j + kBlock/2 in its high half.
struct StateStorage {
  std::size_t element_bytes;  ///< bytes of one element; 0 for codes
  std::size_t block_bytes;    ///< bytes of kBlock elements, without their scale
  std::size_t alignment;      ///< the address of the array is a multiple of this
  DType dtype;                ///< of the elements; without meaning for codes

  /// Storage of plain numbers.
  static constexpr StateStorage of_numbers(DType dtype) noexcept {
    return {size_of(dtype), size_of(dtype) * kBlock, size_of(dtype), dtype};
  }
  /// Storage of codes of so many bits.
  static constexpr StateStorage of_codes(std::size_t bits) noexcept {
    return {0, kBlock * bits / 8, alignof(float), DType{}};
  }

  /// Whether the array holds codes, and scales behind them.
  constexpr bool has_scales() const noexcept { return element_bytes == 0; }
  /// Bytes of a state of `size` elements (state_size()), scales included.
  constexpr std::size_t bytes(std::size_t size) const noexcept {
    return has_scales() ? scales_at(size) + blocks(size) * sizeof(float) : size * element_bytes;
  }
  /// Where the scales of a state of `size` elements begin, in bytes.
  constexpr std::size_t scales_at(std::size_t size) const noexcept { return blocks(size) * block_bytes; }
  /// Number of blocks of `size` elements; the last one may be padded.
  static constexpr std::size_t blocks(std::size_t size) noexcept { return (size + kBlock - 1) / kBlock; }
};

/// How a state of this kind is kept where the states of a parameter have this format.
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

/// \}

}  // namespace adamas
