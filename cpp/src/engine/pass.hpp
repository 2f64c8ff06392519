// One pass over the arrays of many tensors, in one parallel region: over gradients alone, for norms, or the update.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include <adamas/plan.hpp>

#include "kernel/table.hpp"

namespace adamas {

// A tensor as the plan keeps it.
struct Item {
  Tensor tensor;
  std::int64_t step_count;
  const void* apart;            // the gradient last found to lie apart from all written arrays and other gradients
  DType grad_dtype;             // of that gradient; once it has been checked, of the one of the step under way
  double scalars[kMaxScalars];  // the rule's own numbers
  // Of the step under way.
  std::uint32_t coefficients;  // index into Impl::coefficients and Impl::next_scalars
  std::size_t first_granule;   // index into Pass::gradient_sums
  std::size_t first_sum;       // of a rule that needs norms: index into Pass::sums
};

enum class Phase : std::uint8_t { kGradients, kNorms, kUpdate };

// What the slices of a pass share. The work done before and with item i is work_end[i] bytes.
struct Pass {
  Phase phase;
  const std::vector<Item>& items;
  const std::vector<std::uint64_t>& work_end;
  const void* const* grads;
  const KernelTable* kernels;
  double grad_scale;                              // kGradients: multiplies every gradient
  double* gradient_sums;                          // kGradients: sums of squares, for each granule
  const std::vector<Coefficients>& coefficients;  // of the others
  SquareSums* sums;                               // kNorms, in which only rules that need them take part
};

// What a pass over all of the tensor costs, in bytes moved.
std::uint64_t work_of(const Tensor& tensor);

// Computes with float64: then so are the gradients to which a kernel is given.
inline bool is_wide(const Tensor& tensor) { return tensor.dtype == DType::kFloat64; }

// On at most `threads` threads; reports how many were used. On an error nothing has been done.
Status run_pass(const Pass& pass, int threads, int* used);

}  // namespace adamas
