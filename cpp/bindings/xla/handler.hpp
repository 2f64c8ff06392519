// The handler that XLA calls for a step.
#pragma once

#include "abi.hpp"

namespace adamas::bindings::xla {

// Takes a step. Its attribute `program` is a Program, as an array of numbers of 8 bytes. Arguments: a float32 or
// float64 number for each operand of the program; the parameters; a gradient of each that has one; the buffers of
// states; the number of steps taken, int32; anything else is ignored, but makes the step wait for it. Results: the
// parameters, the buffers, and the number of steps after this one, which may lie where their arguments do; and a report
// of four float32 numbers: the norm of the gradients (NaN if it was not taken), the clip coefficient, whether the step
// was skipped, and which parameter's gradient is not finite (-1: none).
Error* step(CallFrame* frame) noexcept;

}  // namespace adamas::bindings::xla
