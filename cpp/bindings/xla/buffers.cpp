#include "buffers.hpp"

#include <cstdint>
#include <cstring>
#include <stdexcept>

namespace adamas::bindings::xla {

void refuse(const std::string& what) { throw std::invalid_argument("adamas: " + what); }

std::size_t size_of(DataType dtype) {
  switch (dtype) {
    case DataType::kU8: return 1;
    case DataType::kU16:
    case DataType::kF16:
    case DataType::kBf16: return 2;
    case DataType::kS32:
    case DataType::kU32:
    case DataType::kF32: return 4;
    case DataType::kS64:
    case DataType::kF64: return 8;
  }
  refuse("a buffer has an unsupported dtype");
}

std::optional<DType> dtype_of(DataType dtype) {
  switch (dtype) {
    case DataType::kF32: return DType::kFloat32;
    case DataType::kF64: return DType::kFloat64;
    case DataType::kBf16: return DType::kBfloat16;
    case DataType::kF16: return DType::kFloat16;
    default: return {};
  }
}

std::size_t elements_of(const Buffer& buffer) {
  std::size_t elements = 1;
  for (std::int64_t i = 0; i < buffer.rank; ++i) elements *= static_cast<std::size_t>(buffer.dims[i]);
  return elements;
}

std::size_t bytes_of(const Buffer& buffer) { return elements_of(buffer) * size_of(buffer.dtype); }

double number_at(const Buffer& buffer, std::size_t place, bool is_single) {
  double value = 0.0;
  if (is_single) {
    float single = 0.0F;
    std::memcpy(&single, shifted(buffer.data, place * sizeof single), sizeof single);
    value = static_cast<double>(single);
  } else {
    std::memcpy(&value, shifted(buffer.data, place * sizeof value), sizeof value);
  }
  return value;
}

}  // namespace adamas::bindings::xla
