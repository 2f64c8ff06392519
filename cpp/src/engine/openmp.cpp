// The only file that knows OpenMP.
#include "engine/openmp.hpp"

#include <adamas/threads.hpp>

#if defined(_OPENMP)
#include <omp.h>

#include <mutex>
#include <thread>
#include <vector>

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

// Regions without asking again, once threads were refused.
constexpr int kPatience = 1000;

// Starts threads, all of them alive at once, and ends them; returns how many could be started.
int try_threads(int count) noexcept {
  std::mutex gate;
  std::vector<std::thread> started;
  gate.lock();
  try {
    started.reserve(static_cast<std::size_t>(count));
    for (int k = 0; k < count; ++k) {
      started.emplace_back([&gate] { const std::lock_guard<std::mutex> passing(gate); });
    }
  } catch (...) {  // a limit of memory, or of threads
  }
  gate.unlock();
  for (std::thread& thread : started) thread.join();
  return static_cast<int>(started.size());
}

// Where the system refuses a thread, OpenMP ends the process. So when more are wanted than this thread's last region
// had, which wait for the next one, they are first started here, where a refusal is no more than that.
int threads_to_be_had(int wanted) noexcept {
  thread_local int had = 1;
  thread_local int patience = 0;
  if (wanted > had && patience > 0) {
    --patience;
  } else if (wanted > had) {
    const int found = try_threads(wanted - had);
    if (found < wanted - had) patience = kPatience;
    had += found;
  }
  if (wanted > 1 && had > wanted) had = wanted;  // the others will end
  return wanted < had ? wanted : had;
}

}  // namespace

bool has_openmp() noexcept { return true; }

int openmp_max_threads() noexcept { return omp_get_max_threads(); }

ADAMAS_NOT_WATCHED int run_workers(int threads, void (*body)(void*, int, int), void* context) noexcept {
  const int count = threads_to_be_had(threads);
  if (count == 1) {
    body(context, 0, 1);
    return 1;
  }
  Region region{body, context};
  Region* const shared = &region;
  before_others(shared);
#pragma omp parallel num_threads(count) default(none) firstprivate(shared)
  run_worker(shared);
  after_others(shared);
  return count;
}

const char* openmp_runtime() noexcept {
#if defined(__unix__) || defined(__APPLE__)
  Dl_info info;
  if (dladdr(reinterpret_cast<const void*>(&omp_get_max_threads), &info) != 0) return info.dli_fname;
#endif
  return nullptr;  // on Windows, the address would be that of a jump, in the file that asks
}

}  // namespace adamas

#else

namespace adamas {

bool has_openmp() noexcept { return false; }
int openmp_max_threads() noexcept { return 1; }
int run_workers(int, void (*body)(void*, int, int), void* context) noexcept {
  body(context, 0, 1);
  return 1;
}
const char* openmp_runtime() noexcept { return nullptr; }

}  // namespace adamas

#endif
