// The threads of XLA's pool as helpers of a step.
#pragma once

#include <adamas/threads.hpp>

#include "abi.hpp"

namespace adamas::bindings::xla {

// Threads that have nothing else to do help; the calling thread waits for none that has not begun. So no thread is
// blocked that others may wait for, and there are no more threads than processors: those of OpenMP would spin for a
// while after each step, beside XLA's.
class PoolWorkers {
 public:
  explicit PoolWorkers(const CallFrame& frame);
  const Workers& workers() const { return workers_; }

 private:
  static void run(void* self, int count, void (*body)(void*, int, int), void* context) noexcept;

  const CallFrame& frame_;
  Workers workers_;
};

}  // namespace adamas::bindings::xla
