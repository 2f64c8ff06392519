// Loading and storing parameters in every format: as float32, or in 16 bits with one of the ways to keep what rounding
// to 16 bits loses (adamas/types.hpp, Residue).
#pragma once

#include <cstddef>
#include <cstdint>

#include <adamas/types.hpp>

#include "formats/half.hpp"
#include "formats/random.hpp"

namespace adamas {
namespace {

// One block of a parameter.
struct ParamArrays {
  void* values;
  void* residue;
};

// All ways in one place, so that load and store need one branch a block.
enum class ParamFormat : std::uint8_t {
  kFloat32,
  kBfloat16,
  kFloat16,
  kBfloat16Random,
  kBfloat16Kahan,
  kFloat16Kahan,
  kBfloat16Master,
  kFloat16Master,
  kSplit32,
  kSplit24,
};

inline ParamFormat param_format(DType dtype, Residue residue) {
  const bool half = dtype == DType::kFloat16;
  if (dtype == DType::kFloat32) return ParamFormat::kFloat32;
  switch (residue) {
    case Residue::kNone: return half ? ParamFormat::kFloat16 : ParamFormat::kBfloat16;
    case Residue::kStochastic: return ParamFormat::kBfloat16Random;
    case Residue::kKahan: return half ? ParamFormat::kFloat16Kahan : ParamFormat::kBfloat16Kahan;
    case Residue::kMaster: return half ? ParamFormat::kFloat16Master : ParamFormat::kBfloat16Master;
    case Residue::kSplit32: return ParamFormat::kSplit32;
    case Residue::kSplit24: return ParamFormat::kSplit24;
  }
  return ParamFormat::kFloat32;
}

template <class T>
ADAMAS_INLINE T* at(void* array, std::size_t i) {
  return static_cast<T*>(array) + i;
}

template <int kCount>
ADAMAS_INLINE void load_params(ParamFormat format, const ParamArrays& a, std::size_t i, Vector<float> (&p)[kCount]) {
  using V = Vector<float>;
  const auto each = [&](auto load) ADAMAS_INLINE_LAMBDA {
    for (int b = 0; b < kCount; ++b) p[b] = load(i + static_cast<std::size_t>(b * V::kLanes));
  };
  const auto words = [](void* array, std::size_t j)
                         ADAMAS_INLINE_LAMBDA { return Bits::load16(at<std::uint16_t>(array, j)); };
  switch (format) {
    case ParamFormat::kFloat32:
      return each([&](std::size_t j) ADAMAS_INLINE_LAMBDA { return V::load(at<float>(a.values, j)); });
    case ParamFormat::kBfloat16:
    case ParamFormat::kBfloat16Random:
      return each([&](std::size_t j) ADAMAS_INLINE_LAMBDA { return Bfloat16::widen(words(a.values, j)); });
    case ParamFormat::kFloat16:
      return each([&](std::size_t j) ADAMAS_INLINE_LAMBDA { return Float16::widen(words(a.values, j)); });
    case ParamFormat::kBfloat16Kahan:
      return each([&](std::size_t j) ADAMAS_INLINE_LAMBDA {
        return Bfloat16::widen(words(a.values, j)) + Bfloat16::widen(words(a.residue, j));
      });
    case ParamFormat::kFloat16Kahan:
      return each([&](std::size_t j) ADAMAS_INLINE_LAMBDA {
        return Float16::widen(words(a.values, j)) + Float16::widen(words(a.residue, j));
      });
    case ParamFormat::kBfloat16Master:
    case ParamFormat::kFloat16Master:
      return each([&](std::size_t j) ADAMAS_INLINE_LAMBDA { return V::load(at<float>(a.residue, j)); });
    case ParamFormat::kSplit32:
      return each([&](std::size_t j) ADAMAS_INLINE_LAMBDA {
        return float_of(words(a.values, j).template left<16>() | words(a.residue, j));
      });
    case ParamFormat::kSplit24:
      return each([&](std::size_t j) ADAMAS_INLINE_LAMBDA {
        const Bits low = Bits::load8(at<std::uint8_t>(a.residue, j)).template left<8>();
        return float_of(words(a.values, j).template left<16>() | low);
      });
  }
  __builtin_unreachable();
}

// The float32 bits rounded to 24: the lowest 8 are zero. NaN stays NaN.
ADAMAS_INLINE Bits round_to_24(Vector<float> value) {
  const Bits odd = bits_of(value).right<8>() & Bits::broadcast(1);
  return add_unless_nan(value, odd + Bits::broadcast(0x7f)) & Bits::broadcast(0xffffff00);
}

// element: the index in the whole array of the block's element 0.
ADAMAS_INLINE void store_params(ParamFormat format, const ParamArrays& a, std::size_t i,
                                const Vector<float> (&p)[kVectorsPerGroup], std::size_t element, const RandomKey& key) {
  using V = Vector<float>;
  const auto put = [&](float* array) ADAMAS_INLINE_LAMBDA {
    for (int b = 0; b < kVectorsPerGroup; ++b) p[b].store(array + i + static_cast<std::size_t>(b * V::kLanes));
  };
  const auto put16 = [&](void* array, auto words_of) ADAMAS_INLINE_LAMBDA {
    Bits words[kVectorsPerGroup];
    for (int b = 0; b < kVectorsPerGroup; ++b) words[b] = words_of(p[b], i + static_cast<std::size_t>(b * V::kLanes));
    store16(words, at<std::uint16_t>(array, i));
  };
  const auto bfloat16 = [](V x, std::size_t) ADAMAS_INLINE_LAMBDA { return Bfloat16::narrow(x); };
  const auto float16 = [](V x, std::size_t) ADAMAS_INLINE_LAMBDA { return Float16::narrow(x); };
  switch (format) {
    case ParamFormat::kFloat32: return put(at<float>(a.values, 0));
    case ParamFormat::kBfloat16: return put16(a.values, bfloat16);
    case ParamFormat::kFloat16: return put16(a.values, float16);
    case ParamFormat::kBfloat16Random:
      return put16(a.values, [&](V x, std::size_t j) ADAMAS_INLINE_LAMBDA {
        return Bfloat16::narrow_at_random(x, random_words(key, element + j).right<16>());
      });
    case ParamFormat::kBfloat16Kahan:
      put16(a.values, bfloat16);
      return put16(a.residue, [](V x, std::size_t) ADAMAS_INLINE_LAMBDA {
        return Bfloat16::narrow(x - Bfloat16::widen(Bfloat16::narrow(x)));
      });
    case ParamFormat::kFloat16Kahan:
      put16(a.values, float16);
      return put16(a.residue, [](V x, std::size_t) ADAMAS_INLINE_LAMBDA {
        return Float16::narrow(x - Float16::widen(Float16::narrow(x)));
      });
    case ParamFormat::kBfloat16Master: put16(a.values, bfloat16); return put(at<float>(a.residue, 0));
    case ParamFormat::kFloat16Master: put16(a.values, float16); return put(at<float>(a.residue, 0));
    case ParamFormat::kSplit32:
      put16(a.values, [](V x, std::size_t) ADAMAS_INLINE_LAMBDA { return bits_of(x).right<16>(); });
      return put16(a.residue, [](V x, std::size_t) ADAMAS_INLINE_LAMBDA { return lowest16(bits_of(x)); });
    case ParamFormat::kSplit24: {
      Bits low[kVectorsPerGroup];
      for (int b = 0; b < kVectorsPerGroup; ++b) low[b] = lowest8(round_to_24(p[b]).right<8>());
      store8(low, at<std::uint8_t>(a.residue, i));
      return put16(a.values, [](V x, std::size_t) ADAMAS_INLINE_LAMBDA { return round_to_24(x).right<16>(); });
    }
  }
}

}  // namespace
}  // namespace adamas
