// The dither with which low-precision states are rounded.
//
// A state that moves by a thousandth in a step, as a second moment does under beta2 = 0.999, would stand still if it
// were rounded to the nearest of a few hundred values. So the threshold at which it is rounded up or down goes through
// the unit interval evenly, from step to step and from element to element (Weyl sequences): on average nothing is lost.
// The threshold depends on the element's index and the step count alone, so it is the same on every machine.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernel/inline.hpp"

namespace adamas {
namespace {

class Dither {
 public:
  // Of the block that begins at `element`.
  ADAMAS_INLINE Dither(std::size_t element, std::uint32_t step)
      : start1_(static_cast<std::uint32_t>(element) * kElement1 + step * kStep1),
        start2_(static_cast<std::uint32_t>(element) * kElement2 + step * kStep2) {}

  // From element j of the block on, for words() that follow.
  ADAMAS_INLINE void move_to(std::size_t j) {
    words1_ = Bits::broadcast(start1_ + static_cast<std::uint32_t>(j) * kElement1);
    words2_ = Bits::broadcast(start2_ + static_cast<std::uint32_t>(j) * kElement2);
  }

  // 32 bits for each lane, of which the highest ones are the threshold; kOffset elements on. There are two sequences:
  // the first for squares and magnitudes, the other for signed states.
  template <bool kFirst, std::uint32_t kOffset>
  ADAMAS_INLINE Bits words() const {
    constexpr std::uint32_t kElement = kFirst ? kElement1 : kElement2;
    return (kFirst ? words1_ : words2_) + (Bits::numbers() + Bits::broadcast(kOffset)) * Bits::broadcast(kElement);
  }

 private:
  static constexpr std::uint32_t kElement1 = 0x85ebca6b;
  static constexpr std::uint32_t kStep1 = 0x9e3779b9;
  static constexpr std::uint32_t kElement2 = 0xc2b2ae35;
  static constexpr std::uint32_t kStep2 = 0x91e10da7;

  std::uint32_t start1_;
  std::uint32_t start2_;
  Bits words1_ = Bits::broadcast(0);
  Bits words2_ = Bits::broadcast(0);
};

}  // namespace
}  // namespace adamas
