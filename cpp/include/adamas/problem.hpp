/// \file
/// Which parameter, which array and which group a refused call is about.
#pragma once

#include <cstddef>
#include <limits>

#include <adamas/types.hpp>

namespace adamas {

/// \addtogroup adamas_plan
/// \{

/// No parameter, where an index of a parameter is expected.
constexpr std::size_t kNoParameter = std::numeric_limits<std::size_t>::max();

/// No group, where an index of a group is expected.
constexpr std::size_t kNoGroup = std::numeric_limits<std::size_t>::max();

/// Why a call was refused, as diagnose() and Plan::diagnose() find it.
///
/// The name of an array is for people, and is a string literal: "param", "residue", "average", "copy", "row_counts",
/// "accumulator", "gradient", or the name of a state (StateInfo::name).
struct Problem {
  Status status = Status::kOk;           ///< what the call returns
  std::size_t parameter = kNoParameter;  ///< index of the parameter, or kNoParameter if it is about no single one
  const char* array = nullptr;           ///< which array of that parameter, or null
  std::size_t other = kNoParameter;      ///< with kOverlap, the parameter whose array shares memory with that one
  const char* other_array = nullptr;     ///< with kOverlap, which array of it
  std::size_t group = kNoGroup;          ///< with kInvalidHyperparameter, index of the group, or kNoGroup
};

/// \}

}  // namespace adamas
