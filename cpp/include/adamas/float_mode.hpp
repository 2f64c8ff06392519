// What steps do with subnormal numbers (denormals: those below 2^-126 in float32, with few bits left).
#pragma once

namespace adamas {

// A step computes with the floating-point mode that IEEE 754 describes, whatever the calling thread has set: rounding
// to nearest, subnormal numbers kept, no traps. Each thread's own mode is back when the step ends.
//
// With `flush`, steps take subnormal numbers for zeros and make none, on every thread, from the next step on: many
// processors need a hundred cycles for an operation with one. Results are then no longer those of the reference
// wherever a subnormal number would have been. False, and nothing changed, where adamas does not know how to do it: on
// processors other than x86-64 and AArch64.
bool set_flush_denormals(bool flush) noexcept;
bool flush_denormals() noexcept;

}  // namespace adamas
