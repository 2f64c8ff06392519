// 256-bit vectors; needs AVX2 alone (no FMA: products and sums are rounded apart).
#pragma once

#include <immintrin.h>

namespace adamas {
namespace {

// More would not fit into 16 registers; measured: slower.
constexpr int kVectorsPerBlock = 1;

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

  void add_squares(double* sums) const {
    const __m256d low = _mm256_cvtps_pd(_mm256_castps256_ps128(lanes));
    const __m256d high = _mm256_cvtps_pd(_mm256_extractf128_ps(lanes, 1));
    _mm256_storeu_pd(sums, _mm256_add_pd(_mm256_loadu_pd(sums), _mm256_mul_pd(low, low)));
    _mm256_storeu_pd(sums + 4, _mm256_add_pd(_mm256_loadu_pd(sums + 4), _mm256_mul_pd(high, high)));
  }

  friend Vector operator+(Vector a, Vector b) { return {_mm256_add_ps(a.lanes, b.lanes)}; }
  friend Vector operator-(Vector a, Vector b) { return {_mm256_sub_ps(a.lanes, b.lanes)}; }
  friend Vector operator*(Vector a, Vector b) { return {_mm256_mul_ps(a.lanes, b.lanes)}; }
  friend Vector operator/(Vector a, Vector b) { return {_mm256_div_ps(a.lanes, b.lanes)}; }
  friend Vector square_root(Vector a) { return {_mm256_sqrt_ps(a.lanes)}; }
  friend Vector larger(Vector a, Vector b) { return {_mm256_max_ps(a.lanes, b.lanes)}; }
  friend Vector where_greater(Vector a, Vector b, Vector x, Vector y) {
    return {_mm256_blendv_ps(y.lanes, x.lanes, _mm256_cmp_ps(a.lanes, b.lanes, _CMP_GT_OQ))};
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

  void add_squares(double* sums) const {
    _mm256_storeu_pd(sums, _mm256_add_pd(_mm256_loadu_pd(sums), _mm256_mul_pd(lanes, lanes)));
  }

  friend Vector operator+(Vector a, Vector b) { return {_mm256_add_pd(a.lanes, b.lanes)}; }
  friend Vector operator-(Vector a, Vector b) { return {_mm256_sub_pd(a.lanes, b.lanes)}; }
  friend Vector operator*(Vector a, Vector b) { return {_mm256_mul_pd(a.lanes, b.lanes)}; }
  friend Vector operator/(Vector a, Vector b) { return {_mm256_div_pd(a.lanes, b.lanes)}; }
  friend Vector square_root(Vector a) { return {_mm256_sqrt_pd(a.lanes)}; }
  friend Vector larger(Vector a, Vector b) { return {_mm256_max_pd(a.lanes, b.lanes)}; }
  friend Vector where_greater(Vector a, Vector b, Vector x, Vector y) {
    return {_mm256_blendv_pd(y.lanes, x.lanes, _mm256_cmp_pd(a.lanes, b.lanes, _CMP_GT_OQ))};
  }
};

}  // namespace
}  // namespace adamas
