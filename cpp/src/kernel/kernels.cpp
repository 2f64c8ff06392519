// Compiled once per instruction set, with ADAMAS_ISA naming it. Everything here and in the headers below lives in an
// anonymous namespace, and the object exports one symbol: so the linker can never hand code made for one processor
// to a caller that runs on another.
#define ADAMAS_STRINGIZE_(x) #x
#define ADAMAS_STRINGIZE(x) ADAMAS_STRINGIZE_(x)
#define ADAMAS_CONCATENATE_(a, b) a##b
#define ADAMAS_CONCATENATE(a, b) ADAMAS_CONCATENATE_(a, b)

#include <array>
#include <cstddef>
#include <utility>

// clang-format off
#include ADAMAS_STRINGIZE(simd/ADAMAS_ISA.hpp)
// clang-format on
#include "formats/registry.hpp"
#include "kernel/byte_limit.hpp"
#include "kernel/norm_loop.hpp"
#include "kernel/table.hpp"
#include "kernel/tile_loop.hpp"
#include "rules/decay.hpp"
#include "rules/registry.hpp"

namespace adamas {
namespace {

template <class Rule, class Format>
void update(const Streams& streams, std::size_t begin, std::size_t end, const Coefficients& c) {
  if constexpr (!Rule::kOwnDecay) {
    if (c.decay_mode == Decay::kCoupled) return tile_loop<Rule, CoupledDecay, Format>(streams, begin, end, c);
  }
  tile_loop<Rule, DecoupledDecay, Format>(streams, begin, end, c);
}

template <class Rule, class Format>
constexpr NormKernel norm_kernel() {
  if constexpr (Rule::kNeedsNorms) return norm_loop<Rule, Format>;
  return nullptr;
}

#define ADAMAS_CELL(dtype, ...) +1
constexpr int kFormatCount = 0 ADAMAS_FORMATS(ADAMAS_CELL);
#undef ADAMAS_CELL

// One row per rule, one column per format.
template <class Rule>
struct Row {
#define ADAMAS_CELL(dtype, ...) update<Rule, Format<__VA_ARGS__>>,
  static constexpr UpdateKernel kUpdate[kFormatCount] = {ADAMAS_FORMATS(ADAMAS_CELL)};
#undef ADAMAS_CELL
#define ADAMAS_CELL(dtype, ...) norm_kernel<Rule, Format<__VA_ARGS__>>(),
  static constexpr NormKernel kNorm[kFormatCount] = {ADAMAS_FORMATS(ADAMAS_CELL)};
#undef ADAMAS_CELL
};

#define ADAMAS_CELL(name, ...) +1
constexpr int kRuleCount = 0 ADAMAS_RULES(ADAMAS_CELL);
#undef ADAMAS_CELL

struct Kernels {
  UpdateKernel update[kRuleCount * kFormatCount];
  NormKernel norm[kRuleCount * kFormatCount];
};

constexpr Kernels lay_out_kernels() {
  Kernels table{};
  int next = 0;
#define ADAMAS_ROW(name, ...)                               \
  for (int format = 0; format < kFormatCount; ++format) {   \
    table.update[next] = Row<__VA_ARGS__>::kUpdate[format]; \
    table.norm[next++] = Row<__VA_ARGS__>::kNorm[format];   \
  }
  ADAMAS_RULES(ADAMAS_ROW)
#undef ADAMAS_ROW
  return table;
}

constexpr Kernels kKernels = lay_out_kernels();

template <std::size_t... kStates>
constexpr auto byte_limits(std::index_sequence<kStates...>) {
  return std::array<ByteLimitKernel, sizeof...(kStates)>{byte_limit<static_cast<int>(kStates)>...};
}

constexpr auto kByteLimitKernels = byte_limits(std::make_index_sequence<kMaxStates + 1>());

}  // namespace

extern const KernelTable ADAMAS_CONCATENATE(kernels_, ADAMAS_ISA);
const KernelTable ADAMAS_CONCATENATE(kernels_, ADAMAS_ISA) = {kKernels.update, kKernels.norm, kByteLimitKernels.data()};

}  // namespace adamas
