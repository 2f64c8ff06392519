// Running one piece of work on several threads.
#pragma once

#include <cstdint>

#include <adamas/threads.hpp>

namespace adamas {

// Threads for a step that moves `bytes`: at most `limit` of them (0: thread_limit()).
Status choose_threads(std::uint64_t bytes, int limit, int* threads) noexcept;

// Calls body(context, worker, workers) once per worker, in one parallel region of at most `threads` workers.
void run_workers(int threads, void (*body)(void* context, int worker, int workers), void* context) noexcept;

}  // namespace adamas
