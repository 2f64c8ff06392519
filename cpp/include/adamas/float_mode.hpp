/// \file
/// What steps do with subnormal numbers (denormals: numbers below 2^-126 in float32, which have fewer bits).
#pragma once

namespace adamas {

/// \defgroup adamas_float_mode Subnormal numbers
/// A step computes in the floating-point mode that IEEE 754 describes, whatever the calling thread has set: it rounds
/// to the nearest, keeps subnormal numbers and does not trap. When the step ends, each thread has its own mode back.
/// \{

/// Chooses whether steps replace subnormal numbers by zeros, from the next step on, on every thread.
///
/// Many processors need a hundred cycles for an operation on a subnormal number. With `flush`, steps read and write
/// zeros instead. Then results differ from those of the reference wherever a subnormal number would have occurred.
///
/// \return True if it is done. False, and nothing has changed, on processors other than x86-64 and AArch64.
bool set_flush_denormals(bool flush) noexcept;

/// Whether steps replace subnormal numbers by zeros. They do not, unless set_flush_denormals() has asked for it.
bool flush_denormals() noexcept;

/// \}

}  // namespace adamas
