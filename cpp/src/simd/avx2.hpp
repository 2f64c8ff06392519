// 256-bit vectors; needs AVX2 alone (no FMA: products and sums are rounded apart).
#pragma once

#include <immintrin.h>

#include <cstddef>
#include <cstdint>

#include "simd/group.hpp"
#include "simd/halves.hpp"

namespace adamas {
namespace {

// More would not fit into 16 registers; measured: slower.
constexpr int kVectorsPerBlock = 1;

// Measured: 1 to 4 % in memory; in cache it costs up to 1 %.
constexpr std::size_t kAheadOfCodes = 2048;
constexpr bool kPipelined = true;

template <class T>
struct Vector;

// A window of eight 32-bit words starting at [8 - n] has its first n words set: a lane mask without a branch.
alignas(64) constexpr int kLaneMask[16] = {-1, -1, -1, -1, -1, -1, -1, -1, 0, 0, 0, 0, 0, 0, 0, 0};

template <>
struct Vector<float> {
  using Lane = float;
  static constexpr int kLanes = 8;
  __m256 lanes;

  static __m256i first(int n) { return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(kLaneMask + 8 - n)); }
  static Vector broadcast(float value) { return {_mm256_set1_ps(value)}; }
  static Vector load(const float* from) { return {_mm256_loadu_ps(from)}; }
  static Vector load(const float* from, int n) { return {_mm256_maskload_ps(from, first(n))}; }
  void store(float* to) const { _mm256_storeu_ps(to, lanes); }
  void store(float* to, int n) const { _mm256_maskstore_ps(to, first(n), lanes); }

  friend Vector operator+(Vector a, Vector b) { return {_mm256_add_ps(a.lanes, b.lanes)}; }
  friend Vector operator-(Vector a, Vector b) { return {_mm256_sub_ps(a.lanes, b.lanes)}; }
  friend Vector operator*(Vector a, Vector b) { return {_mm256_mul_ps(a.lanes, b.lanes)}; }
  friend Vector operator/(Vector a, Vector b) { return {_mm256_div_ps(a.lanes, b.lanes)}; }
  friend Vector square_root(Vector a) { return {_mm256_sqrt_ps(a.lanes)}; }
  friend Vector larger(Vector a, Vector b) { return {_mm256_max_ps(a.lanes, b.lanes)}; }
  friend Vector where_greater(Vector a, Vector b, Vector x, Vector y) {
    return {_mm256_blendv_ps(y.lanes, x.lanes, _mm256_cmp_ps(a.lanes, b.lanes, _CMP_GT_OQ))};
  }

  struct Mask {
    __m256 lanes;
    friend Mask operator&(Mask a, Mask b) { return {_mm256_and_ps(a.lanes, b.lanes)}; }
  };
  friend Mask greater(Vector a, Vector b) { return {_mm256_cmp_ps(a.lanes, b.lanes, _CMP_GT_OQ)}; }
  friend Mask not_zero(Vector a) { return {_mm256_cmp_ps(a.lanes, _mm256_setzero_ps(), _CMP_NEQ_OQ)}; }
  friend Vector add_where(Mask mask, Vector a, Vector b) {
    return {_mm256_add_ps(a.lanes, _mm256_and_ps(mask.lanes, b.lanes))};
  }
};

template <>
struct Vector<double> {
  using Lane = double;
  static constexpr int kLanes = 4;
  __m256d lanes;

  static __m256i first(int n) { return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(kLaneMask + 8 - 2 * n)); }
  static Vector broadcast(double value) { return {_mm256_set1_pd(value)}; }
  static Vector load(const double* from) { return {_mm256_loadu_pd(from)}; }
  static Vector load(const double* from, int n) { return {_mm256_maskload_pd(from, first(n))}; }
  void store(double* to) const { _mm256_storeu_pd(to, lanes); }
  void store(double* to, int n) const { _mm256_maskstore_pd(to, first(n), lanes); }

