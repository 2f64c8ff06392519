// 512-bit vectors with lane masks; needs AVX-512F.
#pragma once

#include <immintrin.h>

#include <cstddef>
#include <cstdint>

#include "simd/group.hpp"
#include "simd/halves.hpp"

namespace adamas {
namespace {

// Measured: up to 25 % faster than 1 where streams alias, and no slower elsewhere.
constexpr int kVectorsPerBlock = 4;

// Measured: 3 to 4 % with 8 and with 4 bits where arrays are in memory, for any distance from 1.5 to 2.5 KiB.
constexpr std::size_t kAheadOfCodes = 1536;
constexpr bool kPipelined = true;

template <class T>
struct Vector;

template <>
struct Vector<float> {
  using Lane = float;
  static constexpr int kLanes = 16;
  __m512 lanes;

  static __mmask16 first(int n) { return static_cast<__mmask16>((1u << n) - 1u); }
  static Vector broadcast(float value) { return {_mm512_set1_ps(value)}; }
  static Vector load(const float* from) { return {_mm512_loadu_ps(from)}; }
  static Vector load(const float* from, int n) { return {_mm512_maskz_loadu_ps(first(n), from)}; }
  void store(float* to) const { _mm512_storeu_ps(to, lanes); }
  void store(float* to, int n) const { _mm512_mask_storeu_ps(to, first(n), lanes); }

  friend Vector operator+(Vector a, Vector b) { return {_mm512_add_ps(a.lanes, b.lanes)}; }
  friend Vector operator-(Vector a, Vector b) { return {_mm512_sub_ps(a.lanes, b.lanes)}; }
  friend Vector operator*(Vector a, Vector b) { return {_mm512_mul_ps(a.lanes, b.lanes)}; }
  friend Vector operator/(Vector a, Vector b) { return {_mm512_div_ps(a.lanes, b.lanes)}; }
  friend Vector square_root(Vector a) { return {_mm512_sqrt_ps(a.lanes)}; }
  friend Vector larger(Vector a, Vector b) { return {_mm512_max_ps(a.lanes, b.lanes)}; }
  friend Vector where_greater(Vector a, Vector b, Vector x, Vector y) {
    return {_mm512_mask_blend_ps(_mm512_cmp_ps_mask(a.lanes, b.lanes, _CMP_GT_OQ), y.lanes, x.lanes)};
  }

  struct Mask {
    __mmask16 lanes;
    friend Mask operator&(Mask a, Mask b) { return {static_cast<__mmask16>(a.lanes & b.lanes)}; }
  };
  friend Mask greater(Vector a, Vector b) { return {_mm512_cmp_ps_mask(a.lanes, b.lanes, _CMP_GT_OQ)}; }
  friend Mask not_zero(Vector a) { return {_mm512_cmp_ps_mask(a.lanes, _mm512_setzero_ps(), _CMP_NEQ_OQ)}; }
  friend Vector add_where(Mask mask, Vector a, Vector b) {
    return {_mm512_mask_add_ps(a.lanes, mask.lanes, a.lanes, b.lanes)};
  }
};

template <>
struct Vector<double> {
  using Lane = double;
  static constexpr int kLanes = 8;
  __m512d lanes;

  static __mmask8 first(int n) { return static_cast<__mmask8>((1u << n) - 1u); }
  static Vector broadcast(double value) { return {_mm512_set1_pd(value)}; }
  static Vector load(const double* from) { return {_mm512_loadu_pd(from)}; }
  static Vector load(const double* from, int n) { return {_mm512_maskz_loadu_pd(first(n), from)}; }
  void store(double* to) const { _mm512_storeu_pd(to, lanes); }
  void store(double* to, int n) const { _mm512_mask_storeu_pd(to, first(n), lanes); }

  friend Vector operator+(Vector a, Vector b) { return {_mm512_add_pd(a.lanes, b.lanes)}; }
  friend Vector operator-(Vector a, Vector b) { return {_mm512_sub_pd(a.lanes, b.lanes)}; }
  friend Vector operator*(Vector a, Vector b) { return {_mm512_mul_pd(a.lanes, b.lanes)}; }
  friend Vector operator/(Vector a, Vector b) { return {_mm512_div_pd(a.lanes, b.lanes)}; }
  friend Vector square_root(Vector a) { return {_mm512_sqrt_pd(a.lanes)}; }
  friend Vector larger(Vector a, Vector b) { return {_mm512_max_pd(a.lanes, b.lanes)}; }
  friend Vector where_greater(Vector a, Vector b, Vector x, Vector y) {
    return {_mm512_mask_blend_pd(_mm512_cmp_pd_mask(a.lanes, b.lanes, _CMP_GT_OQ), y.lanes, x.lanes)};
  }

