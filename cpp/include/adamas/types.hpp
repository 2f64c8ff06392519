// Plain types shared by the whole public interface.
#pragma once

#include <cstddef>
#include <cstdint>

namespace adamas {

// Element type of a parameter and of its gradient, independently of each other.
enum class DType : std::uint8_t { kFloat32, kFloat64, kBfloat16, kFloat16 };

constexpr int kDTypeCount = 4;

// Size of one element in bytes.
constexpr std::size_t size_of(DType dtype) noexcept {
  return dtype == DType::kFloat64 ? 8 : dtype == DType::kFloat32 ? 4 : 2;
}

// How states are kept. States that must not be rounded (StateKind::kExact) are in the compute type whatever this says.
enum class StateFormat : std::uint8_t {
  kFloat32,
  kFloat64,   // of float64 parameters, and of them alone
  kBfloat16,  // rounded with a dither, so that small changes are not lost
  kInt8,      // codes of 8 bits, in blocks with one float32 scale each
  kInt4,      // codes of 4 bits, likewise
};

constexpr int kStateFormatCount = 5;

// Elements that share a scale, in quantised states.
constexpr std::size_t kBlock = 128;

// What becomes of the part of an updated 16-bit parameter that rounding to 16 bits cuts off.
enum class Residue : std::uint8_t {
  kNone,        // lost: rounded to the nearest
  kStochastic,  // lost, but rounded up or down at random, so that it counts on average; bfloat16
  kKahan,       // kept, itself rounded to 16 bits
  kMaster,      // a float32 parameter is kept beside
  kSplit32,  // kept: the parameter is the high half of a float32 number, rounded, the residue its low 16 bits; bfloat16
  kSplit24,  // the same for a number rounded to 24 bits, and 8 low bits; bfloat16
};

constexpr int kResidueCount = 6;

// What becomes of rows of a matrix that have no gradient in a step.
enum class RowMode : std::uint8_t {
  kLazy,   // nothing: each row counts the steps in which it had one
  kExact,  // what would become of them with a gradient of zeros, once they are needed; of Adam on float32
};

// Bytes of residue for each element.
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

// What a call came to. Every value but kOk means that nothing was changed.
enum class Status : std::uint8_t {
  kOk,
  kNullPointer,            // an argument, or an array of a parameter that is not empty, is null
  kMisaligned,             // a pointer is not a multiple of its element size
  kOverlap,                // two arrays share memory
  kInvalidParameter,       // unknown rule or formats, a group or index out of range, a negative step count, a huge size
  kInvalidHyperparameter,  // out of range, infinite or not a number
  kInvalidThreads,         // a negative thread count, or one above kMaxThreads
  kInvalidThreadVariable,  // ADAMAS_NUM_THREADS is not a whole number from 1 to kMaxThreads
  kUnknownIsa,             // no instruction set of that name was compiled in
  kUnsupportedIsa,         // compiled in, but this processor lacks it
  kOutOfMemory,
  kExchangeFailed,  // Exchange::gather() has failed
};

// One sentence for people; a string literal, never null.
const char* message(Status status) noexcept;

}  // namespace adamas
