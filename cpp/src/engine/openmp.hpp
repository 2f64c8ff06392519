// All that adamas asks of OpenMP. A build without it has these functions too, and one thread.
#pragma once

namespace adamas {

bool has_openmp() noexcept;

// What omp_get_max_threads() says to the calling thread; 1 without OpenMP.
int openmp_max_threads() noexcept;

// Calls body(context, worker, workers) once per worker, in one parallel region of at most `threads` workers. Worker 0
// is the calling thread. Returns how many were asked for: less than `threads` if the system has no more.
int run_workers(int threads, void (*body)(void* context, int worker, int workers), void* context) noexcept;

}  // namespace adamas
