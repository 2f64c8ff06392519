// Measures of one piece of a parameter in an observed step: what adamas/observation.hpp lists, granule by granule. It
// is done after the piece has been updated, while all of it is in cache, and is the same for every rule.
//
// Counts are whole numbers, and largest magnitudes need no order. Sums have a fixed order: those over a granule are in
// the compute type, as far as its range allows it, and those of granules in float64.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <type_traits>

#include <adamas/observation.hpp>

#include "kernel/observe_sums.hpp"
#include "kernel/table.hpp"
#include "rules/rule.hpp"

namespace adamas {
namespace {

// Infinities and NaN are looked for where a sum of squares tells that there are some. A granule that does not end with
// a group of 16 elements is padded with zeros, which add nothing.
template <class T>
class ObservedGranule {
 public:
  ObservedGranule(const ObservedPiece& piece, std::size_t begin, std::size_t end)
      : piece_(piece),
        count_(end - begin),
        padded_count_((count_ + kVirtualLanes - 1) / kVirtualLanes * kVirtualLanes) {
    const void* const given[kArrays] = {piece.grad,   piece.before,        piece.after,
                                        piece.moment, piece.second_before, piece.second_after};
    for (std::size_t k = 0; k < kArrays; ++k) {
      if (given[k] != nullptr) arrays_[k] = static_cast<const T*>(given[k]) + begin;
    }
    next_ = begin / kVirtualLanes;
  }

  __attribute__((noinline)) void observe(Observation& out) {
    alignas(64) T padded[kArrays][kGranule];
    if (count_ != padded_count_) pad(padded);
    out.count = static_cast<double>(count_);
    observe_sums<T>(out);
    complete(out);
  }

  // The rest, and anew what cannot be told from sums in T.
  __attribute__((noinline)) void complete(Observation& out) {
    out.grad_nonfinite = out.grad_clipped = out.param_nonfinite = 0.0;
    out.moment_lost = std::numeric_limits<double>::quiet_NaN();
    if constexpr (std::is_same_v<T, float>) {
      if (!are_good(out, arrays_[kMoment] != nullptr)) observe_sums<double>(out);
    }
    if (!(std::isfinite(out.grad_square) && std::isfinite(out.update_square) && std::isfinite(out.param_square))) {
      observe_nonfinite(out);
    }
    if (piece_.limit < std::numeric_limits<double>::infinity()) observe_clipped(out);
    if (arrays_[kSecondBefore] != nullptr) observe_lost(out);
  }

 private:
  using V = Vector<T>;
  static constexpr std::size_t kLanes = V::kLanes;

  enum : std::size_t { kGrad, kBefore, kAfter, kMoment, kSecondBefore, kSecondAfter, kArrays };

  __attribute__((noinline)) void pad(T (&padded)[kArrays][kGranule]) {
    for (std::size_t k = 0; k < kArrays; ++k) {
      if (arrays_[k] == nullptr) continue;
      std::memcpy(padded[k], arrays_[k], count_ * sizeof(T));
      std::memset(padded[k] + count_, 0, (padded_count_ - count_) * sizeof(T));
      arrays_[k] = padded[k];
    }
  }

  // Calls work(i, Index<b>) for vector b of each group of 16 elements.
  template <class Work>
  ADAMAS_INLINE void for_each(Work work) const {
    for (std::size_t i = 0, count = padded_count_; i < count; i += kVirtualLanes) {
      repeat<static_cast<int>(kVirtualLanes / kLanes)>(
          [&](auto b) ADAMAS_INLINE_LAMBDA { work(i + static_cast<std::size_t>(b) * kLanes, b); });
    }
  }

  static ADAMAS_INLINE V zero() { return V::broadcast(0); }
  static ADAMAS_INLINE V one_where_greater(V a, V b) { return where_greater(a, b, V::broadcast(1), zero()); }
  static ADAMAS_INLINE V one_where_finite(V magnitude) {
    return one_where_greater(V::broadcast(std::numeric_limits<T>::infinity()), magnitude);
  }
  static ADAMAS_INLINE V one_where_not_zero(V grad) { return one_where_greater(magnitude(grad), zero()); }
  V at(std::size_t which, std::size_t i) const { return V::load(arrays_[which] + i); }