  friend Vector operator+(Vector a, Vector b) { return {_mm256_add_pd(a.lanes, b.lanes)}; }
  friend Vector operator-(Vector a, Vector b) { return {_mm256_sub_pd(a.lanes, b.lanes)}; }
  friend Vector operator*(Vector a, Vector b) { return {_mm256_mul_pd(a.lanes, b.lanes)}; }
  friend Vector operator/(Vector a, Vector b) { return {_mm256_div_pd(a.lanes, b.lanes)}; }
  friend Vector square_root(Vector a) { return {_mm256_sqrt_pd(a.lanes)}; }
  friend Vector larger(Vector a, Vector b) { return {_mm256_max_pd(a.lanes, b.lanes)}; }
  friend Vector where_greater(Vector a, Vector b, Vector x, Vector y) {
    return {_mm256_blendv_pd(y.lanes, x.lanes, _mm256_cmp_pd(a.lanes, b.lanes, _CMP_GT_OQ))};
  }

  struct Mask {
    __m256d lanes;
    friend Mask operator&(Mask a, Mask b) { return {_mm256_and_pd(a.lanes, b.lanes)}; }
  };
  friend Mask greater(Vector a, Vector b) { return {_mm256_cmp_pd(a.lanes, b.lanes, _CMP_GT_OQ)}; }
  friend Mask not_zero(Vector a) { return {_mm256_cmp_pd(a.lanes, _mm256_setzero_pd(), _CMP_NEQ_OQ)}; }
  friend Vector add_where(Mask mask, Vector a, Vector b) {
    return {_mm256_add_pd(a.lanes, _mm256_and_pd(mask.lanes, b.lanes))};
  }
};

inline void widen(Vector<float> x, Vector<double>* parts) {
  parts[0] = {_mm256_cvtps_pd(_mm256_castps256_ps128(x.lanes))};
  parts[1] = {_mm256_cvtps_pd(_mm256_extractf128_ps(x.lanes, 1))};
}
inline void widen(Vector<double> x, Vector<double>* parts) { parts[0] = x; }

inline float added_by_halves(Vector<float> x) { return added_by_halves(x.lanes); }
inline float largest_by_halves(Vector<float> x) { return largest_by_halves(x.lanes); }

inline Vector<float> load_rounded(const double* from) {
  const __m128 low = _mm256_cvtpd_ps(_mm256_loadu_pd(from));
  const __m128 high = _mm256_cvtpd_ps(_mm256_loadu_pd(from + 4));
  return {_mm256_insertf128_ps(_mm256_castps128_ps256(low), high, 1)};
}

struct Bits {
  __m256i lanes;

  static Bits broadcast(std::uint32_t value) { return {_mm256_set1_epi32(static_cast<int>(value))}; }
  static Bits numbers() { return {_mm256_set_epi32(7, 6, 5, 4, 3, 2, 1, 0)}; }
  static Bits load(const void* from) { return {_mm256_loadu_si256(static_cast<const __m256i*>(from))}; }
  void store(void* to) const { _mm256_storeu_si256(static_cast<__m256i*>(to), lanes); }
  static Bits load8(const std::uint8_t* from) {
    return {_mm256_cvtepu8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(from)))};
  }
  static Bits load16(const void* from) {
    return {_mm256_cvtepu16_epi32(_mm_loadu_si128(static_cast<const __m128i*>(from)))};
  }

  template <int kBy>
  Bits left() const {
    return {_mm256_slli_epi32(lanes, kBy)};
  }
  template <int kBy>
  Bits right() const {
    return {_mm256_srli_epi32(lanes, kBy)};
  }
  template <int kBy>
  Bits right_signed() const {
    return {_mm256_srai_epi32(lanes, kBy)};
  }
  friend Bits operator&(Bits a, Bits b) { return {_mm256_and_si256(a.lanes, b.lanes)}; }
  friend Bits operator|(Bits a, Bits b) { return {_mm256_or_si256(a.lanes, b.lanes)}; }
  friend Bits operator^(Bits a, Bits b) { return {_mm256_xor_si256(a.lanes, b.lanes)}; }
  friend Bits operator+(Bits a, Bits b) { return {_mm256_add_epi32(a.lanes, b.lanes)}; }
  friend Bits operator-(Bits a, Bits b) { return {_mm256_sub_epi32(a.lanes, b.lanes)}; }
  friend Bits operator*(Bits a, Bits b) { return {_mm256_mullo_epi32(a.lanes, b.lanes)}; }
  friend Bits where_greater(Bits a, Bits b, Bits x, Bits y) {
    return {_mm256_blendv_epi8(y.lanes, x.lanes, _mm256_cmpgt_epi32(a.lanes, b.lanes))};
  }
  friend Bits larger(Bits a, Bits b) { return {_mm256_max_epu32(a.lanes, b.lanes)}; }
  std::uint32_t largest() const {
    __m128i four = _mm_max_epu32(_mm256_castsi256_si128(lanes), _mm256_extracti128_si256(lanes, 1));
    four = _mm_max_epu32(four, _mm_shuffle_epi32(four, 0x4e));
    four = _mm_max_epu32(four, _mm_shuffle_epi32(four, 0xb1));
    return static_cast<std::uint32_t>(_mm_cvtsi128_si32(four));
  }
};