  struct Mask {
    __mmask8 lanes;
    friend Mask operator&(Mask a, Mask b) { return {static_cast<__mmask8>(a.lanes & b.lanes)}; }
  };
  friend Mask greater(Vector a, Vector b) { return {_mm512_cmp_pd_mask(a.lanes, b.lanes, _CMP_GT_OQ)}; }
  friend Mask not_zero(Vector a) { return {_mm512_cmp_pd_mask(a.lanes, _mm512_setzero_pd(), _CMP_NEQ_OQ)}; }
  friend Vector add_where(Mask mask, Vector a, Vector b) {
    return {_mm512_mask_add_pd(a.lanes, mask.lanes, a.lanes, b.lanes)};
  }
};

inline __m256 upper_half(__m512 x) { return _mm256_castpd_ps(_mm512_extractf64x4_pd(_mm512_castps_pd(x), 1)); }

inline void widen(Vector<float> x, Vector<double>* parts) {
  parts[0] = {_mm512_cvtps_pd(_mm512_castps512_ps256(x.lanes))};
  parts[1] = {_mm512_cvtps_pd(upper_half(x.lanes))};
}
inline void widen(Vector<double> x, Vector<double>* parts) { parts[0] = x; }

inline float added_by_halves(Vector<float> x) {
  return added_by_halves(_mm256_add_ps(_mm512_castps512_ps256(x.lanes), upper_half(x.lanes)));
}
inline float largest_by_halves(Vector<float> x) {
  return largest_by_halves(_mm256_max_ps(_mm512_castps512_ps256(x.lanes), upper_half(x.lanes)));
}

inline Vector<float> load_rounded(const double* from) {
  const __m256 low = _mm512_cvtpd_ps(_mm512_loadu_pd(from));
  const __m256 high = _mm512_cvtpd_ps(_mm512_loadu_pd(from + 8));
  return {
      _mm512_castpd_ps(_mm512_insertf64x4(_mm512_castps_pd(_mm512_castps256_ps512(low)), _mm256_castps_pd(high), 1))};
}

struct Bits {
  __m512i lanes;

  static Bits broadcast(std::uint32_t value) { return {_mm512_set1_epi32(static_cast<int>(value))}; }
  static Bits numbers() { return {_mm512_set_epi32(15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0)}; }
  static Bits load(const void* from) { return {_mm512_loadu_si512(from)}; }
  void store(void* to) const { _mm512_storeu_si512(to, lanes); }
  static Bits load8(const std::uint8_t* from) {
    return {_mm512_cvtepu8_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(from)))};
  }
  static Bits load16(const void* from) {
    return {_mm512_cvtepu16_epi32(_mm256_loadu_si256(static_cast<const __m256i*>(from)))};
  }

  template <int kBy>
  Bits left() const {
    return {_mm512_slli_epi32(lanes, kBy)};
  }
  template <int kBy>
  Bits right() const {
    return {_mm512_srli_epi32(lanes, kBy)};
  }
  template <int kBy>
  Bits right_signed() const {
    return {_mm512_srai_epi32(lanes, kBy)};
  }
  friend Bits operator&(Bits a, Bits b) { return {_mm512_and_si512(a.lanes, b.lanes)}; }
  friend Bits operator|(Bits a, Bits b) { return {_mm512_or_si512(a.lanes, b.lanes)}; }
  friend Bits operator^(Bits a, Bits b) { return {_mm512_xor_si512(a.lanes, b.lanes)}; }
  friend Bits operator+(Bits a, Bits b) { return {_mm512_add_epi32(a.lanes, b.lanes)}; }
  friend Bits operator-(Bits a, Bits b) { return {_mm512_sub_epi32(a.lanes, b.lanes)}; }
  friend Bits operator*(Bits a, Bits b) { return {_mm512_mullo_epi32(a.lanes, b.lanes)}; }
  friend Bits where_greater(Bits a, Bits b, Bits x, Bits y) {
    return {_mm512_mask_blend_epi32(_mm512_cmpgt_epi32_mask(a.lanes, b.lanes), y.lanes, x.lanes)};
  }
  friend Bits larger(Bits a, Bits b) { return {_mm512_max_epu32(a.lanes, b.lanes)}; }
  std::uint32_t largest() const { return static_cast<std::uint32_t>(_mm512_reduce_max_epu32(lanes)); }
};

inline Bits bits_of(Vector<float> a) { return {_mm512_castps_si512(a.lanes)}; }
inline Vector<float> float_of(Bits a) { return {_mm512_castsi512_ps(a.lanes)}; }

