// Measures of one piece of a parameter in an observed step: what adamas/observation.hpp lists, granule by granule. It
// is done after the piece has been updated, while all of it is in cache, and is the same for every rule.
//
// Sums are those of square_sum.hpp; counts are whole numbers, and largest magnitudes need no order.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>

#include <adamas/observation.hpp>

#include "formats/block_states.hpp"
#include "kernel/gradient_loop.hpp"
#include "kernel/square_sum.hpp"
#include "kernel/table.hpp"
#include "rules/rule.hpp"

namespace adamas {
namespace {

// How many lanes hold 1, and the largest of what they hold; neither counts NaN.
template <class V>
class Count {
 public:
  ADAMAS_INLINE void add(V ones) { ones_ = ones_ + ones; }
  void add_last(V ones, int n) { sum_ += lanes_of(ones, n); }
  double total() const { return sum_ + lanes_of(ones_, V::kLanes); }

 private:
  static double lanes_of(V ones, int n) {
    typename V::Lane lanes[V::kLanes];
    ones.store(lanes);
    double sum = 0.0;
    for (int k = 0; k < n; ++k) sum += static_cast<double>(lanes[k]);
    return sum;
  }
  V ones_ = V::broadcast(0);
  double sum_ = 0.0;
};

template <class V>
class LargestNumber {
 public:
  // (Lanes that stand for nothing are zero.)
  ADAMAS_INLINE void add(V magnitude) { largest_ = larger(magnitude, largest_); }
  double total() const {
    typename V::Lane lanes[V::kLanes];
    largest_.store(lanes);
    return static_cast<double>(*std::max_element(lanes, lanes + V::kLanes));
  }

 private:
  V largest_ = V::broadcast(0);
};

template <class T>
class ObservedGranule {
 public:
  ObservedGranule(const ObservedPiece& piece, std::size_t begin, std::size_t end)
      : piece_(piece), begin_(begin), end_(end) {}

  void observe(Observation& out) {
    out.count = static_cast<double>(end_ - begin_);
    observe_gradient(out);
    observe_update(out);
    out.moment_square = out.moment_product = std::numeric_limits<double>::quiet_NaN();
    out.below_eps = out.moment_lost = std::numeric_limits<double>::quiet_NaN();
    if (piece_.moment != nullptr) observe_moment(out);
    if (piece_.second_after != nullptr) observe_second(out);
  }

 private:
  using V = Vector<T>;
  static constexpr std::size_t kLanes = V::kLanes;

  // Calls all(i, Index<b>) for whole vectors, and some(i, n) for what is left. Meanwhile, arrays of the next piece come
  // from memory: those of whose numbers the lowest bit is kParity.
  template <std::size_t kParity, class All, class Some>
  ADAMAS_INLINE void for_each(All all, Some some) const {
    for_each_vector<kLanes>(
        begin_, end_,
        [&](std::size_t i, auto b) ADAMAS_INLINE_LAMBDA {
          if constexpr (decltype(b)::value == 0) {
            for (std::size_t k = kParity; k < piece_.fetched_count; k += 2) fetch(piece_.fetched[k], i);
          }
          all(i, b);
        },
        some);
  }

  static ADAMAS_INLINE void fetch(const ObservedPiece::Fetched& array, std::size_t i) {
    const std::uintptr_t first = array.next + i * array.bits / 8;
    const std::size_t bytes = kVirtualLanes * array.bits / 8;
    for (std::size_t at = 0; at < bytes; at += kCacheLine) {
      __builtin_prefetch(reinterpret_cast<const void*>(first + at));
    }
  }

  static ADAMAS_INLINE V one_where_greater(V a, V b) { return where_greater(a, b, V::broadcast(1), V::broadcast(0)); }
  static ADAMAS_INLINE V finite(V magnitude) {
    return one_where_greater(V::broadcast(std::numeric_limits<T>::infinity()), magnitude);
  }
  // 1 where the gradient is not zero and the change, of this magnitude, is.
  static ADAMAS_INLINE V missing(V grad, V change) {
    const V zero = V::broadcast(0);
    return where_greater(change, zero, zero, where_greater(magnitude(grad), zero, finite(change), zero));
  }

  V grad(std::size_t i) const { return V::load(grads_ + (i - begin_)); }
  V grad(std::size_t i, int n) const { return V::load(grads_ + (i - begin_), n); }
  static V at(const void* array, std::size_t i) { return V::load(static_cast<const T*>(array) + i); }
  static V at(const void* array, std::size_t i, int n) { return V::load(static_cast<const T*>(array) + i, n); }

