// Timing a step and its byte limit alternately, so that their ratio means something on a shared, noisy machine: the
// protocol of python/adamas/bench/timing.py.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <vector>

namespace bench {

// Times one of the two, a turn at a time. A turn is one untimed step, which brings the arrays into the state of cache
// that it leaves them in itself, and then as many timed steps as fill it.
template <class Step>
class TurnTimer {
 public:
  explicit TurnTimer(Step& step) : step_(step) {
    constexpr double kTurnSeconds = 2e-3;
    constexpr double kMostSteps = 10'000;
    for (int i = 0; i < 2; ++i) {  // the first step may be slow
      const double seconds = std::max(timed(), 1e-9) / static_cast<double>(count_);
      count_ = static_cast<std::size_t>(std::clamp(kTurnSeconds / seconds, 1.0, kMostSteps));
    }
  }

  void warm_up() { step_(); }

  // Returns seconds per step.
  double time_turn() {
    seconds_.push_back(timed() / static_cast<double>(count_));
    return seconds_.back();
  }

  // Steps of a turn.
  std::size_t count() const { return count_; }

  // Seconds per step.
  double median() const {
    std::vector<double> sorted = seconds_;
    const auto middle = sorted.begin() + static_cast<std::ptrdiff_t>(sorted.size() / 2);
    std::nth_element(sorted.begin(), middle, sorted.end());
    return *middle;
  }

 private:
  double timed() {
    using Clock = std::chrono::steady_clock;
    const Clock::time_point start = Clock::now();
    for (std::size_t i = 0; i < count_; ++i) step_();
    return std::chrono::duration<double>(Clock::now() - start).count();
  }

  Step& step_;
  std::size_t count_ = 1;
  std::vector<double> seconds_;
};

}  // namespace bench
