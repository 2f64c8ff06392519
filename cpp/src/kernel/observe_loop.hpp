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

#include "formats/block_states.hpp"
#include "kernel/square_sum.hpp"
#include "kernel/table.hpp"
#include "rules/rule.hpp"

namespace adamas {
namespace {

// A sum of products over the elements of one granule, in `Lane`: element i goes to virtual lane i mod 16, in order, and
// the lanes are added by halves: lanes 8 to 15 to lanes 0 to 7, 4 to 7 to 0 to 3, and so on.
template <class Lane>
class HalvedSum {
 public:
  template <std::size_t kFirst, class T>
  ADAMAS_INLINE void add(Vector<T> a, Vector<T> b) {
    if constexpr (std::is_same_v<T, Lane>) {
      V& sum = sums_[kFirst / V::kLanes];
      sum = sum + a * b;
    } else {
      constexpr std::size_t kParts = Vector<T>::kLanes / V::kLanes;
      V parts_of_a[kParts];
      V parts_of_b[kParts];
      widen(a, parts_of_a);
      widen(b, parts_of_b);
      for (std::size_t k = 0; k < kParts; ++k) {
        V& sum = sums_[kFirst / V::kLanes + k];
        sum = sum + parts_of_a[k] * parts_of_b[k];
      }
    }
  }

  ADAMAS_INLINE double total() const {
    V sums[kVectors];
    for (std::size_t k = 0; k < kVectors; ++k) sums[k] = sums_[k];
    for (std::size_t half = kVectors / 2; half > 0; half /= 2) {
      for (std::size_t k = 0; k < half; ++k) sums[k] = sums[k] + sums[k + half];
    }
    Lane lanes[V::kLanes];
    sums[0].store(lanes);
    for (std::size_t half = V::kLanes / 2; half > 0; half /= 2) {
      for (std::size_t k = 0; k < half; ++k) lanes[k] += lanes[k + half];
    }
    return static_cast<double>(lanes[0]);
  }

 private:
  using V = Vector<Lane>;
  static constexpr std::size_t kVectors = kVirtualLanes / V::kLanes;
  V sums_[kVectors] = {};
};

// All lanes of a vector as one number, by halves: so that few operations wait for one another.
template <class V, class Join>
ADAMAS_INLINE double joined_lanes(V x, Join join) {
  typename V::Lane lanes[V::kLanes];
  x.store(lanes);
  for (std::size_t half = V::kLanes / 2; half > 0; half /= 2) {
    for (std::size_t k = 0; k < half; ++k) lanes[k] = join(lanes[k], lanes[k + half]);
  }
  return static_cast<double>(lanes[0]);
}

template <class V>
ADAMAS_INLINE double lanes_added(V ones) {
  using T = typename V::Lane;
  return joined_lanes(ones, [](T a, T b) ADAMAS_INLINE_LAMBDA { return a + b; });
}

template <class V>
ADAMAS_INLINE double largest_lane(V magnitudes) {
  using T = typename V::Lane;
  return joined_lanes(magnitudes, [](T a, T b) ADAMAS_INLINE_LAMBDA { return a > b ? a : b; });
}

// Counts are sums of ones, in vectors of T: there are few enough for float32 to be exact. Infinities and NaN are looked
// for where a sum of squares tells that there are some. A granule that does not end with a group of 16 elements is
// padded with zeros, which add nothing.
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

