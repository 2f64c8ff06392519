#include "engine/threads.hpp"

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <thread>

#if defined(__unix__) || defined(__APPLE__)
#include <pthread.h>
#endif
#if defined(__linux__)
#include <sched.h>
#endif

#include "engine/cpu_quota.hpp"
#include "engine/openmp.hpp"

namespace adamas {
namespace {

// A parallel region costs a microsecond while OpenMP's threads still spin, and tens of them when they sleep. One core
// moves this much through its caches in about five.
constexpr std::size_t kDefaultBytesPerThread = 512 * 1024;

std::atomic<int> requested{0};
std::atomic<std::size_t> bytes_per_worker{kDefaultBytesPerThread};

#if defined(__unix__) || defined(__APPLE__)
std::atomic<bool> forked{false};
const int watch_fork = pthread_atfork(nullptr, nullptr, [] { forked.store(true, std::memory_order_relaxed); });
bool is_forked() {
  static_cast<void>(watch_fork);
  return forked.load(std::memory_order_relaxed);
}
#else
bool is_forked() { return false; }
#endif

// The leading whole number of an environment variable ("4" of "4,2"): 0 if unset, -1 if it is something else.
int read_count(const char* variable, bool whole) {
  const char* text = std::getenv(variable);
  if (text == nullptr || *text == '\0') return 0;
  char* end = nullptr;
  const long value = std::strtol(text, &end, 10);
  if (end == text || (whole && *end != '\0') || value < 1 || value > kMaxThreads) return -1;
  return static_cast<int>(value);
}

int usable_processors() {
#if defined(__linux__)
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) == 0) return CPU_COUNT(&set);
#endif
  const unsigned count = std::thread::hardware_concurrency();  // of mingw-w64: those that the process may run on
  return count == 0 ? 1 : static_cast<int>(count);
}

int clamp_threads(int count) { return count < 1 ? 1 : count > kMaxThreads ? kMaxThreads : count; }

// openmp_max_threads() as it was before anybody called omp_set_num_threads(), which acts on the calling thread alone:
// a new thread still sees the first value.
int initial_openmp_threads() {
  int count = 0;
  try {
    std::thread([&count] { count = openmp_max_threads(); }).join();
  } catch (...) {  // no thread could be started: take the present value for the first one
    count = openmp_max_threads();
  }
  return clamp_threads(count);
}

// wanted: a limit asked for by the caller, or 0. by_openmp: whose threads they are.
Status limit_threads(int wanted, bool by_openmp, ThreadLimit* limit) {
  static const int environment = read_count("ADAMAS_NUM_THREADS", true);
  if (environment < 0) return Status::kInvalidThreadVariable;
  if (by_openmp && (!has_openmp() || is_forked())) {
    *limit = {1, has_openmp() ? ThreadReason::kForked : ThreadReason::kNoOpenMP};
    return Status::kOk;
  }

  static const int initial = initial_openmp_threads();
  static const int quota = cpu_quota();
  static const bool configured = read_count("OMP_NUM_THREADS", false) > 0;  // OpenMP reads it once as well
  const int now = clamp_threads(openmp_max_threads());
  const bool called = now != initial;
  if (wanted > 0) {
    *limit = {wanted, ThreadReason::kRequested};
  } else if (environment > 0) {
    *limit = {environment, ThreadReason::kEnvironment};
  } else if (called || configured) {
    *limit = {now, called ? ThreadReason::kOpenMPCall : ThreadReason::kOpenMP};
  } else {
    *limit = {clamp_threads(usable_processors()), ThreadReason::kAffinity};
    if (quota > 0 && quota < limit->count) *limit = {quota, ThreadReason::kQuota};
  }
  if (called && now < limit->count) *limit = {now, ThreadReason::kOpenMPCall};
  return Status::kOk;
}

}  // namespace

Status thread_limit(ThreadLimit* limit) noexcept {
  return limit_threads(requested.load(std::memory_order_relaxed), true, limit);
}

const char* message(ThreadReason reason) noexcept {
  switch (reason) {
    case ThreadReason::kNoOpenMP: return "built without OpenMP";
    case ThreadReason::kForked: return "this process was forked, and OpenMP threads do not survive a fork";
    case ThreadReason::kRequested: return "set_num_threads";
    case ThreadReason::kEnvironment: return "ADAMAS_NUM_THREADS";
    case ThreadReason::kOpenMPCall:
      return "omp_set_num_threads was called (threadpoolctl and torch.set_num_threads do)";
    case ThreadReason::kOpenMP: return "OMP_NUM_THREADS";
    case ThreadReason::kQuota: return "the CPU quota of this container";
    case ThreadReason::kAffinity: return "the processors this process may run on";
  }
  return "unknown reason";
}

Status set_num_threads(int count) noexcept {
  if (count < 0 || count > kMaxThreads) return Status::kInvalidThreads;
  requested.store(count, std::memory_order_relaxed);
  return Status::kOk;
}

std::size_t bytes_per_thread() noexcept { return bytes_per_worker.load(std::memory_order_relaxed); }
void set_bytes_per_thread(std::size_t bytes) noexcept {
  bytes_per_worker.store(bytes < 1 ? 1 : bytes, std::memory_order_relaxed);
}

Status choose_threads(std::uint64_t bytes, const Crew& crew, ThreadChoice* choice) noexcept {
  const int limit = crew.limit;
  if (limit < 0 || limit > kMaxThreads) return Status::kInvalidThreads;
  const std::uint64_t useful = bytes / bytes_per_thread();
  *choice = {};
  if (useful < 2 || limit == 1) return Status::kOk;
  ThreadLimit most;
  const int wanted = limit > 0 ? limit : requested.load(std::memory_order_relaxed);
  const Status status = limit_threads(wanted, crew.workers == nullptr, &most);
  if (status != Status::kOk) return status;
  choice->threads = useful < static_cast<std::uint64_t>(most.count) ? static_cast<int>(useful) : most.count;
  if (crew.workers != nullptr) {
    // Nobody waits for a thread that does not come.
    *choice = {std::min(choice->threads, clamp_threads(crew.workers->count)), false};
    return Status::kOk;
  }
  choice->automatic = most.reason != ThreadReason::kRequested && most.reason != ThreadReason::kEnvironment;
  return Status::kOk;
}

}  // namespace adamas
