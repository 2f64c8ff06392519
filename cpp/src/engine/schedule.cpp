#include "engine/schedule.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <memory>
#include <new>

#include "engine/crowding.hpp"
#include "engine/float_mode.hpp"
#include "engine/openmp.hpp"
#include "engine/threads.hpp"

namespace adamas {
namespace {

// Memory traffic of a slice: long beside the cost of claiming it, short beside the wait at the end of a step.
constexpr std::uint64_t kSliceBytes = 256 * 1024;

// The slices dealt to one worker that nobody has claimed yet, on a cache line of their own.
struct alignas(64) Hand {
  std::atomic<std::uint64_t> next;
  std::uint64_t end;
};

using Clock = std::chrono::steady_clock;

struct Deal {
  SliceBody body;
  void* context;
  std::uint64_t slices;
  Hand* hands;
  int hand_count;
  std::uint64_t float_mode;
  Clock::time_point caller_done;  // when the calling thread, which is worker 0, found no more work
};

// Each worker does its own slices, in order, and then what others have not come to: one that starts late, or whose
// processor is busy elsewhere, does not hold up the step. Where a slice is done never changes its result.
// Should there be fewer workers than hands, the others' hands are taken over in the same way.
void work(void* context, int worker, int /*workers*/) {
  Deal& deal = *static_cast<Deal*>(context);
  const FloatMode mode(deal.float_mode);
  for (int k = 0; k < deal.hand_count; ++k) {
    Hand& hand = deal.hands[(worker + k) % deal.hand_count];
    for (;;) {
      const std::uint64_t slice = hand.next.fetch_add(1, std::memory_order_relaxed);
      if (slice >= hand.end) break;
      deal.body(deal.context, slice, deal.slices);
    }
  }
  if (worker == 0) deal.caller_done = Clock::now();
}

}  // namespace

Status run_slices(std::uint64_t bytes, int limit, SliceBody body, void* context, int* threads) noexcept {
  ThreadChoice choice;
  if (const Status status = choose_threads(bytes, limit, &choice); status != Status::kOk) return status;
  if (choice.threads == 1 || (choice.automatic && is_crowded())) {
    *threads = 1;
    body(context, 0, 1);
    return Status::kOk;
  }
  const auto hand_count = static_cast<std::uint64_t>(choice.threads);
  const std::unique_ptr<Hand[]> hands(new (std::nothrow) Hand[hand_count]);
  if (!hands) {  // which is no reason to give up
    *threads = 1;
    body(context, 0, 1);
    return Status::kOk;
  }
  const std::uint64_t slices = std::max(hand_count, bytes / kSliceBytes);
  for (std::uint64_t k = 0; k < hand_count; ++k) {
    hands[k].next.store(slice_begin(slices, k, hand_count), std::memory_order_relaxed);
    hands[k].end = slice_begin(slices, k + 1, hand_count);
  }
  const Clock::time_point start = Clock::now();
  Deal deal{body, context, slices, hands.get(), choice.threads, FloatMode::current(), start};
  *threads = run_workers(choice.threads, work, &deal);
  const Clock::time_point end = Clock::now();
  if (choice.automatic) report_region(end - deal.caller_done, end - start);
  return Status::kOk;
}

}  // namespace adamas
