// Loading gradients, of whatever dtype, as float32.
#pragma once

#include <cstddef>
#include <cstdint>
#include <type_traits>

#include <adamas/types.hpp>

#include "formats/half.hpp"
#include "simd/inline.hpp"
#include "simd/order.hpp"

namespace adamas {
namespace {

// Are they loaded within the update's loop? Others, which fewer use, are unpacked before it.
constexpr bool is_direct(DType dtype) { return dtype != DType::kFloat16; }

// One pair of vectors from element i on, of a dtype that is direct.
template <class Order>
ADAMAS_INLINE void load_gradients(DType dtype, const void* array, std::size_t i, Vector<float> (&g)[2]) {
  if (dtype == DType::kFloat32) return Order::load(static_cast<const float*>(array) + i, g);
  if (dtype == DType::kFloat64) return Order::load_rounded(static_cast<const double*>(array) + i, g);
  Bits words[2];
  Order::load_high16(static_cast<const std::uint16_t*>(array) + i, words);
  for_both([&](std::size_t b) ADAMAS_INLINE_LAMBDA { g[b] = float_of(words[b]); });
}

// One vector from element i on.
ADAMAS_INLINE Vector<float> load_gradient(DType dtype, const void* array, std::size_t i, Vector<float>) {
  switch (dtype) {
    case DType::kFloat32: return Vector<float>::load(static_cast<const float*>(array) + i);
    case DType::kBfloat16: return Bfloat16::widen(Bits::load16(static_cast<const std::uint16_t*>(array) + i));
    case DType::kFloat16: return Float16::widen(Bits::load16(static_cast<const std::uint16_t*>(array) + i));
    case DType::kFloat64: return load_rounded(static_cast<const double*>(array) + i);
  }
  __builtin_unreachable();
}

// `count` elements, a whole number of vectors, of any dtype. Once for all rules: so it is not inlined.
__attribute__((noinline)) inline void unpack_gradients(DType dtype, const void* array, std::size_t count, float* to) {
  const auto each = [&](auto of) ADAMAS_INLINE_LAMBDA {
    for (std::size_t j = 0; j < count; j += Vector<float>::kLanes) {
      load_gradient(of, array, j, Vector<float>{}).store(to + j);
    }
  };
  switch (dtype) {
    case DType::kFloat32: return each(std::integral_constant<DType, DType::kFloat32>{});
    case DType::kFloat64: return each(std::integral_constant<DType, DType::kFloat64>{});
    case DType::kBfloat16: return each(std::integral_constant<DType, DType::kBfloat16>{});
    case DType::kFloat16: return each(std::integral_constant<DType, DType::kFloat16>{});
  }
}

}  // namespace
}  // namespace adamas
