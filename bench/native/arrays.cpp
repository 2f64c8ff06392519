#include "arrays.hpp"

#include <sys/mman.h>

#include <algorithm>
#include <new>
#include <numeric>

namespace bench {
namespace {

constexpr std::size_t kPage = 4096;
constexpr std::size_t kHugeThreshold = std::size_t{4} << 20;

// Where in a page arrays begin, as in python/adamas/arena.py and cpp/bindings/memory.cpp: a processor may take
// addresses that agree in their lowest 12 bits for one another, and arrays that are read in step should not.
constexpr std::size_t kPlaceOfGrads = 832;
constexpr std::size_t kPlaceOfStates = 1664;
constexpr std::size_t kBetweenStates = 1344;

}  // namespace

ArrayBytes::ArrayBytes(const Case& wanted)
    : param(wanted.size * adamas::size_of(wanted.format.param)),
      grad(param),
      residue(wanted.size * adamas::size_of(wanted.format.residue)) {
  const adamas::RuleInfo& rule = adamas::rule_info(wanted.rule);
  for (std::size_t k = 0; k < static_cast<std::size_t>(rule.state_count); ++k) {
    const bool by_element = rule.states[k].extent == adamas::StateExtent::kElement;
    const std::size_t rows = matrix_rows(wanted.size);
    const std::size_t elements = by_element ? wanted.size : std::max(rows, wanted.size / rows);
    states[k] = adamas::storage_of(wanted.format.states, rule.states[k].kind).bytes(elements);
  }
}

std::size_t traffic(const Case& wanted) {
  const ArrayBytes bytes(wanted);
  const std::size_t written = std::accumulate(bytes.states.begin(), bytes.states.end(), bytes.param + bytes.residue);
  const std::size_t read = written + bytes.grad;
  return (takes_sums(wanted.rule) ? 2 * read : read) + written;
}

StepArrays::Places StepArrays::lay_out(const ArrayBytes& bytes, std::size_t gradient_sets) {
  Places places{};
  const auto place = [&places](std::size_t count, std::size_t in_page) {
    const std::size_t begin = places.end + (in_page - places.end) % kPage;
    if (count != 0) places.end = begin + count;
    return begin;
  };
  places.param = place(bytes.param, 0);
  for (std::size_t set = 0; set < gradient_sets; ++set) places.grads[set] = place(bytes.grad, kPlaceOfGrads);
  std::size_t in_page = kPlaceOfStates;
  for (std::size_t k = 0; k < bytes.states.size() && bytes.states[k] != 0; ++k, in_page += kBetweenStates) {
    places.states[k] = place(bytes.states[k], in_page);
  }
  places.residue = place(bytes.residue, in_page);
  return places;
}

std::size_t StepArrays::memory(const Case& wanted, std::size_t gradient_sets) {
  return lay_out(ArrayBytes(wanted), gradient_sets).end;
}

StepArrays::StepArrays(const Case& wanted, std::size_t gradient_sets)
    : places_(lay_out(ArrayBytes(wanted), gradient_sets)), gradient_sets_(gradient_sets) {
  memory_ = mmap(nullptr, places_.end, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory_ == MAP_FAILED) throw std::bad_alloc();
#if defined(MADV_HUGEPAGE)
  if (places_.end >= kHugeThreshold) madvise(memory_, places_.end, MADV_HUGEPAGE);
#endif
}

StepArrays::~StepArrays() { munmap(memory_, places_.end); }

}  // namespace bench
