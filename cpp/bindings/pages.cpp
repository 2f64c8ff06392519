#include "pages.hpp"

#include <cstdint>

#if defined(__linux__)
#include <sys/mman.h>
#endif

namespace adamas::bindings {

void advise_huge(void* block, std::size_t bytes) {
#if defined(__linux__)
  constexpr std::size_t kLarge = std::size_t{4} << 20;
  if (bytes < kLarge) return;
  const auto address = reinterpret_cast<std::uintptr_t>(block);
  const std::size_t skipped = round_up(address, kPage) - address;
  madvise(static_cast<char*>(block) + skipped, (bytes - skipped) / kPage * kPage, MADV_HUGEPAGE);
#else
  static_cast<void>(block);
  static_cast<void>(bytes);
#endif
}

}  // namespace adamas::bindings
