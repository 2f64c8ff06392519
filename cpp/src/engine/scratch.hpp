// Memory in cache for a few elements at a time, placed where its addresses are not taken for those of other arrays. A
// processor that compares the low 12 bits of addresses (kernel/tile_loop.hpp) takes the load of an array for that of a
// store to scratch which lies just before it modulo 4096, and waits. Scratch at one fixed place would meet each array
// that is gone through, sooner or later. So it goes along with them, in a ring of a page, and keeps its distance.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "kernel/table.hpp"

namespace adamas {

// Elements in scratch: few, so that arrays come from memory at an even pace.
constexpr std::size_t kStride = 256;
static_assert(kGranule % kStride == 0 && kStride % kBlock == 0);

// Places modulo the page that arrays begin at.
class Places {
 public:
  void take(const void* array) { taken_[count_++] = reinterpret_cast<std::uintptr_t>(array) % kPage; }

  // The place that is farthest from those taken before, with this remainder in its cache line; it is taken then.
  std::size_t take_free(std::size_t in_line) {
    std::size_t best = in_line;
    std::size_t farthest = 0;
    for (std::size_t place = in_line; count_ > 0 && place < kPage; place += kStep) {
      std::size_t nearest = kPage;
      for (std::size_t k = 0; k < count_; ++k) {
        const std::size_t distance = (place - taken_[k]) % kPage;
        nearest = std::min(nearest, std::min(distance, kPage - distance));
      }
      if (nearest > farthest) best = place;
      farthest = std::max(farthest, nearest);
    }
    taken_[count_++] = best;
    return best;
  }

 private:
  static constexpr std::size_t kStep = 128;
  std::size_t taken_[2 * kMaxStates + 3] = {};
  std::size_t count_ = 0;
};

// kStride elements of any type that goes along with an array.
class Scratch {
 public:
  // place: modulo the page.
  void begin_at(std::size_t place) { place_ = place - reinterpret_cast<std::uintptr_t>(bytes_); }

  // Where the elements lie that are so many bytes from the beginning of the array that it goes along with.
  char* at(std::size_t bytes) { return bytes_ + (place_ + bytes) % kPage; }

 private:
  std::size_t place_ = 0;
  alignas(kCacheLine) char bytes_[kPage + kStride * sizeof(double)];
};

}  // namespace adamas
