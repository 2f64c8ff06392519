// The floating-point mode of a thread while it works for adamas.
#pragma once

#include <cstdint>

#include <adamas/float_mode.hpp>

namespace adamas {

// Puts the calling thread into adamas's mode, and back. A caller's own mode (flushed subnormals, another rounding,
// traps) would change bits, and on its own thread alone, since the workers of a region need not have it.
class FloatMode {
 public:
  FloatMode() noexcept;
  explicit FloatMode(std::uint64_t mode) noexcept;  // for workers: that of the thread that began the step
  static std::uint64_t current() noexcept;

  ~FloatMode();
  FloatMode(const FloatMode&) = delete;
  FloatMode& operator=(const FloatMode&) = delete;

 private:
  std::uint64_t callers_;
  bool changed_;
};

}  // namespace adamas
