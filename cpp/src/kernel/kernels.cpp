// Compiled once per instruction set, with ADAMAS_ISA naming it. Everything here and in the headers below lives in an
// anonymous namespace, and the object exports one symbol: so the linker can never hand code made for one processor
// to a caller that runs on another.
#define ADAMAS_STRINGIZE_(x) #x
#define ADAMAS_STRINGIZE(x) ADAMAS_STRINGIZE_(x)
#define ADAMAS_CONCATENATE_(a, b) a##b
#define ADAMAS_CONCATENATE(a, b) ADAMAS_CONCATENATE_(a, b)

#include <algorithm>
#include <cstddef>

// clang-format off
#include ADAMAS_STRINGIZE(simd/ADAMAS_ISA.hpp)
// clang-format on
#include "formats/registry.hpp"
#include "kernel/catch_up_loop.hpp"
#include "kernel/cautious_loop.hpp"
#include "kernel/companion_loop.hpp"
#include "kernel/gradient_loop.hpp"
#include "kernel/mixed_loop.hpp"
#include "kernel/observe_loop.hpp"
#include "kernel/observed_update.hpp"
#include "kernel/run_loop.hpp"
#include "kernel/sum_loop.hpp"
#include "kernel/table.hpp"
#include "kernel/tile_loop.hpp"
#include "kernel/unpack_loop.hpp"
#include "rules/decay.hpp"
#include "rules/registry.hpp"

namespace adamas {
namespace {

// Loops that do much for each vector are long and slow where that is a single lane.
constexpr bool kHasLanes = Vector<float>::kLanes > 1;

// One row per rule; columns as in engine/formats.hpp.
template <class Rule>
constexpr UpdateKernel kUpdateRow[] = {
#define ADAMAS_CELL(dtype, T) update_plain<Rule, T>,
    ADAMAS_PLAIN_FORMATS(ADAMAS_CELL)
#undef ADAMAS_CELL
#define ADAMAS_CELL(format, FloatStates, WordStates) update_mixed<Rule, FloatStates<Rule>, WordStates<Rule>>,
        ADAMAS_STATE_FORMATS(ADAMAS_CELL)
#undef ADAMAS_CELL
};

template <class Rule>
constexpr SumKernel kSumRow[] = {
#define ADAMAS_CELL(dtype, T) sum_loop<Rule, T>,
    ADAMAS_PLAIN_FORMATS(ADAMAS_CELL)
#undef ADAMAS_CELL
#define ADAMAS_CELL(format, FloatStates, WordStates) sum_mixed<Rule, FloatStates<Rule>>,
        ADAMAS_STATE_FORMATS(ADAMAS_CELL)
#undef ADAMAS_CELL
};

template <class Rule>
constexpr const SumKernel* sum_row() {
  if constexpr (Rule::kSumCount != 0) return kSumRow<Rule>;
  return nullptr;
}

template <class Rule>
constexpr UpdateKernel cautious_kernel() {
  if constexpr (Rule::kCautious) return update_cautiously<typename FormulaOf<Rule>::Type, float>;
  return nullptr;
}

template <class Rule>
constexpr AxisRunKernel kUpdateRunsRow[] = {
#define ADAMAS_CELL(dtype, T) update_runs<Rule, T>,
    ADAMAS_PLAIN_FORMATS(ADAMAS_CELL)
#undef ADAMAS_CELL
};

template <class Rule>
constexpr AxisRunKernel kSumRunsRow[] = {
#define ADAMAS_CELL(dtype, T) sum_runs<Rule, T>,
    ADAMAS_PLAIN_FORMATS(ADAMAS_CELL)
#undef ADAMAS_CELL
};

template <class Rule>
constexpr const AxisRunKernel* update_runs_row() {
  if constexpr (kHasLanes && kHasAxes<Rule>) return kUpdateRunsRow<Rule>;
  return nullptr;
}

template <class Rule>
constexpr const AxisRunKernel* sum_runs_row() {
  if constexpr (kHasLanes && kHasAxes<Rule> && Rule::kSumCount != 0) return kSumRunsRow<Rule>;
  return nullptr;
}

constexpr const UpdateKernel* kUpdateRows[] = {
#define ADAMAS_CELL(name, ...) kUpdateRow<FormulaOf<__VA_ARGS__>::Type>,
    ADAMAS_RULES(ADAMAS_CELL)
#undef ADAMAS_CELL
};

constexpr const SumKernel* kSumRows[] = {
#define ADAMAS_CELL(name, ...) sum_row<FormulaOf<__VA_ARGS__>::Type>(),
    ADAMAS_RULES(ADAMAS_CELL)
#undef ADAMAS_CELL
};

template <class Rule>
constexpr ObservedUpdateKernel observed_kernel() {
  if constexpr (kHasLanes) return observed_update<Rule>;
  return nullptr;
}

constexpr ObservedUpdateKernel kObservedColumn[] = {
#define ADAMAS_CELL(name, ...) observed_kernel<FormulaOf<__VA_ARGS__>::Type>(),
    ADAMAS_RULES(ADAMAS_CELL)
#undef ADAMAS_CELL
};

constexpr UpdateKernel kCautiousColumn[] = {
#define ADAMAS_CELL(name, ...) cautious_kernel<__VA_ARGS__>(),
    ADAMAS_RULES(ADAMAS_CELL)
#undef ADAMAS_CELL
};

constexpr const AxisRunKernel* kUpdateRunsRows[] = {
#define ADAMAS_CELL(name, ...) update_runs_row<FormulaOf<__VA_ARGS__>::Type>(),
    ADAMAS_RULES(ADAMAS_CELL)
#undef ADAMAS_CELL
};

constexpr const AxisRunKernel* kSumRunsRows[] = {
#define ADAMAS_CELL(name, ...) sum_runs_row<FormulaOf<__VA_ARGS__>::Type>(),
    ADAMAS_RULES(ADAMAS_CELL)
#undef ADAMAS_CELL
};

}  // namespace

extern const KernelTable ADAMAS_CONCATENATE(kernels_, ADAMAS_ISA);
const KernelTable ADAMAS_CONCATENATE(kernels_, ADAMAS_ISA) = {kUpdateRows,
                                                              kSumRows,
                                                              kCautiousColumn,
                                                              kUpdateRunsRows,
                                                              kSumRunsRows,
                                                              kGradientKernels<float>,
                                                              kGradientKernels<double>,
                                                              update_companions,
                                                              update_average64,
                                                              settle_companions,
                                                              start_state,
                                                              catch_up,
                                                              kCautiousKernels<float>,
                                                              kCautiousKernels<double>,
                                                              store_params,
                                                              kObservedColumn,
                                                              observe<float>,
                                                              observe<double>,
                                                              unpack_state,
                                                              least_of_codes};

}  // namespace adamas
