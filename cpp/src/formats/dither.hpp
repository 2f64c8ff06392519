// The dither with which low-precision states are rounded.
//
// A state that moves by a thousandth in a step, as a second moment does under beta2 = 0.999, would stand still if it
// were rounded to the nearest of a few hundred values. So the threshold at which it is rounded up or down goes through
// the unit interval evenly, from step to step and from element to element of a block (Weyl sequences): on average
// nothing is lost. The threshold depends on the element's place in its block and the step count alone, so it is the
// same on every machine, and the thresholds of a step are laid out once.
#pragma once

#include <cstddef>
#include <cstdint>

#include <adamas/types.hpp>

#include "simd/inline.hpp"
#include "simd/order.hpp"

namespace adamas {
namespace {

// Thresholds of kBits bits for the elements of a block, all less kOffset, laid out in an order (simd/order.hpp). There
// are two sequences: the first for squares and magnitudes, the other for signed states.
template <int kBits, std::uint32_t kOffset, class Order = InOrder>
class Dither {
 public:
  ADAMAS_INLINE explicit Dither(std::uint32_t step) {
    lay_out(thresholds_[0], 0x85ebca6b, step * 0x9e3779b9);
    lay_out(thresholds_[1], 0xc2b2ae35, step * 0x91e10da7);
  }

  // For the vector in place j of the block.
  template <bool kFirst>
  ADAMAS_INLINE Bits thresholds(std::size_t j) const {
    return bits_of(Vector<float>::load(thresholds_[kFirst ? 0 : 1] + j));
  }

 private:
  static ADAMAS_INLINE void lay_out(float* to, std::uint32_t element, std::uint32_t start) {
    for (std::size_t j = 0; j < kBlock; j += kPair) {
      for_both([&](std::size_t b) ADAMAS_INLINE_LAMBDA {
        const Bits lanes = Order::numbers(b) * Bits::broadcast(element);
        const Bits words = lanes + Bits::broadcast(start + static_cast<std::uint32_t>(j) * element);
        const Bits thresholds = words.template right<32 - kBits>() - Bits::broadcast(kOffset);
        float_of(thresholds).store(to + j + b * Vector<float>::kLanes);
      });
    }
  }

  alignas(64) float thresholds_[2][kBlock];  // their bits
};

}  // namespace
}  // namespace adamas
