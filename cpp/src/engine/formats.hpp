// Which column of the kernel tables serves a combination of number formats.
#pragma once

#include "formats/registry.hpp"

namespace adamas {

#define ADAMAS_CELL(dtype, ...) dtype,
constexpr DType kPlainFormats[] = {ADAMAS_PLAIN_FORMATS(ADAMAS_CELL)};
#undef ADAMAS_CELL
#define ADAMAS_CELL(format, ...) format,
constexpr StateFormat kStateFormats[] = {ADAMAS_STATE_FORMATS(ADAMAS_CELL)};
#undef ADAMAS_CELL

constexpr int kPlainCount = static_cast<int>(sizeof kPlainFormats / sizeof *kPlainFormats);
constexpr int kColumnCount = kPlainCount + static_cast<int>(sizeof kStateFormats / sizeof *kStateFormats);

// For formats that fit one another (formats_fit). A float64 parameter has the plain kernel, whatever its gradient.
constexpr int find_column(DType param, DType grad, StateFormat states) noexcept {
  const bool plain = param == DType::kFloat64 || (param == grad && states == StateFormat::kFloat32);
  for (int k = 0; plain && k < kPlainCount; ++k) {
    if (kPlainFormats[k] == param) return k;
  }
  for (int k = kPlainCount; k < kColumnCount; ++k) {
    if (kStateFormats[k - kPlainCount] == states) return k;
  }
  return -1;
}

}  // namespace adamas
