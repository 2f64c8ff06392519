// What is done with a parameter beside its update, while it is in cache: its average over steps, and its copy in 16
// bits; and before it, where users may have written to it. An average begins with the weight 1: then it is the
// parameter, whatever was there before.
#pragma once

#include <algorithm>
#include <cstring>
#include <utility>

#include "formats/dither.hpp"
#include "formats/params.hpp"
#include "kernel/table.hpp"

namespace adamas {
namespace {

class CompanionLoop {
 public:
  CompanionLoop(const Streams& streams, const Companions& companions)
      : streams_(streams),
        companions_(companions),
        format_(param_format(streams.param_dtype, streams.residue_kind)),
        averaged_(companions.average != nullptr && companions.average_weight > 0.0),
        begins_(companions.average_weight == 1.0),
        weight_(V::broadcast(static_cast<float>(companions.average_weight))),
        dither_(companions.average_number) {}

  // Settles the parameter (formats/params.hpp), or, if it has a copy, makes it what that is, where it is not what the
  // parameter rounds to.
  void settle(std::size_t begin, std::size_t end) const {
    alignas(64) char padded[2][V::kLanes * sizeof(float)] = {};
    const std::size_t whole = (end - begin) / V::kLanes * V::kLanes;
    settle_whole(leader(arrays_at(begin)), whole);
    const std::size_t n = end - begin - whole;
    if (n == 0) return;
    const ParamArrays last = leader(arrays_at(begin + whole));
    const auto [leading, kept] = leading_bytes();
    std::memcpy(padded[0], last.values, n * leading);
    std::memcpy(padded[1], last.residue, n * kept);
    settle_whole({padded[0], padded[1]}, V::kLanes);
    std::memcpy(last.residue, padded[1], n * kept);
  }

  // Writes the parameter, as it is computed with, into an array.
  void copy_param(float* to, std::size_t begin, std::size_t end) const {
    const std::size_t whole = (end - begin) / kPair * kPair;
    unpack_params(format_, arrays_at(begin).param, whole, to + begin);
    const std::size_t n = end - begin - whole;
    if (n == 0) return;
    alignas(64) char padded[2][kPair * sizeof(float)] = {};
    alignas(64) float values[kPair];
    const ParamArrays last = arrays_at(begin + whole).param;
    std::memcpy(padded[0], last.values, n * size_of(streams_.param_dtype));
    if (const std::size_t kept = size_of(streams_.residue_kind); kept != 0) {
      std::memcpy(padded[1], last.residue, n * kept);
    }
    unpack_params(format_, {padded[0], padded[1]}, kPair, values);
    std::memcpy(to + begin + whole, values, n * sizeof(float));
  }

  // The way back, from the beginning of an array.
  void store_param(const float* from, std::size_t begin, std::size_t end) const {
    const std::size_t whole = (end - begin) / kPair * kPair;
    const std::size_t kept = size_of(streams_.residue_kind);
    const ParamArrays first = arrays_at(begin).param;
    if (has_master(format_)) std::memcpy(first.residue, from, (end - begin) * kept);
    pack_params(format_, from, whole, first, begin, streams_.key);
    const std::size_t n = end - begin - whole;
    if (n == 0) return;
    alignas(64) char padded[2][kPair * sizeof(float)] = {};
    alignas(64) float values[kPair] = {};
    std::memcpy(values, from + whole, n * sizeof(float));
    pack_params(format_, values, kPair, {padded[0], padded[1]}, begin + whole, streams_.key);
    const ParamArrays last = arrays_at(begin + whole).param;
    std::memcpy(last.values, padded[0], n * size_of(streams_.param_dtype));
    if (kept != 0 && !has_master(format_)) std::memcpy(last.residue, padded[1], n * kept);
  }

  void update(std::size_t begin, std::size_t end) const {
    const std::size_t whole = (end - begin) / kPair * kPair;
    for (std::size_t i = begin; i < begin + whole; i += kBlock) {
      update_pairs(arrays_at(i), i % kBlock, std::min(kBlock, begin + whole - i));
    }
    if (begin + whole != end) update_last(begin + whole, end);
  }

 private:
  using V = Vector<float>;
  static_assert(kBlock % kPair == 0);

  struct Arrays {
    ParamArrays param;
    void* average;
    void* copy;
  };

  // A copy that leads has the parameter beside it as a master.
  ParamArrays leader(const Arrays& arrays) const {
    return companions_.copy == nullptr ? arrays.param : ParamArrays{arrays.copy, arrays.param.values};
  }
  std::pair<std::size_t, std::size_t> leading_bytes() const {
    if (companions_.copy != nullptr) return {size_of(companions_.copy_dtype), sizeof(float)};
    return {size_of(streams_.param_dtype), size_of(streams_.residue_kind)};
  }
  void settle_whole(const ParamArrays& arrays, std::size_t count) const {
    const bool copied = companions_.copy != nullptr;
    adamas::settle(copied ? param_format(companions_.copy_dtype, Residue::kMaster) : format_, arrays, count);
  }

  ADAMAS_INLINE Arrays arrays_at(std::size_t i) const {
    return {{bytes(streams_.param) + i * size_of(streams_.param_dtype),
             bytes(streams_.residue) + i * size_of(streams_.residue_kind)},
            bytes(companions_.average) + i * size_of(companions_.average_dtype),
            bytes(companions_.copy) + i * size_of(companions_.copy_dtype)};
  }
  static ADAMAS_INLINE char* bytes(void* array) { return static_cast<char*>(array); }

