// What one instruction set exports: the byte-limit loops, by the number of states.
#pragma once

#include <cstddef>

#include "kernel/table.hpp"

namespace adamas::probes {

// Over float32 elements [begin, end); begin is on a granule.
using ByteLimitKernel = void (*)(const Streams& streams, std::size_t begin, std::size_t end);

struct ByteLimitTable {
  ByteLimitKernel update[kMaxStates + 1];
  ByteLimitKernel read[kMaxStates + 1];  // reads only
};

}  // namespace adamas::probes