inline Bits lowest8(Bits words) { return words; }
inline Bits lowest16(Bits words) { return words; }
inline void store16(Bits words, void* to) {
  _mm256_storeu_si256(static_cast<__m256i*>(to), _mm512_cvtepi32_epi16(words.lanes));
}
inline void store16(Bits first, Bits second, void* to) {
  store16(first, to);
  store16(second, static_cast<__m256i*>(to) + 1);
}
inline __m128i packed8(Bits bytes) { return _mm512_cvtepi32_epi8(bytes.lanes); }
inline void store_packed(__m128i bytes, std::uint8_t* to) { _mm_storeu_si128(reinterpret_cast<__m128i*>(to), bytes); }
inline void store8(Bits first, Bits second, std::uint8_t* to) {
  store_packed(packed8(first), to);
  store_packed(packed8(second), to + 16);
}
template <int kLeast>
inline void store8(const Bits (&bytes)[kVectorsPerGroup], std::uint8_t* to) {
  for (int b = 0; b < kVectorsPerGroup; ++b) {
    const __m128i packed = packed8(bytes[b]);
    store_packed(kLeast > 0 ? _mm_max_epu8(packed, _mm_set1_epi8(kLeast)) : packed, to + b * 16);
  }
}
inline void store_whole8(const Bits (&x)[kVectorsPerGroup], std::uint8_t* to) { store8<0>(x, to); }
inline void store_sign8(const Bits (&x)[kVectorsPerGroup], std::uint8_t* to) {
  for (int b = 0; b < kVectorsPerGroup; ++b) {
    const Bits sign = x[b].right<6>() & Bits::broadcast(0x80);
    store_packed(packed8((x[b] & Bits::broadcast(0x7f)) | sign), to + b * 16);
  }
}
inline void store4(const Bits (&low)[kVectorsPerGroup], const Bits (&high)[kVectorsPerGroup], std::uint8_t* to) {
  const __m512i zero = _mm512_setzero_si512();
  for (int b = 0; b < kVectorsPerGroup; ++b) {
    const Bits lower{_mm512_max_epi32(low[b].lanes, zero)};
    const Bits upper{_mm512_max_epi32(high[b].lanes, zero)};
    store_packed(packed8(lower | upper.left<4>()), to + b * 16);
  }
}
inline void store_sign4(const Bits (&low)[kVectorsPerGroup], const Bits (&high)[kVectorsPerGroup], std::uint8_t* to) {
  for (int b = 0; b < kVectorsPerGroup; ++b) {
    const Bits both = low[b] | high[b].left<4>();
    store_packed(packed8(both | both.right<7>()), to + b * 16);
  }
}

inline Bits join_high(Bits even, Bits odd) { return even.right<16>() | (odd & Bits::broadcast(0xffff0000)); }
inline Bits join_low(Bits even, Bits odd) { return (even & Bits::broadcast(0xffff)) | odd.left<16>(); }
inline void widen16(Bits both, Bits (&words)[2]) {
  words[0] = {_mm512_cvtepu16_epi32(_mm512_castsi512_si256(both.lanes))};
  words[1] = {_mm512_cvtepu16_epi32(_mm512_extracti64x4_epi64(both.lanes, 1))};
}
inline void separate(Vector<float> (&x)[2]) {
  const __m512i even = (Bits::numbers().left<1>()).lanes;
  const __m512i odd = (Bits::numbers().left<1>() | Bits::broadcast(1)).lanes;
  const __m512 first = x[0].lanes;
  x[0] = {_mm512_permutex2var_ps(first, even, x[1].lanes)};
  x[1] = {_mm512_permutex2var_ps(first, odd, x[1].lanes)};
}
// Lane 16 and those behind it are of the second vector.
inline void interleave(Vector<float> (&x)[2]) {
  const Bits low = (Bits::numbers().right<1>()) | (Bits::numbers() & Bits::broadcast(1)).left<4>();
  const __m512 first = x[0].lanes;
  x[0] = {_mm512_permutex2var_ps(first, low.lanes, x[1].lanes)};
  x[1] = {_mm512_permutex2var_ps(first, (low + Bits::broadcast(8)).lanes, x[1].lanes)};
}

inline Bits to_whole(Vector<float> x) { return {_mm512_cvtps_epi32(x.lanes)}; }

constexpr int kTableSize = 16;
struct Table {
  __m512 values;
  void fill(const float (&from)[kTableSize]) { values = _mm512_loadu_ps(from); }
  Vector<float> at(Bits index) const { return {_mm512_permutexvar_ps(index.lanes, values)}; }
};

inline Vector<float> load_signed8(const std::uint8_t* from) {
  const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(from));
  return {_mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(bytes))};
}
inline Bits add_unless_nan(Vector<float> x, Bits amount) {
  const __m512i bits = _mm512_castps_si512(x.lanes);
  return {_mm512_mask_add_epi32(bits, _mm512_cmp_ps_mask(x.lanes, x.lanes, _CMP_ORD_Q), bits, amount.lanes)};
}

}  // namespace
}  // namespace adamas
