// Every combination of number formats that has kernels of its own; the order is the order of the kernel tables.
//
// ADAMAS_PLAIN_FORMATS: X(dtype), where parameter, gradient and states all are arrays of that type.
// ADAMAS_STATE_FORMATS: X(state format, class of states beside parameters of float32, class beside those of bfloat16):
// for all parameters that compute in float32, with gradients of every dtype (kernel/mixed_loop.hpp).
#pragma once

#include <adamas/formats.hpp>

#define ADAMAS_PLAIN_FORMATS(X) \
  X(DType::kFloat32, float)     \
  X(DType::kFloat64, double)

#define ADAMAS_STATE_FORMATS(X)                               \
  X(StateFormat::kFloat32, Float32States, Float32States)      \
  X(StateFormat::kBfloat16, Bfloat16InOrder, Bfloat16EvenOdd) \
  X(StateFormat::kInt8, Int8States, Unpacked)                 \
  X(StateFormat::kInt4, Int4States, Unpacked)