  // `count` elements, a whole number of pairs in one block; place: of the first in the block.
  void update_pairs(const Arrays& arrays, std::size_t place, std::size_t count) const {
    alignas(64) float unpacked[kBlock];
    const float* const param = as_float32(arrays.param, count, unpacked);
    if (companions_.copy != nullptr) {
      const bool half = companions_.copy_dtype == DType::kFloat16;
      for (std::size_t j = 0; j < count; j += kPair) {
        V p[2];
        InOrder::load(param + j, p);
        Bits words[2];
        for (int b = 0; b < 2; ++b) words[b] = half ? Float16::narrow(p[b]) : Bfloat16::narrow(p[b]);
        store16(lowest16(words[0]), lowest16(words[1]), static_cast<std::uint16_t*>(arrays.copy) + j);
      }
    }
    if (!averaged_) return;
    const auto averaged = [&](V a, V p) ADAMAS_INLINE_LAMBDA { return begins_ ? p : a + weight_ * (p - a); };
    if (companions_.average_dtype == DType::kFloat32) {
      auto* const average = static_cast<float*>(arrays.average);
      for (std::size_t j = 0; j < count; j += V::kLanes) {
        averaged(V::load(average + j), V::load(param + j)).store(average + j);
      }
      return;
    }
    auto* const average = static_cast<std::uint16_t*>(arrays.average);
    for (std::size_t j = 0; j < count; j += kPair) {
      V p[2];
      Bits words[2];
      InOrder::load(param + j, p);
      InOrder::load_high16(average + j, words);
      for_both([&](std::size_t b) ADAMAS_INLINE_LAMBDA {
        const Bits threshold = dither_.template thresholds<false>(place + j + b * V::kLanes);
        words[b] = Bfloat16::rounded_at_random(averaged(float_of(words[b]), p[b]), threshold);
      });
      InOrder::store_high16(words, average + j);
    }
  }

  const float* as_float32(const ParamArrays& param, std::size_t count, float* unpacked) const {
    if (format_ == ParamFormat::kFloat32) return static_cast<const float*>(param.values);
    if (has_master(format_)) return static_cast<const float*>(param.residue);
    unpack_params(format_, param, count, unpacked);
    return unpacked;
  }

  // What is less than a pair, in padded copies.
  void update_last(std::size_t i, std::size_t end) const {
    alignas(64) char padded[4][kPair * sizeof(float)] = {};
    const Arrays arrays = arrays_at(i);
    const std::size_t n = end - i;
    const auto copied = [n](char* to, const void* from, std::size_t element) {
      if (element != 0) std::memcpy(to, from, n * element);
      return to;
    };
    const std::size_t average_bytes = averaged_ ? size_of(companions_.average_dtype) : 0;
    const std::size_t copy_bytes = companions_.copy != nullptr ? size_of(companions_.copy_dtype) : 0;
    update_pairs({{copied(padded[0], arrays.param.values, size_of(streams_.param_dtype)),
                   copied(padded[1], arrays.param.residue, size_of(streams_.residue_kind))},
                  copied(padded[2], arrays.average, average_bytes),
                  padded[3]},
                 i % kBlock, kPair);
    if (average_bytes != 0) std::memcpy(arrays.average, padded[2], n * average_bytes);
    if (copy_bytes != 0) std::memcpy(arrays.copy, padded[3], n * copy_bytes);
  }

  const Streams& streams_;
  const Companions& companions_;
  ParamFormat format_;
  bool averaged_;
  bool begins_;
  V weight_;
  Dither<16, 0> dither_;
};

inline void settle_companions(const Streams& streams, const Companions& companions, std::size_t begin,
                              std::size_t end) {
  CompanionLoop(streams, companions).settle(begin, end);
}

// What float32 or 16-bit parameters are computed with, as the first value of a state.
inline void start_state(const Streams& streams, int which, std::size_t begin, std::size_t end) {
  CompanionLoop(streams, {}).copy_param(static_cast<float*>(streams.states[which]), begin, end);
}

inline void store_params(const Streams& streams, const float* from, std::size_t begin, std::size_t end) {
  CompanionLoop(streams, {}).store_param(from, begin, end);
}

inline void update_companions(const Streams& streams, const Companions& companions, std::size_t begin,
                              std::size_t end) {
  CompanionLoop(streams, companions).update(begin, end);
}

// float64 parameters have averages alone.
inline void update_average64(const Streams& streams, const Companions& companions, std::size_t begin, std::size_t end) {
  using V = Vector<double>;
  const V weight = V::broadcast(companions.average_weight);
  const auto* const param = static_cast<const double*>(streams.param);
  auto* const average = static_cast<double*>(companions.average);
  if (companions.average_weight == 1.0) {
    std::memcpy(average + begin, param + begin, (end - begin) * sizeof(double));
    return;
  }
  std::size_t i = begin;
  for (; i + V::kLanes <= end; i += V::kLanes) {
    const V a = V::load(average + i);
    (a + weight * (V::load(param + i) - a)).store(average + i);
  }
  if (i == end) return;
  const auto n = static_cast<int>(end - i);
  const V a = V::load(average + i, n);
  (a + weight * (V::load(param + i, n) - a)).store(average + i, n);
}

}  // namespace
}  // namespace adamas
