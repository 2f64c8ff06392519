#include "engine/isa.hpp"

#include <atomic>
#include <cstdlib>
#include <cstring>

#include "simd/registry.hpp"

namespace adamas {

#define ADAMAS_DECLARE(name, test) extern const KernelTable kernels_##name;
ADAMAS_ISAS(ADAMAS_DECLARE)
#undef ADAMAS_DECLARE

namespace {

struct Isa {
  const char* name;
  const KernelTable* kernels;
  bool (*available)();
};

#define ADAMAS_ENTRY(name, test) {#name, &kernels_##name, [] { return test; }},
constexpr Isa kIsas[] = {ADAMAS_ISAS(ADAMAS_ENTRY)};
#undef ADAMAS_ENTRY

constexpr int kIsaCount = static_cast<int>(sizeof kIsas / sizeof *kIsas);

struct Choice {
  Status status;
  const Isa* isa;
};

Choice choose(const char* name) {
  for (const Isa& isa : kIsas) {
    if (std::strcmp(isa.name, name) != 0) continue;
    return {isa.available() ? Status::kOk : Status::kUnsupportedIsa, &isa};
  }
  return {Status::kUnknownIsa, nullptr};
}

Choice choose_at_start() {
  const char* wanted = std::getenv("ADAMAS_ISA");
  if (wanted != nullptr && *wanted != '\0') return choose(wanted);
  for (const Isa& isa : kIsas) {
    if (isa.available()) return {Status::kOk, &isa};
  }
  return {Status::kUnsupportedIsa, nullptr};
}

std::atomic<const Isa*> forced{nullptr};

Choice current() {
  if (const Isa* isa = forced.load(std::memory_order_relaxed)) return {Status::kOk, isa};
  static const Choice at_start = choose_at_start();
  return at_start;
}

}  // namespace

int isa_count() noexcept { return kIsaCount; }
const char* isa_name(int index) noexcept { return kIsas[index].name; }
bool isa_available(int index) noexcept { return kIsas[index].available(); }

Status active_isa(const char** name) noexcept {
  const Choice choice = current();
  if (choice.status == Status::kOk) *name = choice.isa->name;
  return choice.status;
}

Status use_isa(const char* name) noexcept {
  if (name == nullptr) return Status::kNullPointer;
  const Choice choice = choose(name);
  if (choice.status == Status::kOk) forced.store(choice.isa, std::memory_order_relaxed);
  return choice.status;
}

Status active_kernels(const KernelTable** table) noexcept {
  const Choice choice = current();
  if (choice.status == Status::kOk) *table = choice.isa->kernels;
  return choice.status;
}

}  // namespace adamas
