// The only file that knows OpenMP.
#include "engine/openmp.hpp"

#include <adamas/threads.hpp>

#if defined(_OPENMP)
#include <omp.h>

#if defined(__unix__) || defined(__APPLE__)
#include <dlfcn.h>
#endif

namespace adamas {

bool has_openmp() noexcept { return true; }

int openmp_max_threads() noexcept { return omp_get_max_threads(); }

void run_workers(int threads, void (*body)(void*, int, int), void* context) noexcept {
#pragma omp parallel num_threads(threads)
  body(context, omp_get_thread_num(), omp_get_num_threads());
}

const char* openmp_runtime() noexcept {
#if defined(__unix__) || defined(__APPLE__)
  Dl_info info;
  if (dladdr(reinterpret_cast<const void*>(&omp_get_max_threads), &info) != 0) return info.dli_fname;
#endif
  return nullptr;
}

}  // namespace adamas

#else

namespace adamas {

bool has_openmp() noexcept { return false; }
int openmp_max_threads() noexcept { return 1; }
void run_workers(int, void (*body)(void*, int, int), void* context) noexcept { body(context, 0, 1); }
const char* openmp_runtime() noexcept { return nullptr; }

}  // namespace adamas

#endif