inline Bits bits_of(Vector<float> a) { return {_mm256_castps_si256(a.lanes)}; }
inline Vector<float> float_of(Bits a) { return {_mm256_castsi256_ps(a.lanes)}; }

inline Bits lowest8(Bits words) { return words & Bits::broadcast(0xff); }
inline Bits lowest16(Bits words) { return words & Bits::broadcast(0xffff); }

// Packing works within halves, which a permutation then puts in order; and it saturates.
inline void store16(Bits words, void* to) {
  const __m128i low = _mm256_castsi256_si128(words.lanes);
  _mm_storeu_si128(static_cast<__m128i*>(to), _mm_packus_epi32(low, _mm256_extracti128_si256(words.lanes, 1)));
}
inline void store16(Bits first, Bits second, void* to) {
  const __m256i packed = _mm256_packus_epi32(first.lanes, second.lanes);
  _mm256_storeu_si256(static_cast<__m256i*>(to), _mm256_permute4x64_epi64(packed, 0xd8));
}
inline void store8(Bits first, Bits second, std::uint8_t* to) {
  const __m256i words = _mm256_permute4x64_epi64(_mm256_packus_epi32(first.lanes, second.lanes), 0xd8);
  const __m128i low = _mm256_castsi256_si128(words);
  _mm_storeu_si128(reinterpret_cast<__m128i*>(to), _mm_packus_epi16(low, _mm256_extracti128_si256(words, 1)));
}
inline void store_packed(__m256i bytes, std::uint8_t* to) {
  const __m256i order = _mm256_set_epi32(7, 3, 6, 2, 5, 1, 4, 0);
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), _mm256_permutevar8x32_epi32(bytes, order));
}
inline __m256i packed8(const Bits (&x)[kVectorsPerGroup]) {
  const __m256i low = _mm256_packus_epi32(x[0].lanes, x[1].lanes);
  return _mm256_packus_epi16(low, _mm256_packus_epi32(x[2].lanes, x[3].lanes));
}
template <int kLeast>
inline void store8(const Bits (&bytes)[kVectorsPerGroup], std::uint8_t* to) {
  const __m256i packed = packed8(bytes);
  store_packed(kLeast > 0 ? _mm256_max_epu8(packed, _mm256_set1_epi8(kLeast)) : packed, to);
}
inline void store_whole8(const Bits (&x)[kVectorsPerGroup], std::uint8_t* to) {
  const __m256i low = _mm256_packs_epi32(x[0].lanes, x[1].lanes);
  store_packed(_mm256_packs_epi16(low, _mm256_packs_epi32(x[2].lanes, x[3].lanes)), to);
}
inline void store4(const Bits (&low)[kVectorsPerGroup], const Bits (&high)[kVectorsPerGroup], std::uint8_t* to) {
  store_packed(_mm256_or_si256(packed8(low), _mm256_slli_epi16(packed8(high), 4)), to);
}
inline void store_sign8(const Bits (&x)[kVectorsPerGroup], std::uint8_t* to) {
  const auto bytes = [&](int b) {
    const __m256i words = _mm256_packus_epi32(x[b].lanes, x[b + 1].lanes);
    const __m256i signs = _mm256_and_si256(_mm256_srli_epi16(words, 6), _mm256_set1_epi16(0x80));
    return _mm256_or_si256(_mm256_and_si256(words, _mm256_set1_epi16(0x7f)), signs);
  };
  store_packed(_mm256_packus_epi16(bytes(0), bytes(2)), to);
}
inline void store_sign4(const Bits (&low)[kVectorsPerGroup], const Bits (&high)[kVectorsPerGroup], std::uint8_t* to) {
  const auto bytes = [&](int b) {
    const __m256i upper = _mm256_slli_epi16(_mm256_packus_epi32(high[b].lanes, high[b + 1].lanes), 4);
    const __m256i words = _mm256_or_si256(_mm256_packus_epi32(low[b].lanes, low[b + 1].lanes), upper);
    return _mm256_and_si256(_mm256_or_si256(words, _mm256_srli_epi16(words, 7)), _mm256_set1_epi16(0xff));
  };
  store_packed(_mm256_packus_epi16(bytes(0), bytes(2)), to);
}

