// The update of an observed step where all is float32: every element is measured while it is in registers. A processor
// that waits for a division or for memory has time for that.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>

#include "kernel/observe_loop.hpp"
#include "kernel/tile_loop.hpp"

namespace adamas {
namespace {

// The first state of a kind, or -1.
template <class Rule>
constexpr int find_state(StateKind kind) {
  for (int k = 0; k < Rule::kStateCount; ++k) {
    if (Rule::kStates[k].kind == kind) return k;
  }
  return -1;
}

template <class Rule>
class ObservedUpdate {
 public:
  ObservedUpdate(const Streams& streams, const StepCoefficients& coefficients, const ObservedPiece& how)
      : streams_(streams), coefficients_(coefficients), how_(how), scales_(how) {}

  // Elements [begin, end), a granule or less.
  void update(std::size_t begin, std::size_t end, Observation& out) {
    ObservedPiece piece = how_;
    piece.grad = streams_.grad;
    before_ = place(before_ring_, how_.places[0] + begin * sizeof(float));
    moment_ = place(moment_ring_, how_.places[1] + begin * sizeof(float));
    piece.before = before_ - begin;
    piece.after = streams_.param;
    if (kMoment >= 0) piece.moment = moment_ - begin;
    if (kSecond >= 0) piece.second_after = streams_.states[std::max(kSecond, 0)];
    ObservedGranule<float> granule(piece, begin, end);
    if ((end - begin) % kVirtualLanes == 0) {
      out.count = static_cast<double>(end - begin);
      update_groups(begin, end, out);
      granule.complete(out);
    } else {
      keep(streams_.param, begin, end, before_);
      if (kMoment >= 0) keep(streams_.states[std::max(kMoment, 0)], begin, end, moment_);
      update_plain<Rule, float>(streams_, begin, end, coefficients_);
      granule.observe(out);
    }
  }

 private:
  using V = Vector<float>;
  static constexpr int kMoment = find_state<Rule>(StateKind::kSigned);
  static constexpr int kSecond = find_state<Rule>(StateKind::kSquare);

  // Where a granule is kept whose first element has this place modulo the page.
  static float* place(char* ring, std::size_t place) {
    return reinterpret_cast<float*>(ring + (place - reinterpret_cast<std::uintptr_t>(ring)) % kPage);
  }

  static void keep(const void* array, std::size_t begin, std::size_t end, float* to) {
    std::memcpy(to, static_cast<const float*>(array) + begin, (end - begin) * sizeof(float));
  }

  // Whole groups of virtual lanes. What was before is kept, in case that sums in float32 do not tell enough.
  void update_groups(std::size_t begin, std::size_t end, Observation& out) {
    const RuleVectors<Rule, V> c(coefficients_);
    const bool coupled = !Rule::kOwnDecay && coefficients_.decay_mode == Decay::kCoupled;
    const ObservedScales<float> scales = scales_;
    void* states[Rule::kStateCount + 1];
    for (int k = 0; k < Rule::kStateCount; ++k) states[k] = streams_.states[k];
    ObservedSums<float, float> sums;
    for_each_vector<V::kLanes>(
        begin, end,
        [&](std::size_t i, auto b) ADAMAS_INLINE_LAMBDA {
          const V given = load<float>(streams_.grad, i, AllLanes{});
          const V before = load<float>(streams_.param, i, AllLanes{});
          V s[Rule::kStateCount + 1];
          for (int k = 0; k < Rule::kStateCount; ++k) s[k] = load<float>(states[k], i, AllLanes{});
          const V moment = kMoment >= 0 ? s[std::max(kMoment, 0)] : before;
          before.store(before_ + (i - begin));
          if constexpr (kMoment >= 0) moment.store(moment_ + (i - begin));
          V p = before;
          V g = given * c.grad_scale;
          bool is_coupled = coupled;
          __asm__("" : "+r"(is_coupled));  // asked here, so that there is one loop, not two
          if (is_coupled) {
            CoupledDecay::apply(p, g, c.decay);
          } else {
            DecoupledDecay::apply(p, g, c.decay);
          }
          p = adamas::update<Rule>(p, g, s, c.rule);
          for (int k = 0; k < Rule::kStateCount; ++k) {
            if (is_written<Rule>(k)) store(s[k], states[k], i, AllLanes{});
          }
          store(p, streams_.param, i, AllLanes{});
          const V second = kSecond >= 0 ? s[std::max(kSecond, 0)] : before;
          sums.template add<decltype(b)::value * V::kLanes>(given, before, p, moment, second, scales);
        },
        [](std::size_t, int) {});
    const ObservedSums<float, float> done = sums;  // so that `sums` need not be in memory
    done.store(kMoment >= 0, kSecond >= 0 && how_.floor >= 0.0, out);
  }

  const Streams& streams_;
  const StepCoefficients& coefficients_;
  const ObservedPiece& how_;
  ObservedScales<float> scales_;
  using Ring = char[kPage + kGranule * sizeof(float)];
  alignas(kCacheLine) Ring before_ring_;
  alignas(kCacheLine) Ring moment_ring_;
  float* before_ = nullptr;
  float* moment_ = nullptr;
};

template <class Rule>
void observed_update(const Streams& streams, std::size_t begin, std::size_t end, const StepCoefficients& c,
                     const ObservedPiece& how, Observation* out) {
  ObservedUpdate<Rule> work(streams, c, how);
  for (std::size_t granule = begin; granule < end; granule += kGranule) {
    work.update(granule, std::min(end, granule + kGranule), out[granule / kGranule]);
  }
}

}  // namespace
}  // namespace adamas
