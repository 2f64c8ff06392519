// 128-bit vectors of aarch64. The compare-and-select of larger() is spelt out: FMAX treats NaN otherwise.
#pragma once

#include <arm_neon.h>

namespace adamas {
namespace {

constexpr int kVectorsPerBlock = 1;

template <class T>
struct Vector;

template <>
struct Vector<float> {
  using Lane = float;
  static constexpr int kLanes = 4;
  float32x4_t lanes;

  static Vector broadcast(float value) { return {vdupq_n_f32(value)}; }
  static Vector load(const float* from) { return {vld1q_f32(from)}; }
  static Vector load(const float* from, int n) {
    float padded[kLanes] = {};
    for (int i = 0; i < n; ++i) padded[i] = from[i];
    return load(padded);
  }
  void store(float* to) const { vst1q_f32(to, lanes); }
  void store(float* to, int n) const {
    float padded[kLanes];
    store(padded);
    for (int i = 0; i < n; ++i) to[i] = padded[i];
  }

  void add_squares(double* sums) const {
    const float64x2_t low = vcvt_f64_f32(vget_low_f32(lanes));
    const float64x2_t high = vcvt_high_f64_f32(lanes);
    vst1q_f64(sums, vaddq_f64(vld1q_f64(sums), vmulq_f64(low, low)));
    vst1q_f64(sums + 2, vaddq_f64(vld1q_f64(sums + 2), vmulq_f64(high, high)));
  }

  friend Vector operator+(Vector a, Vector b) { return {vaddq_f32(a.lanes, b.lanes)}; }
  friend Vector operator-(Vector a, Vector b) { return {vsubq_f32(a.lanes, b.lanes)}; }
  friend Vector operator*(Vector a, Vector b) { return {vmulq_f32(a.lanes, b.lanes)}; }
  friend Vector operator/(Vector a, Vector b) { return {vdivq_f32(a.lanes, b.lanes)}; }
  friend Vector square_root(Vector a) { return {vsqrtq_f32(a.lanes)}; }
  friend Vector where_greater(Vector a, Vector b, Vector x, Vector y) {
    return {vbslq_f32(vcgtq_f32(a.lanes, b.lanes), x.lanes, y.lanes)};
  }
  friend Vector larger(Vector a, Vector b) { return where_greater(a, b, a, b); }
};

template <>
struct Vector<double> {
  using Lane = double;
  static constexpr int kLanes = 2;
  float64x2_t lanes;

  static Vector broadcast(double value) { return {vdupq_n_f64(value)}; }
  static Vector load(const double* from) { return {vld1q_f64(from)}; }
  static Vector load(const double* from, int) { return {vld1q_lane_f64(from, vdupq_n_f64(0.0), 0)}; }
  void store(double* to) const { vst1q_f64(to, lanes); }
  void store(double* to, int) const { vst1q_lane_f64(to, lanes, 0); }

  void add_squares(double* sums) const { vst1q_f64(sums, vaddq_f64(vld1q_f64(sums), vmulq_f64(lanes, lanes))); }

  friend Vector operator+(Vector a, Vector b) { return {vaddq_f64(a.lanes, b.lanes)}; }
  friend Vector operator-(Vector a, Vector b) { return {vsubq_f64(a.lanes, b.lanes)}; }
  friend Vector operator*(Vector a, Vector b) { return {vmulq_f64(a.lanes, b.lanes)}; }
  friend Vector operator/(Vector a, Vector b) { return {vdivq_f64(a.lanes, b.lanes)}; }
  friend Vector square_root(Vector a) { return {vsqrtq_f64(a.lanes)}; }
  friend Vector where_greater(Vector a, Vector b, Vector x, Vector y) {
    return {vbslq_f64(vcgtq_f64(a.lanes, b.lanes), x.lanes, y.lanes)};
  }
  friend Vector larger(Vector a, Vector b) { return where_greater(a, b, a, b); }
};

}  // namespace
}  // namespace adamas
