// Plain types shared by the whole public interface.
#pragma once

#include <cstdint>

namespace adamas {

// Element type of a parameter, its gradient and its states.
enum class DType : std::uint8_t { kFloat32, kFloat64 };

constexpr int kDTypeCount = 2;

// Size of one element in bytes.
constexpr int size_of(DType dtype) noexcept { return dtype == DType::kFloat32 ? 4 : 8; }

// What a call came to. Every value but kOk means that nothing was changed.
enum class Status : std::uint8_t {
  kOk,
  kNullPointer,            // an argument, or a parameter or state of a non-empty tensor, is null
  kMisaligned,             // a pointer is not a multiple of its element size
  kOverlap,                // two arrays share memory
  kInvalidTensor,          // unknown rule or dtype, a group or index out of range, a negative step count, a huge size
  kInvalidHyperparameter,  // out of range, infinite or not a number
  kInvalidThreads,         // a negative thread count, or one above kMaxThreads
  kInvalidThreadVariable,  // ADAMAS_NUM_THREADS is not a whole number from 1 to kMaxThreads
  kUnknownIsa,             // no instruction set of that name was compiled in
  kUnsupportedIsa,         // compiled in, but this processor lacks it
  kOutOfMemory,
};

// One sentence for people; a string literal, never null.
const char* message(Status status) noexcept;

}  // namespace adamas
