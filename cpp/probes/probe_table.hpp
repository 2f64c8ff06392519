// What one instruction set exports.
#pragma once

#include <cstddef>

#include "kernel/table.hpp"

namespace adamas::probes {

// Over float32 elements [begin, end); begin is on a granule.
using ByteLimitKernel = void (*)(const Streams& streams, std::size_t begin, std::size_t end);

struct ProbeTable {
  // By the number of states.
  ByteLimitKernel update[kMaxStates + 1];
  ByteLimitKernel read[kMaxStates + 1];  // reads only

  // Of so many elements.
  void (*roots)(std::size_t elements);
  void (*quotients)(std::size_t elements);

  // Null where it is not known how to write them.
  void (*instructions)(std::size_t count);
};

// Of the instruction set in use.
Status active_probes(const ProbeTable** table) noexcept;

}  // namespace adamas::probes