inline Bits join_high(Bits even, Bits odd) {
  return {_mm256_blend_epi16(_mm256_srli_epi32(even.lanes, 16), odd.lanes, 0xaa)};
}
inline Bits join_low(Bits even, Bits odd) {
  return {_mm256_blend_epi16(even.lanes, _mm256_slli_epi32(odd.lanes, 16), 0xaa)};
}
inline void widen16(Bits both, Bits (&words)[2]) {
  words[0] = {_mm256_cvtepu16_epi32(_mm256_castsi256_si128(both.lanes))};
  words[1] = {_mm256_cvtepu16_epi32(_mm256_extracti128_si256(both.lanes, 1))};
}
inline void separate(Vector<float> (&x)[2]) {
  const __m256d even = _mm256_castps_pd(_mm256_shuffle_ps(x[0].lanes, x[1].lanes, 0x88));
  const __m256d odd = _mm256_castps_pd(_mm256_shuffle_ps(x[0].lanes, x[1].lanes, 0xdd));
  x[0] = {_mm256_castpd_ps(_mm256_permute4x64_pd(even, 0xd8))};
  x[1] = {_mm256_castpd_ps(_mm256_permute4x64_pd(odd, 0xd8))};
}
inline void interleave(Vector<float> (&x)[2]) {
  const __m256 low = _mm256_unpacklo_ps(x[0].lanes, x[1].lanes);
  const __m256 high = _mm256_unpackhi_ps(x[0].lanes, x[1].lanes);
  x[0] = {_mm256_permute2f128_ps(low, high, 0x20)};
  x[1] = {_mm256_permute2f128_ps(low, high, 0x31)};
}

inline Bits to_whole(Vector<float> x) { return {_mm256_cvtps_epi32(x.lanes)}; }

constexpr int kTableSize = 8;
struct Table {
  __m256 values;
  void fill(const float (&from)[kTableSize]) { values = _mm256_loadu_ps(from); }
  Vector<float> at(Bits index) const { return {_mm256_permutevar8x32_ps(values, index.lanes)}; }
};

inline Vector<float> load_signed8(const std::uint8_t* from) {
  const __m128i bytes = _mm_loadl_epi64(reinterpret_cast<const __m128i*>(from));
  return {_mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(bytes))};
}
inline Bits add_unless_nan(Vector<float> x, Bits amount) {
  const __m256i ordered = _mm256_castps_si256(_mm256_cmp_ps(x.lanes, x.lanes, _CMP_ORD_Q));
  return {_mm256_add_epi32(_mm256_castps_si256(x.lanes), _mm256_and_si256(ordered, amount.lanes))};
}

}  // namespace
}  // namespace adamas
