// What is timed: a step, and its byte limit.
#pragma once

#include <cstddef>

#include "arrays.hpp"
#include "cases.hpp"

namespace bench {

class MeasuredStep {
 public:
  MeasuredStep(const Case& wanted, std::size_t gradient_sets, int threads);
  void operator()() { check(step(), "step"); }

 private:
  adamas::Status step();

  StepArrays arrays_;
  adamas::Plan plan_;
  adamas::Hyperparameters hyperparameters_;
  int threads_;
};

// adamas::probes::byte_limit() over as many bytes as the step goes through, in as many states.
//
// It is a loop over float32, whatever the format: over fewer elements, so that its arrays lie in the same caches as
// those of the step. (The time over float32 of the same size, scaled by bytes, would set a step that runs in one cache
// against a loop that runs in the next.) The arrays are its own, since sums leave nothing of moments.
class ByteLimit {
 public:
  ByteLimit(const Case& wanted, std::size_t gradient_sets, int threads);
  void operator()();

  // What it goes through instead: float32 of another size.
  static Case stand_in(const Case& wanted);

 private:
  StepArrays arrays_;
  std::size_t size_;
  int state_count_;
  bool takes_sums_;
  int threads_;
};

}  // namespace bench
