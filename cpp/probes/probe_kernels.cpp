// Compiled once per instruction set, as kernel/kernels.cpp is, and for the same reason with one exported symbol.
#define ADAMAS_STRINGIZE_(x) #x
#define ADAMAS_STRINGIZE(x) ADAMAS_STRINGIZE_(x)
#define ADAMAS_CONCATENATE_(a, b) a##b
#define ADAMAS_CONCATENATE(a, b) ADAMAS_CONCATENATE_(a, b)

#include <cstddef>
#include <utility>

// clang-format off
#include ADAMAS_STRINGIZE(simd/ADAMAS_ISA.hpp)
// clang-format on
#include "arithmetic_loop.hpp"
#include "byte_limit_loop.hpp"
#include "probe_table.hpp"

namespace adamas::probes {
namespace {

template <std::size_t... kStates>
constexpr ProbeTable table_of(std::index_sequence<kStates...>) {
  return {{byte_limit<static_cast<int>(kStates)>...},
          {read_limit<static_cast<int>(kStates)>...},
          roots,
          quotients,
          kInstructions};
}

}  // namespace

extern const ProbeTable ADAMAS_CONCATENATE(probes_, ADAMAS_ISA);
const ProbeTable ADAMAS_CONCATENATE(probes_, ADAMAS_ISA) = table_of(std::make_index_sequence<kMaxStates + 1>());

}  // namespace adamas::probes
