#include "arithmetic_limit.hpp"

#include "probe_table.hpp"

namespace adamas::probes {

Status divider_limit(std::size_t elements, int roots, int quotients) noexcept {
  const ProbeTable* probes = nullptr;
  if (const Status status = active_probes(&probes); status != Status::kOk) return status;
  for (int k = 0; k < roots; ++k) probes->roots(elements);
  for (int k = 0; k < quotients; ++k) probes->quotients(elements);
  return Status::kOk;
}

Status instruction_limit(std::size_t count, bool* known) noexcept {
  const ProbeTable* probes = nullptr;
  if (const Status status = active_probes(&probes); status != Status::kOk) return status;
  *known = probes->instructions != nullptr;
  if (*known) probes->instructions(count);
  return Status::kOk;
}

}  // namespace adamas::probes