  // All but what is counted below, with sums in `Lane`. Meanwhile, arrays of the next piece come from memory.
  template <class Lane>
  ADAMAS_INLINE void observe_sums(Observation& out) const {
    const T* const grads = arrays_[kGrad];
    const T* const befores = arrays_[kBefore];
    const T* const afters = arrays_[kAfter];
    const bool has_second = arrays_[kSecondAfter] != nullptr;
    const T* const seconds = has_second ? arrays_[kSecondAfter] : befores;  // where nobody asks, any array will do
    const T* const moments = arrays_[kMoment] != nullptr ? arrays_[kMoment] : befores;
    const char* next[ObservedPiece::kMostFetched];
    std::size_t step[ObservedPiece::kMostFetched];
    for (std::size_t k = 0; k < ObservedPiece::kMostFetched; ++k) {
      step[k] = piece_.fetched[k].step;
      next[k] = reinterpret_cast<const char*>(piece_.fetched[k].next + next_ * step[k]);
    }
    const ObservedScales<T> scales(piece_);
    ObservedSums<T, Lane> sums;
    for_each([&](std::size_t i, auto b) ADAMAS_INLINE_LAMBDA {
      constexpr std::size_t kLane = decltype(b)::value * kLanes;
      if constexpr (kLane == 0) {
        repeat<ObservedPiece::kMostFetched>([&](auto k) ADAMAS_INLINE_LAMBDA {
          __builtin_prefetch(next[k]);
          if constexpr (sizeof(T) == sizeof(double)) __builtin_prefetch(next[k] + kCacheLine);
          next[k] += step[k];
        });
      }
      sums.template add<kLane>(V::load(grads + i), V::load(befores + i), V::load(afters + i), V::load(moments + i),
                               V::load(seconds + i), scales);
    });
    sums.store(arrays_[kMoment] != nullptr, has_second && piece_.floor >= 0.0, out);
  }

  // Rarely needed: where something is infinite or NaN. Not inlined, as the next two.
  __attribute__((noinline)) void observe_nonfinite(Observation& out) const {
    const V scale = V::broadcast(static_cast<T>(piece_.grad_scale));
    V zeros = zero();
    V finite_grads = zero();
    V finite_params = zero();
    V flushed = zero();
    for_each([&](std::size_t i, auto) ADAMAS_INLINE_LAMBDA {
      const V given = at(kGrad, i);
      const V after = at(kAfter, i);
      const V change = magnitude(after - at(kBefore, i));
      const V number = one_where_greater(magnitude(given), V::broadcast(-1));
      const V moves = one_where_not_zero(given);
      zeros = zeros + where_greater(moves, zero(), zero(), number);
      finite_grads = finite_grads + one_where_finite(magnitude(given * scale));
      finite_params = finite_params + one_where_finite(magnitude(after));
      const V moves_if_finite = where_greater(one_where_finite(change), zero(), moves, zero());
      flushed = flushed + where_greater(change, zero(), zero(), moves_if_finite);
    });
    out.grad_zero = count_of(zeros) - static_cast<double>(padded_count_ - count_);
    out.grad_nonfinite = static_cast<double>(padded_count_) - count_of(finite_grads);
    out.param_nonfinite = static_cast<double>(padded_count_) - count_of(finite_params);
    out.update_flushed = count_of(flushed);
  }

  __attribute__((noinline)) void observe_clipped(Observation& out) const {
    const V scale = V::broadcast(static_cast<T>(piece_.clip_scale));
    const V limit = V::broadcast(static_cast<T>(piece_.limit));
    V clipped = zero();
    for_each([&](std::size_t i, auto) ADAMAS_INLINE_LAMBDA {
      clipped = clipped + one_where_greater(magnitude(at(kGrad, i) * scale), limit);
    });
    out.grad_clipped = count_of(clipped);
  }

  __attribute__((noinline)) void observe_lost(Observation& out) const {
    V lost = zero();
    for_each([&](std::size_t i, auto) ADAMAS_INLINE_LAMBDA {
      const V moves = one_where_not_zero(at(kGrad, i));
      const V before = at(kSecondBefore, i);
      const V after = at(kSecondAfter, i);
      lost = lost + where_greater(after, before, zero(), where_greater(before, after, zero(), moves));
    });
    out.moment_lost = count_of(lost);
  }

  const ObservedPiece& piece_;
  std::size_t count_;
  std::size_t padded_count_;
  std::size_t next_;
  const T* arrays_[kArrays] = {};
};

template <class T>
void observe(const ObservedPiece& piece, std::size_t begin, std::size_t end, Observation* out) {
  for (std::size_t granule = begin; granule < end; granule += kGranule) {
    ObservedGranule<T>(piece, granule, std::min(end, granule + kGranule)).observe(out[granule / kGranule]);
  }
}

}  // namespace
}  // namespace adamas
