#include "engine/parameter.hpp"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <limits>

#include "engine/item.hpp"

namespace adamas {

Status check_array(const void* array, std::size_t size, std::size_t element_bytes) {
  if (size == 0 || element_bytes == 0) return Status::kOk;  // nobody looks at it
  if (array == nullptr) return Status::kNullPointer;
  return reinterpret_cast<std::uintptr_t>(array) % element_bytes == 0 ? Status::kOk : Status::kMisaligned;
}

StateStorage storage(const Parameter& parameter, int k) {
  return storage_of(parameter.state_format, rule_info(parameter.rule).states[k].kind);
}

namespace {

// Averages are float32 or bfloat16, of float64 parameters float64; copies have 16 bits, and are of float32 parameters.
bool companions_fit(const Parameter& parameter) {
  const DType average = parameter.average_dtype;
  const bool averages = parameter.dtype == DType::kFloat64 ? average == DType::kFloat64
                                                           : average == DType::kFloat32 || average == DType::kBfloat16;
  const bool copies = parameter.dtype == DType::kFloat32 &&
                      (parameter.copy_dtype == DType::kBfloat16 || parameter.copy_dtype == DType::kFloat16);
  return (parameter.average == nullptr || averages) && (parameter.copy == nullptr || copies);
}

// See Parameter::columns.
bool rows_fit(const Parameter& parameter) {
  if (parameter.columns == 0) return true;
  const RuleInfo& rule = rule_info(parameter.rule);
  const bool plain = (parameter.dtype == DType::kFloat32 && parameter.state_format == StateFormat::kFloat32) ||
                     (parameter.dtype == DType::kFloat64 && parameter.state_format == StateFormat::kFloat64);
  const bool exact = parameter.dtype == DType::kFloat32 && rule.has_closed_form;
  return plain && parameter.average == nullptr && parameter.copy == nullptr && rule.steps_rows() &&
         parameter.size % parameter.columns == 0 && parameter.size / parameter.columns < RowSet::kNone &&
         (parameter.row_mode == RowMode::kLazy || exact);
}

// See Parameter::matrix_rows.
bool axes_fit(const Parameter& parameter) {
  if (!rule_info(parameter.rule).has_axes()) return true;
  const std::size_t rows = parameter.matrix_rows;
  const std::size_t columns = parameter.matrix_columns;
  if (parameter.size == 0) return true;
  return rows != 0 && columns != 0 && rows <= parameter.size && parameter.size % rows == 0 &&
         parameter.size / rows % columns == 0;
}

static_assert(kShardUnit == kGranule && kShardUnit % kBlock == 0);

// See Parameter::shard_begin.
bool shard_fits(const Parameter& parameter) {
  const std::size_t begin = parameter.shard_begin;
  const std::size_t end = std::min(parameter.shard_end, parameter.size);
  if (begin == 0 && end == parameter.size) return true;
  const bool may_be_cut = !rule_info(parameter.rule).has_axes() || begin == end;
  const bool in_units = begin % kShardUnit == 0 && (end % kShardUnit == 0 || end == parameter.size);
  return begin <= end && in_units && may_be_cut && parameter.columns == 0;
}

bool same_names(const ScalarInfo* a, const ScalarInfo* b, int count) {
  return std::equal(a, a + count, b,
                    [](const ScalarInfo& x, const ScalarInfo& y) { return std::strcmp(x.name, y.name) == 0; });
}

}  // namespace

bool share_alike(const RuleInfo& a, const RuleInfo& b) {
  return a.shared_scalar_count == b.shared_scalar_count && a.sum_count == b.sum_count &&
         same_names(a.shared_scalars, b.shared_scalars, a.shared_scalar_count) &&
         std::equal(a.sums, a.sums + a.sum_count, b.sums,
                    [](const char* x, const char* y) { return std::strcmp(x, y) == 0; });
}

Parameter from_element_zero(Parameter parameter) {
  const std::size_t begin = parameter.shard_begin;
  const auto shift = [](void*& array, std::size_t bytes) { array = const_cast<void*>(begin_of(array, bytes)); };
  for (int k = 0; k < rule_info(parameter.rule).state_count; ++k) {
    shift(parameter.states[k], begin / kBlock * storage(parameter, k).block_bytes);
  }
  shift(parameter.residue, begin * size_of(parameter.residue_kind));
  if (parameter.average != nullptr) shift(parameter.average, begin * size_of(parameter.average_dtype));
  return parameter;
}

Status check_parameter(const Parameter& parameter) {
  const bool known = static_cast<int>(parameter.rule) < rule_count() &&
                     static_cast<int>(parameter.dtype) < kDTypeCount &&
                     static_cast<int>(parameter.state_format) < kStateFormatCount &&
                     static_cast<int>(parameter.residue_kind) < kResidueCount &&
                     formats_fit(parameter.dtype, parameter.state_format, parameter.residue_kind) &&
                     companions_fit(parameter) && rows_fit(parameter) && axes_fit(parameter) && shard_fits(parameter);
  if (!known || parameter.size > std::numeric_limits<std::size_t>::max() / 64) return Status::kInvalidParameter;
  return for_each_written(parameter, [](const void* array, std::size_t bytes, std::size_t element_bytes) {
    return check_array(array, bytes, element_bytes);
  });
}

bool same_but_pointers(const Parameter& a, const Parameter& b) {
  return a.size == b.size && a.dtype == b.dtype && a.state_format == b.state_format &&
         a.residue_kind == b.residue_kind && (a.average == nullptr) == (b.average == nullptr) &&
         a.average_dtype == b.average_dtype && (a.copy == nullptr) == (b.copy == nullptr) &&
         a.copy_dtype == b.copy_dtype && a.matrix_rows == b.matrix_rows && a.matrix_columns == b.matrix_columns &&
         a.columns == b.columns && a.rule == b.rule && a.group == b.group && a.shard_begin == b.shard_begin &&
         std::min(a.shard_end, a.size) == std::min(b.shard_end, b.size);
}

std::size_t shard_size(const Parameter& parameter) noexcept {
  return std::min(parameter.shard_end, parameter.size) - parameter.shard_begin;
}

std::size_t state_size(const Parameter& parameter, int which) noexcept {
  const std::size_t size = shard_size(parameter);
  const auto along = [&](std::size_t elements) { return elements == 0 ? 0 : size / elements; };
  switch (rule_info(parameter.rule).states[which].extent) {
    case StateExtent::kElement: return size;
    case StateExtent::kRow: return along(parameter.matrix_columns);
    case StateExtent::kColumn: return along(parameter.matrix_rows);
  }
  return 0;
}

}  // namespace adamas
