#include "probe_table.hpp"

#include <adamas/isa.hpp>

#include <cstring>

#include "simd/registry.hpp"

namespace adamas::probes {

#define ADAMAS_DECLARE(name, test) extern const ProbeTable probes_##name;
ADAMAS_ISAS(ADAMAS_DECLARE)
#undef ADAMAS_DECLARE

Status active_probes(const ProbeTable** table) noexcept {
  const char* active = nullptr;
  if (const Status status = active_isa(&active); status != Status::kOk) return status;
#define ADAMAS_CHOOSE(name, test) \
  if (std::strcmp(active, #name) == 0) *table = &probes_##name;
  ADAMAS_ISAS(ADAMAS_CHOOSE)
#undef ADAMAS_CHOOSE
  return Status::kOk;
}

}  // namespace adamas::probes
