// What a parameter has accumulated: sums of gradients, each of 2^level of them; or, if they are added in turn, one sum.
#pragma once

#include <cstdint>

#include <adamas/plan.hpp>

namespace adamas {

class Accumulated {
 public:
  void* memory(int level) const { return memory_[level]; }
  void set_memory(int level, void* memory) { memory_[level] = memory; }

  bool any() const { return held_ != 0; }
  void drop() { hold(0); }

  // The sums that take part in what is under way, from the lowest level on, and where their sum goes.
  const void* const* addends() const { return addends_; }
  int count() const { return count_; }
  void* target() const { return memory_[target_]; }

  // One more gradient, if `given`, comes to the sums of these levels, and all together to that of level `target`.
  void begin_adding(std::uint32_t levels, int target, bool given) {
    target_ = target;
    choose(held_ & levels);
    after_ = (held_ & ~levels) | (given || count_ > 0 ? 1U << target : 0U);
  }
  void end_adding(bool done) { hold(done ? after_ : held_); }
  bool changes_memory(bool given) const { return given || count_ > 0; }

 private:
  void hold(std::uint32_t levels) {
    held_ = levels;
    choose(levels);
  }

  void choose(std::uint32_t levels) {
    count_ = 0;
    for (int level = 0; level < kMostLevels; ++level) {
      if ((levels >> level & 1U) != 0) addends_[count_++] = memory_[level];
    }
  }

  void* memory_[kMostLevels] = {};
  const void* addends_[kMostLevels] = {};
  int count_ = 0;
  int target_ = 0;
  std::uint32_t held_ = 0;   // a bit for each level
  std::uint32_t after_ = 0;  // what is held when all has been added
};

}  // namespace adamas
