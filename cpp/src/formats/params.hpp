// Loading and storing parameters in every format: as float32, or in 16 bits with one of the ways to keep what rounding
// to 16 bits loses (adamas/types.hpp, Residue).
//
// The parameter is the truth. Users write into it (they load weights, clamp, set to zero), and what is kept beside it
// does not hear of that. So before a block is loaded, it is settled: where what is kept does not round to the
// parameter, it becomes what the parameter says. What is stored always fits.
#pragma once

#include <cstddef>
#include <cstdint>
#include <type_traits>

#include <adamas/types.hpp>

#include "formats/half.hpp"
#include "formats/random.hpp"
#include "simd/order.hpp"

namespace adamas {
namespace {

// One block of a parameter.
struct ParamArrays {
  void* values;
  void* residue;
};

// All ways in one place, so that load and store need one look.
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

// Is it loaded and stored within the update's loop? All others are unpacked to float32 before it and packed behind it:
// each format in a loop adds to what is compiled for every rule.
constexpr bool is_direct(ParamFormat format) {
  return format == ParamFormat::kFloat32 || format == ParamFormat::kBfloat16 || format == ParamFormat::kBfloat16Random;
}

// Is what is kept beside it the parameter in float32?
constexpr bool has_master(ParamFormat format) {
  return format == ParamFormat::kBfloat16Master || format == ParamFormat::kFloat16Master;
}

constexpr bool is_kahan(ParamFormat format) {
  return format == ParamFormat::kBfloat16Kahan || format == ParamFormat::kFloat16Kahan;
}
constexpr bool is_split(ParamFormat format) {
  return format == ParamFormat::kSplit32 || format == ParamFormat::kSplit24;
}

// A float32 number in two halves: the high one is rounded to the nearest, ties away from zero, and the low 16 bits,
// taken as a signed number, say how far it is from there. (The low half of a NaN says nothing.)
constexpr std::uint32_t kHalfUnit = 0x8000;
// In the high halves; the low ones do not matter.
ADAMAS_INLINE Bits high_half(Vector<float> value) { return add_unless_nan(value, Bits::broadcast(kHalfUnit)); }
ADAMAS_INLINE Bits joined(Bits high, Bits low) {
  return (high | (low ^ Bits::broadcast(kHalfUnit))) - Bits::broadcast(kHalfUnit);
}

// The float32 bits rounded to 24: the lowest 8 are zero. NaN stays NaN.
ADAMAS_INLINE Bits round_to_24(Vector<float> value) {
  const Bits odd = bits_of(value).right<8>() & Bits::broadcast(1);
  return add_unless_nan(value, odd + Bits::broadcast(0x7f)) & Bits::broadcast(0xffffff00);
}

// One pair of vectors of bfloat16 from element i on.
template <class Order>
ADAMAS_INLINE void load_words(const void* words, std::size_t i, Vector<float> (&p)[2]) {
  Bits high[2];
  Order::load_high16(static_cast<const std::uint16_t*>(words) + i, high);
  for_both([&](std::size_t b) ADAMAS_INLINE_LAMBDA { p[b] = float_of(high[b]); });
}

// Rounded at random, or else to the nearest. element: the index in the whole array of the block's element 0.
template <class Order>
ADAMAS_INLINE void store_words(bool at_random, void* words, std::size_t i, const Vector<float> (&p)[2],
                               std::size_t element, const RandomKey& key) {
  Bits high[2];
  if (at_random) {
    Bits random[2];
    random_halves<Order>(key, element + i, random);
    for_both([&](std::size_t b) ADAMAS_INLINE_LAMBDA { high[b] = Bfloat16::rounded_at_random(p[b], random[b]); });
  } else {
    for_both([&](std::size_t b) ADAMAS_INLINE_LAMBDA { high[b] = Bfloat16::rounded(p[b]); });
  }
  Order::store_high16(high, at<std::uint16_t>(words, i));
}

// Calls work(constant) with the format as a constant.
template <ParamFormat kFormat>
using FormatConstant = std::integral_constant<ParamFormat, kFormat>;
template <class Work>
ADAMAS_INLINE void with_constant(ParamFormat format, Work work) {
  switch (format) {
    case ParamFormat::kFloat32: return work(FormatConstant<ParamFormat::kFloat32>{});
    case ParamFormat::kBfloat16: return work(FormatConstant<ParamFormat::kBfloat16>{});
    case ParamFormat::kFloat16: return work(FormatConstant<ParamFormat::kFloat16>{});
    case ParamFormat::kBfloat16Random: return work(FormatConstant<ParamFormat::kBfloat16Random>{});
    case ParamFormat::kBfloat16Kahan: return work(FormatConstant<ParamFormat::kBfloat16Kahan>{});
    case ParamFormat::kFloat16Kahan: return work(FormatConstant<ParamFormat::kFloat16Kahan>{});
    case ParamFormat::kBfloat16Master: return work(FormatConstant<ParamFormat::kBfloat16Master>{});
    case ParamFormat::kFloat16Master: return work(FormatConstant<ParamFormat::kFloat16Master>{});
    case ParamFormat::kSplit32: return work(FormatConstant<ParamFormat::kSplit32>{});
    case ParamFormat::kSplit24: return work(FormatConstant<ParamFormat::kSplit24>{});
  }
}

template <ParamFormat kFormat>
using HalfOf = std::conditional_t<kFormat == ParamFormat::kFloat16 || kFormat == ParamFormat::kFloat16Kahan ||
                                      kFormat == ParamFormat::kFloat16Master,
                                  Float16, Bfloat16>;

// `count` elements, a whole number of pairs, of any format, as they are computed with. Once for all rules, as the way
// back: so they are not inlined.
__attribute__((noinline)) inline void unpack_params(ParamFormat format, const ParamArrays& a, std::size_t count,
                                                    float* to) {
  with_constant(format, [&](auto f) ADAMAS_INLINE_LAMBDA {
    constexpr ParamFormat kFormat = decltype(f)::value;
    using Half = HalfOf<kFormat>;
    for (std::size_t j = 0; j < count; j += kPair) {
      Vector<float> p[2];
      if constexpr (kFormat == ParamFormat::kFloat32 || has_master(kFormat)) {
        InOrder::load(at<float>(has_master(kFormat) ? a.residue : a.values, j), p);
      } else if constexpr (is_split(kFormat)) {
        Bits high[2];
        Bits low[2];
        InOrder::load_high16(at<std::uint16_t>(a.values, j), high);
        if constexpr (kFormat == ParamFormat::kSplit32) {
          InOrder::load_low16(at<std::uint16_t>(a.residue, j), low);
        } else {
          InOrder::load8(at<std::uint8_t>(a.residue, j), low);
          for_both([&](std::size_t b) ADAMAS_INLINE_LAMBDA { low[b] = low[b].template left<8>(); });
        }
        for_both([&](std::size_t b) ADAMAS_INLINE_LAMBDA { p[b] = float_of(joined(high[b], low[b])); });
      } else {
        Bits words[2];
        InOrder::load_low16(at<std::uint16_t>(a.values, j), words);
        for_both([&](std::size_t b) ADAMAS_INLINE_LAMBDA { p[b] = Half::widen(words[b]); });
        if constexpr (is_kahan(kFormat)) {
          InOrder::load_low16(at<std::uint16_t>(a.residue, j), words);
          for_both([&](std::size_t b) ADAMAS_INLINE_LAMBDA { p[b] = p[b] + Half::widen(words[b]); });
        }
      }
      InOrder::store(p, to + j);
    }
  });
}

// The way back; a master is there already. element: the index in the whole array of the first.
__attribute__((noinline)) inline void pack_params(ParamFormat format, const float* from, std::size_t count,
                                                  const ParamArrays& a, std::size_t element, const RandomKey& key) {
  with_constant(format, [&](auto f) ADAMAS_INLINE_LAMBDA {
    constexpr ParamFormat kFormat = decltype(f)::value;
    using Half = HalfOf<kFormat>;
    for (std::size_t j = 0; j < count; j += kPair) {
      Vector<float> p[2];
      Bits words[2];
      Bits low[2];
      InOrder::load(from + j, p);
      if constexpr (kFormat == ParamFormat::kFloat32) {
        InOrder::store(p, at<float>(a.values, j));
      } else if constexpr (kFormat == ParamFormat::kBfloat16Random) {
        store_words<InOrder>(true, a.values, j, p, element, key);
      } else if constexpr (kFormat == ParamFormat::kSplit32) {
        for_both([&](std::size_t b) ADAMAS_INLINE_LAMBDA {
          low[b] = bits_of(p[b]);
          words[b] = high_half(p[b]);
        });
        InOrder::store_low16(low, at<std::uint16_t>(a.residue, j));
        InOrder::store_high16(words, at<std::uint16_t>(a.values, j));
      } else if constexpr (kFormat == ParamFormat::kSplit24) {
        for_both([&](std::size_t b) ADAMAS_INLINE_LAMBDA {
          const Bits rounded = round_to_24(p[b]);
          low[b] = rounded.template right<8>();
          words[b] = high_half(float_of(rounded));
        });
        InOrder::store8(low, at<std::uint8_t>(a.residue, j));
        InOrder::store_high16(words, at<std::uint16_t>(a.values, j));
      } else {
        for_both([&](std::size_t b) ADAMAS_INLINE_LAMBDA { words[b] = Half::narrow(p[b]); });
        InOrder::store_low16(words, at<std::uint16_t>(a.values, j));
        if constexpr (is_kahan(kFormat)) {
          for_both([&](std::size_t b) ADAMAS_INLINE_LAMBDA { words[b] = Half::narrow(p[b] - Half::widen(words[b])); });
          InOrder::store_low16(words, at<std::uint16_t>(a.residue, j));
        }
      }
    }
  });
}

// Not zero where `word`, in 16 bits, is not what the number rounds to.
template <class Half>
ADAMAS_INLINE Bits differs(Bits word, Vector<float> value) {
  return word ^ Half::narrow(value);
}

// The same for a parameter and what rounding has cut off. That has been rounded itself, up to half a unit in the last
// place of the parameter: so a little less is judged.
template <class Half>
ADAMAS_INLINE Bits is_no_rest(Bits word, Bits rest) {
  const Vector<float> less = Half::widen(rest) * Vector<float>::broadcast(1.0f - 0x1p-7f);
  return differs<Half>(word, Half::widen(word) + less);
}

// Halves that do not belong together make no number: a zero or an infinity was written over the high one. In the sign.
constexpr std::uint32_t kSignMask = ~kMagnitudeMask;
ADAMAS_INLINE Bits is_no_number(Bits whole) {
  return (whole & Bits::broadcast(kMagnitudeMask)) + Bits::broadcast(kMagnitudeMask - kInfinity);
}

// Replaces `bytes` bytes of element j of what is kept by those of truth(j), wherever stale(j) has bits of the mask.
template <class Stale, class Truth>
ADAMAS_INLINE void settle_each(const ParamArrays& a, std::size_t count, std::size_t bytes, std::uint32_t mask,
                               Stale stale, Truth truth) {
  using V = Vector<float>;
  Bits any = Bits::broadcast(0);
  for (std::size_t j = 0; j < count; j += V::kLanes) any = any | stale(j);
  if ((any & Bits::broadcast(mask)).largest() == 0) return;
  for (std::size_t j = 0; j < count; j += V::kLanes) {
    float is_stale[V::kLanes];
    float values[V::kLanes];
    float_of(stale(j)).store(is_stale);
    truth(j).store(values);
    for (std::size_t lane = 0; lane < V::kLanes; ++lane) {
      std::uint32_t bits;
      __builtin_memcpy(&bits, is_stale + lane, sizeof bits);
      if ((bits & mask) != 0) __builtin_memcpy(at<char>(a.residue, (j + lane) * bytes), values + lane, bytes);
    }
  }
}

// May halves not belong together? Only where the high one is a zero, an infinity or no number: two words at a time.
ADAMAS_INLINE bool may_be_no_numbers(const void* words, std::size_t count) {
  constexpr std::size_t kStride = 2 * Vector<float>::kLanes;
  if (count % kStride != 0) return true;
  const Bits mask = Bits::broadcast(0x7fff7fff);
  const Bits to_infinity = Bits::broadcast(0x00800080);  // brings those from infinity on to the sign
  Bits large = Bits::broadcast(0);
  Bits positive = mask + Bits::broadcast(0x80008000);  // of all magnitudes
  for (std::size_t j = 0; j < count; j += kStride) {
    const Bits magnitudes = Bits::load(static_cast<const std::uint16_t*>(words) + j) & mask;
    large = large | (magnitudes + to_infinity);
    positive = positive & (magnitudes + mask);
  }
  const Bits none = positive ^ Bits::broadcast(0xffffffff);
  return ((large | none) & Bits::broadcast(0x80008000)).largest() != 0;
}

// Settles `count` elements, a whole number of vectors.
__attribute__((noinline)) inline void settle(ParamFormat format, const ParamArrays& a, std::size_t count) {
  using V = Vector<float>;
  const auto words = [](void* array, std::size_t j)
                         ADAMAS_INLINE_LAMBDA { return Bits::load16(at<std::uint16_t>(array, j)); };
  const auto high = [&](std::size_t j) ADAMAS_INLINE_LAMBDA { return words(a.values, j).template left<16>(); };
  const auto nothing = [](std::size_t) ADAMAS_INLINE_LAMBDA { return V::broadcast(0.0f); };
  const auto masters = [&](auto half) ADAMAS_INLINE_LAMBDA {
    using Half = decltype(half);
    settle_each(
        a, count, 4, 0xffff,
        [&](std::size_t j)
            ADAMAS_INLINE_LAMBDA { return differs<Half>(words(a.values, j), V::load(at<float>(a.residue, j))); },
        [&](std::size_t j) ADAMAS_INLINE_LAMBDA { return Half::widen(words(a.values, j)); });
  };
  const auto rests = [&](auto half) ADAMAS_INLINE_LAMBDA {
    settle_each(
        a, count, 2, 0xffff,
        [&](std::size_t j)
            ADAMAS_INLINE_LAMBDA { return is_no_rest<decltype(half)>(words(a.values, j), words(a.residue, j)); },
        nothing);
  };
  switch (format) {
    case ParamFormat::kBfloat16Master: return masters(Bfloat16{});
    case ParamFormat::kFloat16Master: return masters(Float16{});
    case ParamFormat::kBfloat16Kahan: return rests(Bfloat16{});
    case ParamFormat::kFloat16Kahan: return rests(Float16{});
    case ParamFormat::kSplit32:
      if (!may_be_no_numbers(a.values, count)) return;
      return settle_each(
          a, count, 2, kSignMask,
          [&](std::size_t j) ADAMAS_INLINE_LAMBDA { return is_no_number(joined(high(j), words(a.residue, j))); },
          nothing);
    case ParamFormat::kSplit24:
      if (!may_be_no_numbers(a.values, count)) return;
      return settle_each(
          a, count, 1, kSignMask,
          [&](std::size_t j) ADAMAS_INLINE_LAMBDA {
            const Bits low = Bits::load8(at<std::uint8_t>(a.residue, j)).template left<8>();
            return is_no_number(joined(high(j), low));
          },
          nothing);
    default: return;  // nothing is kept
  }
}

}  // namespace
}  // namespace adamas
