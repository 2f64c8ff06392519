// Many steps of Adam without a gradient at once (engine/sparse/row_history.hpp says what the numbers mean):
//
//   p <- keep * p - m * F(sqrt(v)),   m <- momentum * m,   v <- second * v
//   F(u) = sum over the steps of weight_j / (u * scale_j + eps_j)
#pragma once

#include "kernel/table.hpp"
#include "simd/inline.hpp"

namespace adamas {
namespace {

// F, as a series: with r = threshold / (u + threshold), it is (M_0 - r (M_1 - r (M_2 - ...))) / (u + threshold).
struct SeriesOfSteps {
  using V = Vector<float>;
  explicit SeriesOfSteps(const CatchUp& c) : threshold(V::broadcast(static_cast<float>(c.threshold))) {
    for (int k = 0; k < kCatchUpMoments; ++k) moments[k] = V::broadcast(static_cast<float>(c.moments[k]));
  }
  ADAMAS_INLINE V operator()(V u) const {
    const V inverse = V::broadcast(1.0f) / (u + threshold);
    const V r = threshold * inverse;
    V sum = moments[kCatchUpMoments - 1];
    for (int k = kCatchUpMoments - 2; k >= 0; --k) sum = moments[k] - r * sum;
    return sum * inverse;
  }
  V threshold;
  V moments[kCatchUpMoments];
};

// F, step by step.
struct SumOfSteps {
  using V = Vector<float>;
  ADAMAS_INLINE V operator()(V u) const {
    V sum = V::broadcast(0.0f);
    for (std::size_t k = 0; k < c.step_count; ++k) {
      const CatchUpStep& step = c.steps[k];
      sum = sum + V::broadcast(step.weight) / (u * V::broadcast(step.scale) + V::broadcast(step.eps));
    }
    return sum;
  }
  const CatchUp& c;
};

template <class F>
void catch_up_with(const F& f, const CatchUp& c, float* param, float* exp_avg, float* exp_avg_sq, std::size_t size) {
  using V = Vector<float>;
  const V keep = V::broadcast(static_cast<float>(c.keep));
  const V momentum = V::broadcast(static_cast<float>(c.momentum));
  const V second = V::broadcast(static_cast<float>(c.second));
  const auto update = [&](std::size_t i, auto... lanes) ADAMAS_INLINE_LAMBDA {
    const V m = V::load(exp_avg + i, lanes...);
    const V v = V::load(exp_avg_sq + i, lanes...);
    const V p = V::load(param + i, lanes...);
    (p * keep - m * f(square_root(v))).store(param + i, lanes...);
    (m * momentum).store(exp_avg + i, lanes...);
    (v * second).store(exp_avg_sq + i, lanes...);
  };
  std::size_t i = 0;
  for (; i + V::kLanes <= size; i += V::kLanes) update(i);
  if (i < size) update(i, static_cast<int>(size - i));
}

// Is the series good for all elements? Those whose first moment is zero do not move.
inline bool is_series_good(const CatchUp& c, const float* exp_avg, const float* exp_avg_sq, std::size_t size) {
  using V = Vector<float>;
  const V zero = V::broadcast(0.0f);
  const V limit = V::broadcast(static_cast<float>(c.least_square));
  V bad = zero;
  const auto check = [&](std::size_t i, auto... lanes) ADAMAS_INLINE_LAMBDA {
    const V m = V::load(exp_avg + i, lanes...);
    const V moves = where_greater(m, zero, limit, where_greater(zero, m, limit, zero));
    bad = where_greater(moves, V::load(exp_avg_sq + i, lanes...), V::broadcast(1.0f), bad);
  };
  std::size_t i = 0;
  for (; i + V::kLanes <= size; i += V::kLanes) check(i);
  if (i < size) check(i, static_cast<int>(size - i));
  float lanes[V::kLanes];
  bad.store(lanes);
  for (const float lane : lanes) {
    if (lane > 0.0f) return false;
  }
  return true;
}

inline void catch_up(const CatchUp& c, float* param, float* exp_avg, float* exp_avg_sq, std::size_t size) {
  if (c.step_count == 0 || is_series_good(c, exp_avg, exp_avg_sq, size)) {
    return catch_up_with(SeriesOfSteps(c), c, param, exp_avg, exp_avg_sq, size);
  }
  catch_up_with(SumOfSteps{c}, c, param, exp_avg, exp_avg_sq, size);
}

}  // namespace
}  // namespace adamas
