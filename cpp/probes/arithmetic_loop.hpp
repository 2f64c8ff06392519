// Loops that keep one part of a processor busy, and wait for nothing else: its divider, or what hands out instructions.
#pragma once

#include <algorithm>
#include <cstddef>

namespace adamas::probes {
namespace {

constexpr std::size_t kNumbers = 1024;  // few enough for the nearest cache, with as many results

// Calls operation(vector) for as many elements as there are, rounded up to whole vectors.
template <class Operation>
void for_all(std::size_t elements, Operation operation) {
  using V = Vector<float>;
  alignas(64) float numbers[kNumbers];
  alignas(64) float results[kNumbers] = {};
  for (std::size_t i = 0; i < kNumbers; ++i) numbers[i] = 1.0f + static_cast<float>(i);
  for (std::size_t done = 0; done < elements; done += kNumbers) {
    const std::size_t count = std::min(kNumbers, elements - done);
    for (std::size_t i = 0; i < count; i += V::kLanes) operation(V::load(numbers + i)).store(results + i);
  }
  const volatile float used = results[elements % kNumbers];
  static_cast<void>(used);
}

void roots(std::size_t elements) {
  for_all(elements, [](Vector<float> x) { return square_root(x); });
}

void quotients(std::size_t elements) {
  for_all(elements, [](Vector<float> x) { return Vector<float>::broadcast(1.5f) / x; });
}

// Six instructions, none of which waits for another one: three that work on vectors, and three on whole numbers. (A
// processor that begins more than six at once is faster than this.)
#if defined(__x86_64__)
#if defined(__AVX__)
#define ADAMAS_SIX                    \
  "vandps %%xmm0, %%xmm0, %%xmm1\n\t" \
  "add $1, %%rax\n\t"                 \
  "vandps %%xmm0, %%xmm0, %%xmm2\n\t" \
  "add $1, %%rcx\n\t"                 \
  "vandps %%xmm0, %%xmm0, %%xmm3\n\t" \
  "add $1, %%rdx\n\t"
#else
#define ADAMAS_SIX           \
  "andps %%xmm0, %%xmm1\n\t" \
  "add $1, %%rax\n\t"        \
  "andps %%xmm0, %%xmm2\n\t" \
  "add $1, %%rcx\n\t"        \
  "andps %%xmm0, %%xmm3\n\t" \
  "add $1, %%rdx\n\t"
#endif
#define ADAMAS_CHANGED "xmm0", "xmm1", "xmm2", "xmm3", "rax", "rcx", "rdx", "cc"
#elif defined(__aarch64__)
#define ADAMAS_SIX                 \
  "and v1.16b, v0.16b, v0.16b\n\t" \
  "add x9, x9, #1\n\t"             \
  "and v2.16b, v0.16b, v0.16b\n\t" \
  "add x10, x10, #1\n\t"           \
  "and v3.16b, v0.16b, v0.16b\n\t" \
  "add x11, x11, #1\n\t"
#define ADAMAS_CHANGED "v0", "v1", "v2", "v3", "x9", "x10", "x11"
#endif

#if defined(ADAMAS_SIX)
// In groups of 60.
void run_instructions(std::size_t count) {
  for (std::size_t done = 0; done < count; done += 60) {
    __asm__ volatile(
        ADAMAS_SIX ADAMAS_SIX ADAMAS_SIX ADAMAS_SIX ADAMAS_SIX ADAMAS_SIX ADAMAS_SIX ADAMAS_SIX ADAMAS_SIX ADAMAS_SIX ::
            : ADAMAS_CHANGED);
  }
}
constexpr auto kInstructions = &run_instructions;
#undef ADAMAS_SIX
#undef ADAMAS_CHANGED
#else
constexpr void (*kInstructions)(std::size_t) = nullptr;
#endif

}  // namespace
}  // namespace adamas::probes
