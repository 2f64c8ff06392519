// Loading gradients, of whatever dtype, as float32.
#pragma once

#include <cstddef>
#include <cstdint>

#include <adamas/types.hpp>

#include "formats/half.hpp"
#include "simd/inline.hpp"

namespace adamas {
namespace {

// So many vectors from element i on.
template <int kCount>
ADAMAS_INLINE void load_gradients(DType dtype, const void* array, std::size_t i, Vector<float> (&g)[kCount]) {
  using V = Vector<float>;
  const auto each = [&](auto load) ADAMAS_INLINE_LAMBDA {
    for (int b = 0; b < kCount; ++b) g[b] = load(i + static_cast<std::size_t>(b * V::kLanes));
  };
  switch (dtype) {
    case DType::kFloat32:
      return each([&](std::size_t j) ADAMAS_INLINE_LAMBDA { return V::load(static_cast<const float*>(array) + j); });
    case DType::kBfloat16:
      return each([&](std::size_t j) ADAMAS_INLINE_LAMBDA {
        return Bfloat16::widen(Bits::load16(static_cast<const std::uint16_t*>(array) + j));
      });
    case DType::kFloat16:
      return each([&](std::size_t j) ADAMAS_INLINE_LAMBDA {
        return Float16::widen(Bits::load16(static_cast<const std::uint16_t*>(array) + j));
      });
    case DType::kFloat64:
      return each([&](std::size_t j)
                      ADAMAS_INLINE_LAMBDA { return load_rounded(static_cast<const double*>(array) + j); });
  }
  __builtin_unreachable();
}

}  // namespace
}  // namespace adamas
