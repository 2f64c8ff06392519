// Every combination of number formats that has kernels: X(dtype, compute type, parameter, gradient, states).
// The order is the order of the kernel tables.
#pragma once

#include <adamas/types.hpp>

#include "formats/plain.hpp"

#define ADAMAS_FORMATS(X)                                             \
  X(DType::kFloat32, float, Plain<float>, Plain<float>, Plain<float>) \
  X(DType::kFloat64, double, Plain<double>, Plain<double>, Plain<double>)

namespace adamas {
namespace {

template <class ComputeType, class ParamFormat, class GradFormat, class StateFormat>
struct Format {
  using Compute = ComputeType;
  using Param = ParamFormat;
  using Grad = GradFormat;
  using State = StateFormat;
};

}  // namespace
}  // namespace adamas
