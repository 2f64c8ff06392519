// How many threads a step uses.
#pragma once

#include <cstdint>

#include <adamas/threads.hpp>

namespace adamas {

// Who does the work of a step.
struct Crew {
  int limit = 0;                     // at most so many threads; 0: thread_limit()
  const Workers* workers = nullptr;  // null: those of OpenMP
};

struct ThreadChoice {
  int threads = 1;
  bool automatic = true;  // nobody asked adamas for a number
};

// Threads for a step that moves `bytes`.
Status choose_threads(std::uint64_t bytes, const Crew& crew, ThreadChoice* choice) noexcept;

}  // namespace adamas
