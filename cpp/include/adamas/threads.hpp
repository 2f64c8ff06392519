// How many threads a step may use.
#pragma once

#include <cstddef>
#include <cstdint>

#include <adamas/types.hpp>

namespace adamas {

constexpr int kMaxThreads = 1024;

// What the thread limit follows.
enum class ThreadReason : std::uint8_t {
  kNoOpenMP,     // built without OpenMP
  kForked,       // a fork()ed child: the OpenMP threads of its parent do not exist here
  kRequested,    // set_num_threads()
  kEnvironment,  // ADAMAS_NUM_THREADS
  kOpenMPCall,   // omp_set_num_threads() in this thread, as threadpoolctl and torch.set_num_threads do
  kOpenMP,       // OMP_NUM_THREADS
  kQuota,        // the CPU quota of the container (cgroup)
  kAffinity,     // the processors this process may run on
};

struct ThreadLimit {
  int count;
  ThreadReason reason;
};

// The most threads that a step started by the calling thread would use, and why. Small steps use fewer.
// kInvalidThreadVariable if ADAMAS_NUM_THREADS is not a whole number from 1 to kMaxThreads.
Status thread_limit(ThreadLimit* limit) noexcept;
const char* message(ThreadReason reason) noexcept;

// Threads of somebody else's, which help with a step instead of OpenMP's.
struct Workers {
  // Calls body(context, 0, count) on the calling thread, and body(context, worker, count), with another number from 1
  // on each, on at most count - 1 other threads; returns when all that have begun have ended. Others need never begin.
  void (*run)(void* self, int count, void (*body)(void* context, int worker, int workers), void* context) noexcept;
  void* self;
  int count;  // of threads that could take part, the calling one among them
};

// Sets the limit for the process; 0 goes back to the automatic choice.
Status set_num_threads(int count) noexcept;

// A step uses one more thread for each `bytes` of memory traffic; below twice that it runs on the calling thread.
std::size_t bytes_per_thread() noexcept;
void set_bytes_per_thread(std::size_t bytes) noexcept;

// Path of the OpenMP runtime's file, or null if there is none or it is not known.
const char* openmp_runtime() noexcept;

}  // namespace adamas
