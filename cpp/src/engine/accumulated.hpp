// Accumulated gradients, which are added to the gradient of a parameter or take its place.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include <adamas/plan.hpp>

#include "kernel/table.hpp"

namespace adamas {

// Where the next gradient goes: to the sums in `joined`, a bit for each slot, and with them into slot `slot`.
struct Addition {
  std::uint64_t joined;
  int slot;
};

// What has been accumulated: sums of gradients, each of 2^level of them; or, if they are added in turn, one sum. In a
// step with GradientSources, these instead.
class Accumulated {
 public:
  void* memory(int slot) const { return memory_[slot]; }
  void set_memory(int slot, void* memory) { memory_[slot] = memory; }

  bool is_memory(const void* array) const { return std::find(memory_, memory_ + kSlots, array) != memory_ + kSlots; }

  bool any() const { return held_ != 0; }
  bool holds(int slot) const { return (held_ >> slot & 1U) != 0; }
  void drop() { hold(0); }

  // The sums that take part in what is under way, from the lowest slot on, and where their sum goes.
  Addends addends() const {
    if (uses_sources) return {nullptr, static_cast<int>(sources.size()), sources.data()};
    return {addends_, count_};
  }
  void* target() const { return memory_[target_]; }

  // One more gradient, if `given`, comes to the sums in these slots, and all together to slot `target`.
  void begin_adding(std::uint64_t slots, int target, bool given) {
    target_ = target;
    choose(held_ & slots);
    after_ = (held_ & ~slots) | (given || count_ > 0 ? std::uint64_t{1} << target : 0U);
  }
  void end_adding(bool done) { hold(done ? after_ : held_); }
  bool changes_memory(bool given) const { return given || count_ > 0; }

  // Those of the step under way, or of the last one that had such; whether they were found to lie apart from all
  // written arrays, and from one another.
  std::vector<Source> sources;
  bool uses_sources = false;
  bool sources_are_apart = false;

 private:
  void hold(std::uint64_t slots) {
    held_ = slots;
    choose(slots);
  }

  void choose(std::uint64_t slots) {
    count_ = 0;
    for (int slot = 0; slot < kSlots; ++slot) {
      if ((slots >> slot & 1U) != 0) addends_[count_++] = memory_[slot];
    }
  }

  void* memory_[kSlots] = {};
  const void* addends_[kSlots] = {};
  int count_ = 0;
  int target_ = 0;
  std::uint64_t held_ = 0;   // a bit for each slot
  std::uint64_t after_ = 0;  // what is held when all has been added
};

}  // namespace adamas
