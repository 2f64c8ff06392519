// The only file that knows OpenMP.
#include "engine/openmp.hpp"

#include <adamas/threads.hpp>

#if defined(_OPENMP)
#include <omp.h>

#if defined(__unix__) || defined(__APPLE__)
#include <dlfcn.h>
#endif

#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define ADAMAS_THREAD_SANITIZER
extern "C" void __tsan_acquire(void*);
extern "C" void __tsan_release(void*);
#endif
#endif

namespace adamas {
namespace {

struct Region {
  void (*body)(void*, int, int);
  void* context;
};

// ThreadSanitizer does not see into an OpenMP runtime that was built without it. So it is told what a region orders:
// what came before it, then its workers, then what follows.
#if defined(ADAMAS_THREAD_SANITIZER)
#define ADAMAS_NOT_WATCHED __attribute__((disable_sanitizer_instrumentation))
void after_others(Region* region) { __tsan_acquire(region); }
void before_others(Region* region) { __tsan_release(region); }
#else
#define ADAMAS_NOT_WATCHED
void after_others(Region*) {}
void before_others(Region*) {}
#endif

ADAMAS_NOT_WATCHED void run_worker(Region* region) {
  after_others(region);
  region->body(region->context, omp_get_thread_num(), omp_get_num_threads());
  before_others(region);
}

}  // namespace

bool has_openmp() noexcept { return true; }

int openmp_max_threads() noexcept { return omp_get_max_threads(); }

ADAMAS_NOT_WATCHED void run_workers(int threads, void (*body)(void*, int, int), void* context) noexcept {
  Region region{body, context};
  Region* const shared = &region;
  before_others(shared);
#pragma omp parallel num_threads(threads) default(none) firstprivate(shared)
  run_worker(shared);
  after_others(shared);
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
