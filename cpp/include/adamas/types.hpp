/// \file
/// Plain types that the whole public interface shares: number formats and statuses.
#pragma once

#include <cstddef>
#include <cstdint>

namespace adamas {

/// \defgroup adamas_types Formats and statuses
/// Number formats of parameters, gradients and states, and what calls return.
/// \{

/// Element type of a parameter, a gradient, an average or a copy. The gradient may have another type than its
/// parameter.
enum class DType : std::uint8_t {
  kFloat32,   ///< IEEE 754, 32 bits
  kFloat64,   ///< IEEE 754, 64 bits
  kBfloat16,  ///< the upper half of a float32
  kFloat16,   ///< IEEE 754, 16 bits
};

/// Number of values of DType.
constexpr int kDTypeCount = 4;

/// Size of one element in bytes.
constexpr std::size_t size_of(DType dtype) noexcept {
  return dtype == DType::kFloat64 ? 8 : dtype == DType::kFloat32 ? 4 : 2;
}

/// Format of the states. A state that must not be rounded (StateKind::kExact) is kept in the compute type, whatever
/// this says. The compute type is float64 for float64 parameters, and float32 for all others.
enum class StateFormat : std::uint8_t {
  kFloat32,   ///< float32; not with float64 parameters
  kFloat64,   ///< float64; only with float64 parameters
  kBfloat16,  ///< bfloat16, rounded up or down with a dither, so that small changes are not lost
  kInt8,      ///< codes of 8 bits, in blocks of kBlock elements that share one float32 scale
  kInt4,      ///< codes of 4 bits, in blocks of kBlock elements that share one float32 scale
};

/// Number of values of StateFormat.
constexpr int kStateFormatCount = 5;

/// Elements that share a scale in quantised states.
constexpr std::size_t kBlock = 128;

/// What happens to the part of an updated 16-bit parameter that does not fit into 16 bits.
enum class Residue : std::uint8_t {
  kNone,        ///< It is lost: the parameter is rounded to the nearest.
  kStochastic,  ///< It is lost, but rounding up or down at random keeps the mean. Only bfloat16.
  kKahan,       ///< It is kept, rounded to 16 bits.
  kMaster,      ///< A float32 copy of the parameter is kept beside it.
  kSplit32,  ///< The parameter is the upper half of a float32 number, rounded; its low 16 bits are kept. Only bfloat16.
  kSplit24,  ///< The same for a number rounded to 24 bits, of which the low 8 bits are kept. Only bfloat16.
};

/// Number of values of Residue.
constexpr int kResidueCount = 6;

/// What happens to rows of a matrix that have no gradient in a step.
enum class RowMode : std::uint8_t {
  kLazy,   ///< Nothing. Each row counts the steps in which it had a gradient.
  kExact,  ///< What a gradient of zeros would do, computed when the row is needed. Only float32 and
           ///< RuleInfo::has_closed_form.
};

/// Bytes of residue for each element (Parameter::residue).
constexpr std::size_t size_of(Residue residue) noexcept {
  switch (residue) {
    case Residue::kNone:
    case Residue::kStochastic: return 0;
    case Residue::kSplit24: return 1;
    case Residue::kKahan:
    case Residue::kSplit32: return 2;
    case Residue::kMaster: return 4;
  }
  return 0;
}

/// The result of a call. With every value but kOk, the call has changed nothing; the one exception is kExchangeFailed
/// of an observed step. diagnose() and Plan::diagnose() find the parameter and the array that a refusal is about.
enum class Status : std::uint8_t {
  kOk,                     ///< The call has done its work.
  kNullPointer,            ///< An argument is null, or an array of a parameter that is not empty.
  kMisaligned,             ///< An address is not a multiple of the element size.
  kOverlap,                ///< Two arrays share memory.
  kInvalidParameter,       ///< Unknown rule or format, group or index out of range, impossible size or step count.
  kInvalidHyperparameter,  ///< A hyperparameter or an option is out of range, infinite or not a number.
  kInvalidThreads,         ///< A thread count is negative or above kMaxThreads.
  kInvalidThreadVariable,  ///< ADAMAS_NUM_THREADS is not a whole number from 1 to kMaxThreads.
  kUnknownIsa,             ///< No instruction set of that name is compiled into the library.
  kUnsupportedIsa,         ///< The instruction set is compiled in, but this processor lacks it.
  kOutOfMemory,            ///< Memory for the plan's own lists could not be allocated.
  kExchangeFailed,         ///< Exchange::gather() has returned false.
};

/// A sentence for people. It is a string literal and never null.
const char* message(Status status) noexcept;

/// \}

}  // namespace adamas
