#include "engine/work_queue.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <memory>
#include <new>

#include "engine/float_mode.hpp"
#include "engine/openmp.hpp"
#include "engine/oversubscription.hpp"

namespace adamas {
namespace {

// Memory traffic of a slice: long beside the cost of claiming it, short beside the wait at the end of a step.
constexpr std::uint64_t kSliceBytes = 256 * 1024;

// The slices queued for one worker that nobody has claimed yet, on a cache line of their own.
struct alignas(64) WorkQueue {
  std::atomic<std::uint64_t> next;
  std::uint64_t end;
};

using Clock = std::chrono::steady_clock;

// What all workers of a region share.
struct QueuedWork {
  SliceBody body;
  void* context;
  std::uint64_t slices;
  WorkQueue* queues;
  int queue_count;
  std::uint64_t float_mode;
  Clock::time_point caller_done;  // when the calling thread, which is worker 0, found no more work
};

// Each worker empties its own queue, in order, and then those of others: one that starts late, or whose processor is
// busy elsewhere, does not hold up the step. Where a slice is done never changes its result. Should there be fewer
// workers than queues, the others are emptied in the same way.
void empty_queues(void* context, int worker, int /*workers*/) {
  QueuedWork& work = *static_cast<QueuedWork*>(context);
  const FloatMode mode(work.float_mode);
  for (int k = 0; k < work.queue_count; ++k) {
    WorkQueue& queue = work.queues[(worker + k) % work.queue_count];
    for (;;) {
      const std::uint64_t slice = queue.next.fetch_add(1, std::memory_order_relaxed);
      if (slice >= queue.end) break;
      work.body(work.context, slice, work.slices);
    }
  }
  if (worker == 0) work.caller_done = Clock::now();
}

}  // namespace

Status run_slices(std::uint64_t bytes, const Crew& crew, SliceBody body, void* context, int* threads) noexcept {
  ThreadChoice choice;
  if (const Status status = choose_threads(bytes, crew, &choice); status != Status::kOk) return status;
  if (choice.threads == 1 || (choice.automatic && is_oversubscribed())) {
    *threads = 1;
    body(context, 0, 1);
    return Status::kOk;
  }
  const auto queue_count = static_cast<std::uint64_t>(choice.threads);
  const std::unique_ptr<WorkQueue[]> queues(new (std::nothrow) WorkQueue[queue_count]);
  if (!queues) {  // which is no reason to give up
    *threads = 1;
    body(context, 0, 1);
    return Status::kOk;
  }
  const std::uint64_t slices = std::max(queue_count, bytes / kSliceBytes);
  for (std::uint64_t k = 0; k < queue_count; ++k) {
    queues[k].next.store(slice_begin(slices, k, queue_count), std::memory_order_relaxed);
    queues[k].end = slice_begin(slices, k + 1, queue_count);
  }
  const Clock::time_point start = Clock::now();
  QueuedWork work{body, context, slices, queues.get(), choice.threads, FloatMode::current(), start};
  if (crew.workers != nullptr) {
    crew.workers->run(crew.workers->self, choice.threads, empty_queues, &work);
    *threads = choice.threads;
    return Status::kOk;
  }
  *threads = run_workers(choice.threads, empty_queues, &work);
  const Clock::time_point end = Clock::now();
  if (choice.automatic) report_region(end - work.caller_done, end - start);
  return Status::kOk;
}

}  // namespace adamas
