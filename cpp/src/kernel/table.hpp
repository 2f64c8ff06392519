// What one instruction set exports: a table of kernels, one for each rule and number format.
#pragma once

#include <cstddef>

#include <adamas/hyperparameters.hpp>
#include <adamas/rules.hpp>

namespace adamas {

constexpr int kMaxCoefficients = 12;

// The numbers of one step, computed in float64 by the engine and rounded once, by the kernel, to the compute type.
struct Coefficients {
  Decay decay_mode;
  double decay;       // weight_decay, or 1 - lr * weight_decay
  double grad_scale;  // multiplies every gradient: -1 to maximize
  double rule[kMaxCoefficients];
};

// The arrays of one tensor.
struct Streams {
  void* param;
  const void* grad;
  void* const* states;
};

// Updates elements [begin, end).
using UpdateKernel = void (*)(const Streams& streams, std::size_t begin, std::size_t end, const Coefficients& c);

// The byte-limit loop (adamas/byte_limit.hpp) over float32 elements [begin, end).
using ByteLimitKernel = void (*)(const Streams& streams, std::size_t begin, std::size_t end);

struct KernelTable {
  const UpdateKernel* update;         // [rule * format_count + format]
  const ByteLimitKernel* byte_limit;  // [state_count]
};

}  // namespace adamas
