// The instruction sets of the target processor, best first: X(name, test that this machine has it).
// The name is that of the simd header, of the kernel table, of ADAMAS_ISA's value, of test ids and benchmark labels.
#pragma once

#if defined(__x86_64__)
#define ADAMAS_ISAS(X)                              \
  X(avx512, __builtin_cpu_supports("avx512f") != 0) \
  X(avx2, __builtin_cpu_supports("avx2") != 0)      \
  X(scalar, true)
#elif defined(__aarch64__)
#define ADAMAS_ISAS(X) \
  X(neon, true)        \
  X(scalar, true)
#else
#define ADAMAS_ISAS(X) X(scalar, true)
#endif
