// Compiled once per instruction set, with ADAMAS_ISA naming it. Everything here and in the headers below lives in an
// anonymous namespace, and the object exports one symbol: so the linker can never hand code made for one processor
// to a caller that runs on another.
#define ADAMAS_STRINGIZE_(x) #x
#define ADAMAS_STRINGIZE(x) ADAMAS_STRINGIZE_(x)
#define ADAMAS_CONCATENATE_(a, b) a##b
#define ADAMAS_CONCATENATE(a, b) ADAMAS_CONCATENATE_(a, b)

// clang-format off
#include ADAMAS_STRINGIZE(simd/ADAMAS_ISA.hpp)
// clang-format on
#include "formats/registry.hpp"
#include "kernel/byte_limit.hpp"
#include "kernel/table.hpp"
#include "kernel/tile_loop.hpp"
#include "rules/decay.hpp"
#include "rules/registry.hpp"

namespace adamas {
namespace {

template <class Rule, class Format>
void update(const Streams& streams, std::size_t begin, std::size_t end, const Coefficients& c) {
  if (c.decay_mode == Decay::kCoupled) {
    tile_loop<Rule, CoupledDecay, Format>(streams, begin, end, c);
  } else {
    tile_loop<Rule, DecoupledDecay, Format>(streams, begin, end, c);
  }
}

#define ADAMAS_CELL(dtype, ...) +1
constexpr int kFormatCount = 0 ADAMAS_FORMATS(ADAMAS_CELL);
#undef ADAMAS_CELL

// One row per rule, one column per format.
template <class Rule>
struct Row {
#define ADAMAS_CELL(dtype, ...) update<Rule, Format<__VA_ARGS__>>,
  static constexpr UpdateKernel kKernels[kFormatCount] = {ADAMAS_FORMATS(ADAMAS_CELL)};
#undef ADAMAS_CELL
};

#define ADAMAS_CELL(name, ...) +1
constexpr int kRuleCount = 0 ADAMAS_RULES(ADAMAS_CELL);
#undef ADAMAS_CELL

struct UpdateKernels {
  UpdateKernel kernels[kRuleCount * kFormatCount];
};

constexpr UpdateKernels lay_out_kernels() {
  UpdateKernels table{};
  int next = 0;
#define ADAMAS_ROW(name, ...) \
  for (int format = 0; format < kFormatCount; ++format) table.kernels[next++] = Row<__VA_ARGS__>::kKernels[format];
  ADAMAS_RULES(ADAMAS_ROW)
#undef ADAMAS_ROW
  return table;
}

constexpr UpdateKernels kUpdateKernels = lay_out_kernels();

constexpr ByteLimitKernel kByteLimitKernels[kMaxStates + 1] = {byte_limit<0>, byte_limit<1>, byte_limit<2>,
                                                               byte_limit<3>};

}  // namespace

extern const KernelTable ADAMAS_CONCATENATE(kernels_, ADAMAS_ISA);
const KernelTable ADAMAS_CONCATENATE(kernels_, ADAMAS_ISA) = {kUpdateKernels.kernels, kByteLimitKernels};

}  // namespace adamas
