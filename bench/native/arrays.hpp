// The arrays of a step: how many bytes they have, and memory for them.
#pragma once

#include <array>
#include <cstddef>

#include "cases.hpp"

namespace bench {

// Gradients change from step to step, if there is memory for so many.
constexpr std::size_t kMaxGradientSets = 2;

// Bytes of each array.
struct ArrayBytes {
  explicit ArrayBytes(const Case& wanted);

  std::size_t param;
  std::size_t grad;
  std::size_t residue;
  std::array<std::size_t, adamas::kMaxStates> states = {};
};

// Bytes that a step reads and writes.
std::size_t traffic(const Case& wanted);

// All arrays of a step in one piece of memory, laid out as adamas.Arena (python/adamas/arena.py) lays out a model: each
// from a cache line on, apart from the others modulo the page, in huge pages where the system has them. Zeros.
class StepArrays {
 public:
  // gradient_sets: at most kMaxGradientSets.
  StepArrays(const Case& wanted, std::size_t gradient_sets);
  ~StepArrays();
  StepArrays(const StepArrays&) = delete;
  StepArrays& operator=(const StepArrays&) = delete;

  // The bytes that it takes.
  static std::size_t memory(const Case& wanted, std::size_t gradient_sets);

  void* param() const { return at(places_.param); }
  void* residue() const { return at(places_.residue); }
  std::size_t gradient_sets() const { return gradient_sets_; }
  void* grad(std::size_t set) const { return at(places_.grads[set]); }
  // Each set in turn.
  const void* next_grad() { return grad(turn_++ % gradient_sets_); }
  void* state(int k) const { return at(places_.states[static_cast<std::size_t>(k)]); }

 private:
  struct Places {
    std::size_t param;
    std::array<std::size_t, kMaxGradientSets> grads;
    std::array<std::size_t, adamas::kMaxStates> states;
    std::size_t residue;
    std::size_t end;
  };
  static Places lay_out(const ArrayBytes& bytes, std::size_t gradient_sets);

  void* at(std::size_t place) const { return static_cast<char*>(memory_) + place; }

  Places places_;
  std::size_t gradient_sets_;
  std::size_t turn_ = 0;
  void* memory_;
};

}  // namespace bench
