// 128-bit vectors of aarch64. The compare-and-select of larger() is spelt out: FMAX treats NaN otherwise.
#pragma once

#include <arm_neon.h>

#include <cstddef>
#include <cstdint>

#include "simd/group.hpp"

namespace adamas {
namespace {

constexpr int kVectorsPerBlock = 1;

constexpr std::size_t kAheadOfCodes = 0;
constexpr bool kPipelined = true;

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

  friend Vector operator+(Vector a, Vector b) { return {vaddq_f32(a.lanes, b.lanes)}; }
  friend Vector operator-(Vector a, Vector b) { return {vsubq_f32(a.lanes, b.lanes)}; }
  friend Vector operator*(Vector a, Vector b) { return {vmulq_f32(a.lanes, b.lanes)}; }
  friend Vector operator/(Vector a, Vector b) { return {vdivq_f32(a.lanes, b.lanes)}; }
  friend Vector square_root(Vector a) { return {vsqrtq_f32(a.lanes)}; }
  friend Vector where_greater(Vector a, Vector b, Vector x, Vector y) {
    return {vbslq_f32(vcgtq_f32(a.lanes, b.lanes), x.lanes, y.lanes)};
  }
  friend Vector larger(Vector a, Vector b) { return where_greater(a, b, a, b); }

  struct Mask {
    uint32x4_t lanes;
    friend Mask operator&(Mask a, Mask b) { return {vandq_u32(a.lanes, b.lanes)}; }
  };
  friend Mask greater(Vector a, Vector b) { return {vcgtq_f32(a.lanes, b.lanes)}; }
  friend Mask not_zero(Vector a) { return {vcagtq_f32(a.lanes, vdupq_n_f32(0))}; }
  friend Vector add_where(Mask mask, Vector a, Vector b) {
    return {vaddq_f32(a.lanes, vreinterpretq_f32_u32(vandq_u32(mask.lanes, vreinterpretq_u32_f32(b.lanes))))};
  }
};

template <>
struct Vector<double> {
  using Lane = double;
  static constexpr int kLanes = 2;
  float64x2_t lanes;

  static Vector broadcast(double value) { return {vdupq_n_f64(value)}; }
  static Vector load(const double* from) { return {vld1q_f64(from)}; }
  static Vector load(const double* from, int n) {
    return n == kLanes ? load(from) : Vector{vld1q_lane_f64(from, vdupq_n_f64(0.0), 0)};
  }
  void store(double* to) const { vst1q_f64(to, lanes); }
  void store(double* to, int) const { vst1q_lane_f64(to, lanes, 0); }

  friend Vector operator+(Vector a, Vector b) { return {vaddq_f64(a.lanes, b.lanes)}; }
  friend Vector operator-(Vector a, Vector b) { return {vsubq_f64(a.lanes, b.lanes)}; }
  friend Vector operator*(Vector a, Vector b) { return {vmulq_f64(a.lanes, b.lanes)}; }
  friend Vector operator/(Vector a, Vector b) { return {vdivq_f64(a.lanes, b.lanes)}; }
  friend Vector square_root(Vector a) { return {vsqrtq_f64(a.lanes)}; }
  friend Vector where_greater(Vector a, Vector b, Vector x, Vector y) {
    return {vbslq_f64(vcgtq_f64(a.lanes, b.lanes), x.lanes, y.lanes)};
  }
  friend Vector larger(Vector a, Vector b) { return where_greater(a, b, a, b); }

  struct Mask {
    uint64x2_t lanes;
    friend Mask operator&(Mask a, Mask b) { return {vandq_u64(a.lanes, b.lanes)}; }
  };
  friend Mask greater(Vector a, Vector b) { return {vcgtq_f64(a.lanes, b.lanes)}; }
  friend Mask not_zero(Vector a) { return {vcagtq_f64(a.lanes, vdupq_n_f64(0))}; }
  friend Vector add_where(Mask mask, Vector a, Vector b) {
    return {vaddq_f64(a.lanes, vreinterpretq_f64_u64(vandq_u64(mask.lanes, vreinterpretq_u64_f64(b.lanes))))};
  }
};

inline void widen(Vector<float> x, Vector<double>* parts) {
  parts[0] = {vcvt_f64_f32(vget_low_f32(x.lanes))};
  parts[1] = {vcvt_high_f64_f32(x.lanes)};
}
inline void widen(Vector<double> x, Vector<double>* parts) { parts[0] = x; }

// Lanes joined by halves: the upper two with the lower two, and so on.
inline float added_by_halves(Vector<float> x) {
  const float32x2_t y = vadd_f32(vget_low_f32(x.lanes), vget_high_f32(x.lanes));
  return vget_lane_f32(y, 0) + vget_lane_f32(y, 1);
}
inline float largest_by_halves(Vector<float> x) { return vmaxvq_f32(x.lanes); }

inline Vector<float> load_rounded(const double* from) {
  return {vcvt_high_f32_f64(vcvt_f32_f64(vld1q_f64(from)), vld1q_f64(from + 2))};
}

struct Bits {
  uint32x4_t lanes;

