#include "engine/oversubscription.hpp"

#include <algorithm>
#include <atomic>

namespace adamas {
namespace {

constexpr auto kLongWait = std::chrono::milliseconds(1);  // far above a wake-up, below a time slice
constexpr int kFirstPause = 64;                           // steps alone after the first long wait
constexpr int kGrowth = 4;                                // of the pause, with each further one
constexpr int kLongestPause = 4096;
constexpr int kForgive = 64;  // regions in a row without a long wait that halve the pause

std::atomic<int> alone{0};  // steps still to run alone
std::atomic<int> pause{0};  // how many there were the last time
std::atomic<int> good{0};   // regions without a long wait since

}  // namespace

bool is_oversubscribed() noexcept {
  const int left = alone.load(std::memory_order_relaxed);
  if (left == 0) return false;
  alone.store(left - 1, std::memory_order_relaxed);
  return true;
}

void report_region(std::chrono::nanoseconds waiting, std::chrono::nanoseconds total) noexcept {
  const int last = pause.load(std::memory_order_relaxed);
  if (waiting > kLongWait && 2 * waiting > total) {
    const int next = std::clamp(kGrowth * last, kFirstPause, kLongestPause);
    pause.store(next, std::memory_order_relaxed);
    alone.store(next, std::memory_order_relaxed);
    good.store(0, std::memory_order_relaxed);
  } else if (last != 0 && good.fetch_add(1, std::memory_order_relaxed) + 1 >= kForgive) {
    pause.store(last / 2, std::memory_order_relaxed);
    good.store(0, std::memory_order_relaxed);
  }
}

}  // namespace adamas