  // Keeps the scaled gradient for those that follow.
  ADAMAS_INLINE void observe_gradient(Observation& out) {
    const V scale = V::broadcast(static_cast<T>(piece_.grad_scale));
    const V clip_scale = V::broadcast(static_cast<T>(piece_.clip_scale));
    const V limit = V::broadcast(static_cast<T>(piece_.limit));
    SquareSum squares;
    LargestNumber<V> largest;
    Count<V> zeros, finites, clipped;
    const auto zero_where = [](V m) ADAMAS_INLINE_LAMBDA {
      return where_greater(m, V::broadcast(0), V::broadcast(0), finite(m));
    };
    for_each<0>(
        [&](std::size_t i, auto b) ADAMAS_INLINE_LAMBDA {
          const V given = load_gradient(piece_.grad_dtype, piece_.grad, i, V{});
          const V g = given * scale;
          const V m = magnitude(g);
          g.store(grads_ + (i - begin_));
          squares.template add<decltype(b)::value * kLanes>(g);
          largest.add(m);
          zeros.add(zero_where(m));
          finites.add(finite(m));
          clipped.add(one_where_greater(magnitude(given * clip_scale), limit));
        },
        [&](std::size_t i, int n) {
          const V given = load_first(piece_.grad_dtype, piece_.grad, i, static_cast<std::size_t>(n), V{});
          const V g = given * scale;
          const V m = magnitude(g);
          g.store(grads_ + (i - begin_), n);
          squares.add_last(g, i % kVirtualLanes, n);
          largest.add(m);
          zeros.add_last(zero_where(m), n);
          finites.add_last(finite(m), n);
          clipped.add_last(one_where_greater(magnitude(given * clip_scale), limit), n);
        });
    out.grad_square = squares.total();
    out.grad_largest = largest.total();
    out.grad_zero = zeros.total();
    out.grad_nonfinite = out.count - finites.total();
    out.grad_clipped = clipped.total();
  }

  ADAMAS_INLINE void observe_update(Observation& out) const {
    SquareSum updates, params;
    LargestNumber<V> largest_update, largest_param;
    Count<V> flushed, finites;
    for_each<1>(
        [&](std::size_t i, auto b) ADAMAS_INLINE_LAMBDA {
          constexpr std::size_t kLane = decltype(b)::value * kLanes;
          const V before = at(piece_.before, i);
          const V after = at(piece_.after, i);
          const V u = after - before;
          const V m = magnitude(u);
          updates.template add<kLane>(u);
          params.template add<kLane>(before);
          largest_update.add(m);
          largest_param.add(magnitude(before));
          flushed.add(missing(grad(i), m));
          finites.add(finite(magnitude(after)));
        },
        [&](std::size_t i, int n) {
          const V before = at(piece_.before, i, n);
          const V after = at(piece_.after, i, n);
          const V u = after - before;
          const V m = magnitude(u);
          updates.add_last(u, i % kVirtualLanes, n);
          params.add_last(before, i % kVirtualLanes, n);
          largest_update.add(m);
          largest_param.add(magnitude(before));
          flushed.add_last(missing(grad(i, n), m), n);
          finites.add_last(finite(magnitude(after)), n);
        });
    out.update_square = updates.total();
    out.update_largest = largest_update.total();
    out.update_flushed = flushed.total();
    out.param_square = params.total();
    out.param_largest = largest_param.total();
    out.param_nonfinite = out.count - finites.total();
  }

  ADAMAS_INLINE void observe_moment(Observation& out) const {
    SquareSum squares;
    ProductSum products;
    for_each_vector<kLanes>(
        begin_, end_,
        [&](std::size_t i, auto b) ADAMAS_INLINE_LAMBDA {
          constexpr std::size_t kLane = decltype(b)::value * kLanes;
          const V moment = at(piece_.moment, i);
          squares.template add<kLane>(moment);
          products.template add<kLane>(moment, at(piece_.after, i) - at(piece_.before, i));
        },
        [&](std::size_t i, int n) {
          const V moment = at(piece_.moment, i, n);
          squares.add_last(moment, i % kVirtualLanes, n);
          products.add_last(moment, at(piece_.after, i, n) - at(piece_.before, i, n), i % kVirtualLanes, n);
        });
    out.moment_square = squares.total();
    out.moment_product = products.total();
  }

  ADAMAS_INLINE void observe_second(Observation& out) const {
    const bool has_floor = piece_.floor >= 0.0;
    // A floor that is too small for the type is one all the same: squares that have become zero are below it.
    const double most = static_cast<double>(std::numeric_limits<T>::max());
    const T least = piece_.floor > 0.0 ? std::numeric_limits<T>::denorm_min() : T{0};
    const V floor = V::broadcast(std::max(static_cast<T>(std::min(piece_.floor, most)), least));
    Count<V> below, lost;
    const auto is_below = [&](V g, V v) ADAMAS_INLINE_LAMBDA {
      return where_greater(magnitude(g), V::broadcast(0), one_where_greater(floor, v), V::broadcast(0));
    };
    for_each_vector<kLanes>(
        begin_, end_,
        [&](std::size_t i, auto) ADAMAS_INLINE_LAMBDA {
          const V v = at(piece_.second_after, i);
          below.add(is_below(grad(i), v));
          lost.add(missing(grad(i), magnitude(v - at(piece_.second_before, i))));
        },
        [&](std::size_t i, int n) {
          const V v = at(piece_.second_after, i, n);
          below.add_last(is_below(grad(i, n), v), n);
          lost.add_last(missing(grad(i, n), magnitude(v - at(piece_.second_before, i, n))), n);
        });
    if (has_floor) out.below_eps = below.total();
    out.moment_lost = lost.total();
  }

  const ObservedPiece& piece_;
  std::size_t begin_;
  std::size_t end_;
  alignas(64) T grads_[kGranule];
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
