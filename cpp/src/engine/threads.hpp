// How many threads a step uses.
#pragma once

#include <cstdint>

#include <adamas/threads.hpp>

namespace adamas {

struct ThreadChoice {
  int threads = 1;
  bool automatic = true;  // nobody asked adamas for a number
};

// Threads for a step that moves `bytes`: at most `limit` of them (0: thread_limit()).
Status choose_threads(std::uint64_t bytes, int limit, ThreadChoice* choice) noexcept;

}  // namespace adamas