  void observe(Observation& out) {
    constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
    alignas(64) T padded[kArrays][kGranule];
    if (count_ != padded_count_) pad(padded);
    out.count = static_cast<double>(count_);
    out.grad_nonfinite = out.grad_clipped = out.param_nonfinite = 0.0;
    out.moment_square = out.moment_product = out.below_eps = out.moment_lost = kNan;
    observe_sums<T>(out);
    if constexpr (std::is_same_v<T, float>) {
      if (!are_good(out)) observe_sums<double>(out);
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

  // The floor in T: one that is too small for it is a floor all the same, and squares that have become zero are below
  // it.
  V floor() const {
    const double most = static_cast<double>(std::numeric_limits<T>::max());
    const T least = piece_.floor > 0.0 ? std::numeric_limits<T>::denorm_min() : T{0};
    return V::broadcast(std::max(static_cast<T>(std::min(piece_.floor, most)), least));
  }

  // Squares of float32 may have vanished, or been too large. Between these there are neither, but for those that are
  // nothing beside the sum.
  bool are_good(const Observation& sums) const {
    const auto is_good = [](double sum) { return sum > 0x1p-84 && sum < 0x1p100; };
    return is_good(sums.grad_square) && is_good(sums.update_square) && is_good(sums.param_square) &&
           (arrays_[kMoment] == nullptr || is_good(sums.moment_square));
  }

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
    const V scale = V::broadcast(static_cast<T>(piece_.grad_scale));
    const V least = floor();
    HalvedSum<Lane> grad_squares, param_squares, update_squares, moment_squares, moment_products;
    V largest_grad = zero();
    V largest_param = zero();
    V largest_update = zero();
    V moving = zero();
    V flushed = zero();
    V below = zero();
    for_each([&](std::size_t i, auto b) ADAMAS_INLINE_LAMBDA {
      constexpr std::size_t kLane = decltype(b)::value * kLanes;
      if constexpr (kLane == 0) {
        repeat<ObservedPiece::kMostFetched>([&](auto k) ADAMAS_INLINE_LAMBDA {
          __builtin_prefetch(next[k]);
          if constexpr (sizeof(T) == sizeof(double)) __builtin_prefetch(next[k] + kCacheLine);
          next[k] += step[k];
        });
      }
      const V given = V::load(grads + i);
      const V g = given * scale;
      const V p = V::load(befores + i);
      const V u = V::load(afters + i) - p;
      const V m = V::load(moments + i);
      const V size_of_update = magnitude(u);
      const V moves = one_where_not_zero(given);
      grad_squares.template add<kLane>(g, g);
      param_squares.template add<kLane>(p, p);
      update_squares.template add<kLane>(u, u);
      moment_squares.template add<kLane>(m, m);
      moment_products.template add<kLane>(m, u);
      largest_grad = larger(magnitude(g), largest_grad);  // where one is NaN, the second
      largest_param = larger(magnitude(p), largest_param);
      largest_update = larger(size_of_update, largest_update);
      moving = moving + moves;
      flushed = flushed + where_greater(size_of_update, zero(), zero(), moves);
      below = below + where_greater(least, V::load(seconds + i), moves, zero());
    });
    out.grad_square = grad_squares.total();
    out.param_square = param_squares.total();
    out.update_square = update_squares.total();
    out.grad_largest = largest_lane(largest_grad);
    out.param_largest = largest_lane(largest_param);
    out.update_largest = largest_lane(largest_update);
    out.grad_zero = out.count - lanes_added(moving);
    out.update_flushed = lanes_added(flushed);
    if (has_second && piece_.floor >= 0.0) out.below_eps = lanes_added(below);
    if (arrays_[kMoment] == nullptr) return;
    out.moment_square = moment_squares.total();
    out.moment_product = moment_products.total();
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
    out.grad_zero = lanes_added(zeros) - static_cast<double>(padded_count_ - count_);
    out.grad_nonfinite = static_cast<double>(padded_count_) - lanes_added(finite_grads);
    out.param_nonfinite = static_cast<double>(padded_count_) - lanes_added(finite_params);
    out.update_flushed = lanes_added(flushed);
  }

  __attribute__((noinline)) void observe_clipped(Observation& out) const {
    const V scale = V::broadcast(static_cast<T>(piece_.clip_scale));
    const V limit = V::broadcast(static_cast<T>(piece_.limit));
    V clipped = zero();
    for_each([&](std::size_t i, auto) ADAMAS_INLINE_LAMBDA {
      clipped = clipped + one_where_greater(magnitude(at(kGrad, i) * scale), limit);
    });
    out.grad_clipped = lanes_added(clipped);
  }

  __attribute__((noinline)) void observe_lost(Observation& out) const {
    V lost = zero();
    for_each([&](std::size_t i, auto) ADAMAS_INLINE_LAMBDA {
      const V moves = one_where_not_zero(at(kGrad, i));
      const V before = at(kSecondBefore, i);
      const V after = at(kSecondAfter, i);
      lost = lost + where_greater(after, before, zero(), where_greater(before, after, zero(), moves));
    });
    out.moment_lost = lanes_added(lost);
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

// States as BlockStates takes them: of no rule, but what it looks at of one. The first is what is asked for.
struct SquareAlone {
  static constexpr int kStateCount = 1;
  static constexpr StateInfo kStates[kMaxStates] = {{"v", StateKind::kSquare, nullptr}};
};
struct MomentAlone {
  static constexpr int kStateCount = 1;
  static constexpr StateInfo kStates[kMaxStates] = {{"m", StateKind::kSigned, nullptr}};
};
template <StateKind kKind>
struct DividedMoment {
  static constexpr int kStateCount = 2;
  static constexpr StateInfo kStates[kMaxStates] = {{"m", StateKind::kSigned, "v"}, {"v", kKind, nullptr}};
};

// Decodes the first state of whole blocks; null for a divisor that there is not.
template <class States>
void unpack_blocks(const PackedState& state, const PackedState& divisor, std::size_t begin, std::size_t end,
                   float* to) {
  typename States::Scratch scratch(0);
  States states(scratch);
  for (std::size_t i = begin; i < end; i += kBlock) {
    StateArrays arrays{};
    const PackedState* const packed[] = {&state, &divisor};
    for (int k = 0; k < 2 && packed[k]->values != nullptr; ++k) {
      arrays.values[k] = static_cast<char*>(packed[k]->values) + i / kBlock * packed[k]->block_bytes;
      arrays.scales[k] = packed[k]->scales + i / kBlock;
    }
    states.begin(arrays);
    for (std::size_t j = 0; j < kBlock; j += kPair) {
      Vector<float> x[kMaxStates][2];
      states.load(arrays, x, j);
      InOrder::store(x[0], to + (i - begin) + j);
    }
  }
}

template <int kBits>
void unpack_codes(StateKind kind, const PackedState& state, const PackedState& divisor, std::size_t begin,
                  std::size_t end, float* to) {
  if (kind == StateKind::kSquare) return unpack_blocks<BlockStates<SquareAlone, kBits>>(state, {}, begin, end, to);
  if (divisor.values == nullptr) return unpack_blocks<BlockStates<MomentAlone, kBits>>(state, {}, begin, end, to);
  if (divisor.kind == StateKind::kMagnitude) {
    using Rule = DividedMoment<StateKind::kMagnitude>;
    return unpack_blocks<BlockStates<Rule, kBits>>(state, divisor, begin, end, to);
  }
  unpack_blocks<BlockStates<DividedMoment<StateKind::kSquare>, kBits>>(state, divisor, begin, end, to);
}

// The square that the lowest code of each block stands for.
template <int kBits>
void least_squares(const PackedState& state, std::size_t begin, std::size_t end, float* to) {
  using Code = LogCode<kBits, kBits == 8 ? 1 : 0>;
  for (std::size_t i = begin; i < end; i += kBlock) {
    const float scale = Code::decode_scale(__builtin_fabsf(state.scales[i / kBlock]));
    const Vector<float> root = Code::compute(Bits::broadcast(Code::kLeast), scale);
    for (std::size_t j = 0; j < kBlock; j += Vector<float>::kLanes) (root * root).store(to + (i - begin) + j);
  }
}

inline void unpack_bfloat16(const PackedState& state, std::size_t begin, std::size_t end, float* to) {
  const auto* const words = static_cast<const std::uint16_t*>(state.values);
  std::size_t i = begin;
  for (; i + kPair <= end; i += kPair) {
    Bits high[2];
    InOrder::load_high16(words + i, high);
    for (std::size_t b = 0; b < 2; ++b) float_of(high[b]).store(to + (i - begin) + b * Vector<float>::kLanes);
  }
  for (; i < end; ++i) {
    const std::uint32_t bits = static_cast<std::uint32_t>(words[i]) << 16;
    __builtin_memcpy(to + (i - begin), &bits, sizeof bits);
  }
}

inline void unpack_state(StateFormat format, const PackedState& state, const PackedState& divisor, std::size_t begin,
                         std::size_t end, float* to) {
  if (format == StateFormat::kBfloat16) return unpack_bfloat16(state, begin, end, to);
  if (format == StateFormat::kInt8) return unpack_codes<8>(state.kind, state, divisor, begin, end, to);
  unpack_codes<4>(state.kind, state, divisor, begin, end, to);
}

inline void least_of_codes(StateFormat format, const PackedState& state, std::size_t begin, std::size_t end,
                           float* to) {
  format == StateFormat::kInt8 ? least_squares<8>(state, begin, end, to) : least_squares<4>(state, begin, end, to);
}

}  // namespace
}  // namespace adamas
