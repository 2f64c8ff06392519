/// \file
/// The number of threads that a step may use, and threads that the caller provides.
#pragma once

#include <cstddef>
#include <cstdint>

#include <adamas/types.hpp>

namespace adamas {

/// \defgroup adamas_threads Threads
/// A step runs on the calling thread and, if it is large enough, on threads of OpenMP or of the caller.
/// \{

/// The largest thread count that is accepted.
constexpr int kMaxThreads = 1024;

/// What the thread limit follows.
enum class ThreadReason : std::uint8_t {
  kNoOpenMP,     ///< the library is built without OpenMP
  kForked,       ///< this process is a fork()ed child, in which the OpenMP threads of its parent do not exist
  kRequested,    ///< set_num_threads()
  kEnvironment,  ///< the environment variable ADAMAS_NUM_THREADS
  kOpenMPCall,   ///< omp_set_num_threads() in this thread, as threadpoolctl and torch.set_num_threads call it
  kOpenMP,       ///< the environment variable OMP_NUM_THREADS
  kQuota,        ///< the CPU quota of the container (cgroup)
  kAffinity,     ///< the processors on which this process may run
};

/// A thread limit, and the reason for it.
struct ThreadLimit {
  int count;            ///< threads, at least 1
  ThreadReason reason;  ///< what the count follows
};

/// Finds the largest number of threads that a step of the calling thread would use, and why. Small steps use fewer.
///
/// \return kInvalidThreadVariable if ADAMAS_NUM_THREADS is not a whole number from 1 to kMaxThreads.
Status thread_limit(ThreadLimit* limit) noexcept;

/// A few words for people. They are a string literal and never null.
const char* message(ThreadReason reason) noexcept;

/// The caller's own threads, which take part in a step instead of those of OpenMP (StepInputs::workers).
struct Workers {
  /// Calls body(context, 0, count) on the calling thread, and body(context, k, count) on at most count - 1 other
  /// threads, with another k from 1 to count - 1 on each. Returns when all calls that have begun have ended. Other
  /// threads need not begin at all: the calling thread then does their work.
  void (*run)(void* self, int count, void (*body)(void* context, int worker, int workers), void* context) noexcept;
  void* self;  ///< passed to run() as it is
  int count;   ///< threads that could take part, the calling thread included
};

/// Sets the thread limit of the process; 0 goes back to the automatic choice.
///
/// \return kInvalidThreads if the count is negative or above kMaxThreads.
Status set_num_threads(int count) noexcept;

/// Bytes of memory traffic for which a step uses one more thread. A step with less than twice as many runs on the
/// calling thread alone.
std::size_t bytes_per_thread() noexcept;

/// Sets bytes_per_thread() for the process.
void set_bytes_per_thread(std::size_t bytes) noexcept;

/// Path of the file of the OpenMP runtime, or null if there is none or its path is unknown.
const char* openmp_runtime() noexcept;

/// \}

}  // namespace adamas
