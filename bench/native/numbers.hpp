// Ordinary numbers to compute with: of either sign, none of them zero or denormal.
#pragma once

#include <adamas/types.hpp>

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace bench {

// Magnitudes are spread over the eight powers of two from 2^-8 on, times `scale`: normal in every dtype.
class Numbers {
 public:
  // scale: 2^scale_exponent, which is at least -6.
  void fill(adamas::DType dtype, void* array, std::size_t size, int scale_exponent) {
    using adamas::DType;
    switch (dtype) {
      case DType::kFloat64: return fill<std::uint64_t>(array, size, 1023 + scale_exponent, 52);
      case DType::kFloat32: return fill<std::uint32_t>(array, size, 127 + scale_exponent, 23);
      case DType::kBfloat16: return fill<std::uint16_t>(array, size, 127 + scale_exponent, 7);
      case DType::kFloat16: return fill<std::uint16_t>(array, size, 15 + scale_exponent, 10);
    }
  }

 private:
  // one: the exponent field of the number `scale`.
  template <class Bits>
  void fill(void* array, std::size_t size, int one, int mantissa_bits) {
    const std::uint64_t mantissa = (std::uint64_t{1} << mantissa_bits) - 1;
    for (std::size_t i = 0; i < size; ++i) {
      const std::uint64_t random = next();
      const std::uint64_t exponent = static_cast<std::uint64_t>(one) - 1 - (random >> 60 & 7);
      const std::uint64_t sign = random >> 63 << (8 * sizeof(Bits) - 1);
      const auto number = static_cast<Bits>(sign | exponent << mantissa_bits | (random & mantissa));
      std::memcpy(static_cast<char*>(array) + i * sizeof number, &number, sizeof number);
    }
  }

  // splitmix64.
  std::uint64_t next() {
    std::uint64_t x = state_ += 0x9e3779b97f4a7c15u;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
  }

  std::uint64_t state_ = 0;
};

}  // namespace bench
