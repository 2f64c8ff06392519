// Which column of the kernel tables serves a combination of number formats.
#pragma once

#include "formats/registry.hpp"

namespace adamas {

#define ADAMAS_CELL(dtype, ...) dtype,
constexpr DType kFormatDTypes[] = {ADAMAS_FORMATS(ADAMAS_CELL)};
#undef ADAMAS_CELL

constexpr int kFormatCount = static_cast<int>(sizeof kFormatDTypes / sizeof *kFormatDTypes);

// -1 if no kernel takes that dtype.
inline int find_format(DType dtype) noexcept {
  for (int format = 0; format < kFormatCount; ++format) {
    if (kFormatDTypes[format] == dtype) return format;
  }
  return -1;
}

}  // namespace adamas