  static Bits broadcast(std::uint32_t value) { return {vdupq_n_u32(value)}; }
  static Bits numbers() {
    const std::uint32_t values[4] = {0, 1, 2, 3};
    return {vld1q_u32(values)};
  }
  static Bits load(const void* from) {
    return {vreinterpretq_u32_u8(vld1q_u8(static_cast<const std::uint8_t*>(from)))};
  }
  void store(void* to) const { vst1q_u8(static_cast<std::uint8_t*>(to), vreinterpretq_u8_u32(lanes)); }
  static Bits load8(const std::uint8_t* from) {
    std::uint32_t word;
    __builtin_memcpy(&word, from, sizeof word);
    return {vmovl_u16(vget_low_u16(vmovl_u8(vcreate_u8(word))))};
  }
  static Bits load16(const void* from) { return {vmovl_u16(vld1_u16(static_cast<const std::uint16_t*>(from)))}; }

  template <int kBy>
  Bits left() const {
    return {vshlq_n_u32(lanes, kBy)};
  }
  template <int kBy>
  Bits right() const {
    return {vshrq_n_u32(lanes, kBy)};
  }
  template <int kBy>
  Bits right_signed() const {
    return {vreinterpretq_u32_s32(vshrq_n_s32(vreinterpretq_s32_u32(lanes), kBy))};
  }
  friend Bits operator&(Bits a, Bits b) { return {vandq_u32(a.lanes, b.lanes)}; }
  friend Bits operator|(Bits a, Bits b) { return {vorrq_u32(a.lanes, b.lanes)}; }
  friend Bits operator^(Bits a, Bits b) { return {veorq_u32(a.lanes, b.lanes)}; }
  friend Bits operator+(Bits a, Bits b) { return {vaddq_u32(a.lanes, b.lanes)}; }
  friend Bits operator-(Bits a, Bits b) { return {vsubq_u32(a.lanes, b.lanes)}; }
  friend Bits operator*(Bits a, Bits b) { return {vmulq_u32(a.lanes, b.lanes)}; }
  friend Bits where_greater(Bits a, Bits b, Bits x, Bits y) {
    const uint32x4_t greater = vcgtq_s32(vreinterpretq_s32_u32(a.lanes), vreinterpretq_s32_u32(b.lanes));
    return {vbslq_u32(greater, x.lanes, y.lanes)};
  }
  friend Bits larger(Bits a, Bits b) { return {vmaxq_u32(a.lanes, b.lanes)}; }
  std::uint32_t largest() const { return vmaxvq_u32(lanes); }
};

inline Bits bits_of(Vector<float> a) { return {vreinterpretq_u32_f32(a.lanes)}; }
inline Vector<float> float_of(Bits a) { return {vreinterpretq_f32_u32(a.lanes)}; }

inline Bits lowest8(Bits words) { return words; }
inline Bits lowest16(Bits words) { return words; }
inline void store16(Bits words, void* to) { vst1_u16(static_cast<std::uint16_t*>(to), vmovn_u32(words.lanes)); }
inline uint16x8_t packed16(Bits first, Bits second) { return vmovn_high_u32(vmovn_u32(first.lanes), second.lanes); }
inline void store16(Bits first, Bits second, void* to) {
  vst1q_u16(static_cast<std::uint16_t*>(to), packed16(first, second));
}
inline void store8(Bits first, Bits second, std::uint8_t* to) { vst1_u8(to, vmovn_u16(packed16(first, second))); }
inline uint8x16_t packed8(const Bits (&x)[kVectorsPerGroup]) {
  return vmovn_high_u16(vmovn_u16(packed16(x[0], x[1])), packed16(x[2], x[3]));
}
template <int kLeast>
inline void store8(const Bits (&bytes)[kVectorsPerGroup], std::uint8_t* to) {
  vst1q_u8(to, kLeast > 0 ? vmaxq_u8(packed8(bytes), vdupq_n_u8(kLeast)) : packed8(bytes));
}
inline void store_whole8(const Bits (&x)[kVectorsPerGroup], std::uint8_t* to) { store8<0>(x, to); }
inline void store4(const Bits (&low)[kVectorsPerGroup], const Bits (&high)[kVectorsPerGroup], std::uint8_t* to) {
  const auto packed = [](const Bits(&x)[kVectorsPerGroup]) {
    const auto words = [](Bits a, Bits b) {
      const uint16x4_t first = vqmovun_s32(vreinterpretq_s32_u32(a.lanes));
      return vqmovun_high_s32(first, vreinterpretq_s32_u32(b.lanes));
    };
    return vmovn_high_u16(vmovn_u16(words(x[0], x[1])), words(x[2], x[3]));
  };
  vst1q_u8(to, vsliq_n_u8(packed(low), packed(high), 4));
}
inline void store_sign8(const Bits (&x)[kVectorsPerGroup], std::uint8_t* to) {
  const auto bytes = [&](int b) {
    const uint16x8_t words = packed16(x[b], x[b + 1]);
    const uint16x8_t signs = vandq_u16(vshrq_n_u16(words, 6), vdupq_n_u16(0x80));
    return vmovn_u16(vorrq_u16(vandq_u16(words, vdupq_n_u16(0x7f)), signs));
  };
  vst1q_u8(to, vcombine_u8(bytes(0), bytes(2)));
}
inline void store_sign4(const Bits (&low)[kVectorsPerGroup], const Bits (&high)[kVectorsPerGroup], std::uint8_t* to) {
  const auto bytes = [&](int b) {
    const uint16x8_t upper = vshlq_n_u16(packed16(high[b], high[b + 1]), 4);
    const uint16x8_t words = vorrq_u16(packed16(low[b], low[b + 1]), upper);
    return vmovn_u16(vorrq_u16(words, vshrq_n_u16(words, 7)));
  };
  vst1q_u8(to, vcombine_u8(bytes(0), bytes(2)));
}

inline Bits join_high(Bits even, Bits odd) { return {vsriq_n_u32(odd.lanes, even.lanes, 16)}; }
inline Bits join_low(Bits even, Bits odd) { return {vsliq_n_u32(even.lanes, odd.lanes, 16)}; }
inline void widen16(Bits both, Bits (&words)[2]) {
  const uint16x8_t halves = vreinterpretq_u16_u32(both.lanes);
  words[0] = {vmovl_u16(vget_low_u16(halves))};
  words[1] = {vmovl_high_u16(halves)};
}
inline void separate(Vector<float> (&x)[2]) {
  const float32x4_t first = x[0].lanes;
  x[0] = {vuzp1q_f32(first, x[1].lanes)};
  x[1] = {vuzp2q_f32(first, x[1].lanes)};
}
inline void interleave(Vector<float> (&x)[2]) {
  const float32x4_t first = x[0].lanes;
  x[0] = {vzip1q_f32(first, x[1].lanes)};
  x[1] = {vzip2q_f32(first, x[1].lanes)};
}

inline Bits to_whole(Vector<float> x) { return {vreinterpretq_u32_s32(vcvtnq_s32_f32(x.lanes))}; }

constexpr int kTableSize = 16;
struct Table {
  uint8x16x4_t bytes;
  void fill(const float (&from)[kTableSize]) {
    for (int b = 0; b < 4; ++b) bytes.val[b] = vreinterpretq_u8_f32(vld1q_f32(from + 4 * b));
  }
  Vector<float> at(Bits index) const {
    const Bits first = (index & Bits::broadcast(kTableSize - 1)) * Bits::broadcast(0x04040404);  // byte of each float
    const Bits places = first + Bits::broadcast(0x03020100);
    return {vreinterpretq_f32_u8(vqtbl4q_u8(bytes, vreinterpretq_u8_u32(places.lanes)))};
  }
};

inline Vector<float> load_signed8(const std::uint8_t* from) {
  std::uint32_t word;
  __builtin_memcpy(&word, from, sizeof word);
  const int16x8_t words = vmovl_s8(vreinterpret_s8_u8(vcreate_u8(word)));
  return {vcvtq_f32_s32(vmovl_s16(vget_low_s16(words)))};
}
inline Bits add_unless_nan(Vector<float> x, Bits amount) {
  const uint32x4_t ordered = vceqq_f32(x.lanes, x.lanes);
  return {vaddq_u32(vreinterpretq_u32_f32(x.lanes), vandq_u32(ordered, amount.lanes))};
}

}  // namespace
}  // namespace adamas
