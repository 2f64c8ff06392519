// XLA's buffers: their dtypes and sizes.
#pragma once

#include <adamas/types.hpp>

#include <cstddef>
#include <optional>
#include <string>

#include "abi.hpp"

namespace adamas::bindings::xla {

// Throws std::invalid_argument.
[[noreturn]] void refuse(const std::string& what);

std::size_t size_of(DataType dtype);

// None for what gradients and parameters cannot be.
std::optional<DType> dtype_of(DataType dtype);

std::size_t elements_of(const Buffer& buffer);
std::size_t bytes_of(const Buffer& buffer);

inline void* shifted(void* memory, std::size_t bytes) { return static_cast<char*>(memory) + bytes; }

// The number at this place of a buffer of float32, or of the bits of float64.
double number_at(const Buffer& buffer, std::size_t place, bool is_single);

}  // namespace adamas::bindings::xla
