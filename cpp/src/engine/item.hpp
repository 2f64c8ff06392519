// One parameter as the plan keeps it, and what a pass does to a part of it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>

#include <adamas/plan.hpp>

#include "engine/accumulated.hpp"
#include "engine/axes.hpp"
#include "engine/sparse/row_set.hpp"
#include "engine/work_queue.hpp"
#include "kernel/table.hpp"

namespace adamas {

struct Item {
  Parameter parameter;  // states, residue and average begin where element 0 would be
  std::int64_t step_count;
  double scalars[kMaxScalars];  // the rule's own numbers
  const void* apart;            // the gradient last found to lie apart from all written arrays
  std::uint32_t element_bytes;  // memory that a step of one element moves
  DType apart_dtype;
  bool apart_from_others;             // and from the other gradients of all items
  DType grad_dtype;                   // of the step under way
  std::unique_ptr<Accumulated> sums;  // of gradients, where there is memory for them, or several sources
  std::unique_ptr<Rows> rows;         // of parameters whose gradients may be of single rows
  std::unique_ptr<Axes> axes;         // of parameters with states by row or column
  // Of the step under way.
  const void* grad;                  // null for none; or the values of single rows
  std::size_t extent;                // elements that take part, from parameter.shard_begin on
  double norm;                       // of the gradient, if it was measured
  double factor;                     // multiplies the gradient
  std::size_t first_granule;         // index into Pass::measures and Pass::sums
  std::uint32_t coefficients;        // index into Impl::coefficients and Impl::next_scalars
  std::uint32_t first_coefficients;  // of several for rows the first; then `coefficients` is the last

  // Do its rows make up for steps that they missed?
  bool is_exact() const { return rows && parameter.row_mode == RowMode::kExact; }
  bool has_sums() const { return sums && sums->any(); }
  bool has_gradient() const { return grad != nullptr || has_sums(); }
  // The type that is computed with.
  bool is_wide() const { return parameter.dtype == DType::kFloat64; }
  DType compute_dtype() const { return is_wide() ? DType::kFloat64 : DType::kFloat32; }
};

enum class Phase : std::uint8_t {
  kAccumulate,  // adds gradients to accumulators
  kGradients,   // measures gradients, together with what is accumulated
  kAxes,        // sums of squares of gradients by row and column
  kSums,        // what rules want summed up before they update
  kMask,        // which elements of cautious updates will move
  kUpdate,
  kObserve,  // kUpdate, measured
  kCatchUp,  // rows, to the last step
};

// Elements that are prepared, updated and brought to their companions before the next ones: few enough to stay in the
// nearest cache meanwhile.
inline constexpr std::size_t kPiece = 4 * kGranule;

inline char* shifted(const void* array, std::size_t bytes) {
  return const_cast<char*>(static_cast<const char*>(array)) + bytes;
}

// The address that an array would have whose element `bytes` on is at `data`; there is no memory before `data`.
inline const void* begin_of(const void* data, std::size_t bytes) {
  return reinterpret_cast<const void*>(reinterpret_cast<std::uintptr_t>(data) - bytes);
}

// (what is at `array`, and `sums`) * scale, within [-limit, limit].
struct GivenGradient {
  const void* array;
  DType dtype;
  Addends sums;
  double scale;
  double limit;
};

// What all parts of a pass share.
struct Pass {
  Phase phase;
  const KernelTable* kernels;
  const StepOptions* options;
  double* measures;                      // kGradients and kMask: of each granule
  const StepCoefficients* coefficients;  // of the phases that follow
  GranuleSums* sums;                     // kSums: of each granule of parameters whose rules need them
  Observation* observed;                 // kObserve: of each granule
};

inline const GradientKernels& gradient_kernels(const KernelTable& kernels, const Item& item) {
  return item.is_wide() ? kernels.gradients64 : kernels.gradients32;
}

inline const CautiousKernels& cautious_kernels(const KernelTable& kernels, const Item& item) {
  return item.is_wide() ? kernels.cautious64 : kernels.cautious32;
}

// Does the parameter have a part in this phase?
bool takes_part(const Item& item, const Pass& pass);

std::uint32_t bytes_per_element(const Parameter& parameter);

// Granules of so many elements; and of an item with all of its shards, or of the rows that take part, each of which has
// granules of its own.
inline std::size_t granules_in(std::size_t elements) { return (elements + kGranule - 1) / kGranule; }
inline std::size_t granules_of(const Item& item) {
  return item.rows ? item.rows->set.uses().size() * granules_in(item.parameter.columns)
                   : granules_in(item.parameter.size);
}

// Where the scale of a parameter's first block lies, or would, of a state in codes.
inline void* scales_of(const Parameter& parameter, int which, const StateStorage& storage) {
  const std::size_t first_block = parameter.shard_begin / kBlock;
  return shifted(parameter.states[which], storage.scales_at(parameter.shard_end) - first_block * sizeof(float));
}

// Calls work(gradient, size) for all of an item's gradient, as the update takes it, but without the factor: in the
// compute type, with accumulated gradients, rows summed up. It is called piece by piece; each piece except the last of
// a row is a whole number of granules.
void for_each_gradient(const Pass& pass, const Item& item, const std::function<void(const void*, std::size_t)>& work);

// The last element of an item, at or before this one, at which one part of the pass may end and another begin.
inline std::size_t boundary(const Pass& pass, const Item& item, std::size_t element) {
  return pass.phase == Phase::kAxes ? item.axes->boundary(element) : round_down_to_granule(element);
}

// The part of the pass that concerns elements [begin, end) of the item, the number `index` of its plan; begin is on a
// boundary.
void run_part(const Pass& pass, const Item& item, std::size_t index, std::size_t begin, std::size_t end);

}  // namespace adamas
