// The only file that knows a processor's floating-point control register. Its functions are called, not inlined: so no
// arithmetic moves across a change of mode.
#include "engine/float_mode.hpp"

#include <atomic>

#if defined(__x86_64__)
#include <xmmintrin.h>
#endif

namespace adamas {
namespace {

#if defined(__x86_64__)
constexpr bool kKnown = true;
constexpr std::uint64_t kStandard = 0x1f80;  // MXCSR: all exceptions masked, rounding to nearest
constexpr std::uint64_t kFlush = 0x8040;     // FTZ and DAZ
constexpr std::uint64_t kControl = 0xffc0;   // the rest tells which exceptions there were
std::uint64_t read_mode() { return _mm_getcsr(); }
void write_mode(std::uint64_t mode) { _mm_setcsr(static_cast<unsigned>(mode)); }
#elif defined(__aarch64__)
constexpr bool kKnown = true;
constexpr std::uint64_t kStandard = 0;         // FPCR: rounding to nearest, NaNs passed on, no traps
constexpr std::uint64_t kFlush = 1u << 24;     // FZ
constexpr std::uint64_t kControl = 0x7c89f00;  // AHP, DN, FZ, RMode, FZ16, and the enabled traps
std::uint64_t read_mode() {
  std::uint64_t mode;
  __asm__ __volatile__("mrs %0, fpcr" : "=r"(mode));
  return mode;
}
void write_mode(std::uint64_t mode) { __asm__ __volatile__("msr fpcr, %0" : : "r"(mode)); }
#else
constexpr bool kKnown = false;
constexpr std::uint64_t kStandard = 0;
constexpr std::uint64_t kFlush = 0;
constexpr std::uint64_t kControl = 0;
std::uint64_t read_mode() { return 0; }
void write_mode(std::uint64_t) {}
#endif

std::atomic<bool> flush{false};

}  // namespace

FloatMode::FloatMode() noexcept : FloatMode(flush.load(std::memory_order_relaxed) ? kStandard | kFlush : kStandard) {}

FloatMode::FloatMode(std::uint64_t mode) noexcept : callers_(read_mode()), changed_((callers_ & kControl) != mode) {
  if (changed_) write_mode((callers_ & ~kControl) | mode);
}

FloatMode::~FloatMode() {
  if (changed_) write_mode(callers_);
}

std::uint64_t FloatMode::current() noexcept { return read_mode() & kControl; }

bool set_flush_denormals(bool wanted) noexcept {
  if (wanted && !kKnown) return false;
  flush.store(wanted, std::memory_order_relaxed);
  return true;
}

bool flush_denormals() noexcept { return flush.load(std::memory_order_relaxed); }

}  // namespace adamas
