// Checks of a parameter, and the list of its arrays.
#pragma once

#include <cstddef>

#include <adamas/formats.hpp>
#include <adamas/plan.hpp>

namespace adamas {

// An array that a step reads or writes must be there and aligned.
Status check_array(const void* array, std::size_t size, std::size_t element_bytes);

// How state k of a parameter is kept.
StateStorage storage(const Parameter& parameter, int k);

// Calls visit(name, address, bytes, alignment) for every array of the parameter that a step writes, until one call
// fails.
template <class Visit>
Status for_each_array(const Parameter& parameter, Visit visit) {
  const std::size_t size = parameter.size;
  const std::size_t own = shard_size(parameter);
  const auto visit_plain = [&](const char* name, const void* array, std::size_t elements, std::size_t element_bytes) {
    return element_bytes == 0 ? Status::kOk : visit(name, array, elements * element_bytes, element_bytes);
  };
  Status status = visit_plain("param", parameter.param, size, size_of(parameter.dtype));
  if (status == Status::kOk) status = visit_plain("residue", parameter.residue, own, size_of(parameter.residue_kind));
  if (status == Status::kOk && parameter.average != nullptr) {
    status = visit_plain("average", parameter.average, own, size_of(parameter.average_dtype));
  }
  if (status == Status::kOk && parameter.columns != 0) {
    status = visit("row_counts", parameter.row_counts, size / parameter.columns * sizeof(std::uint32_t),
                   sizeof(std::uint32_t));
  }
  if (status == Status::kOk && parameter.copy != nullptr) {
    status = visit_plain("copy", parameter.copy, size, size_of(parameter.copy_dtype));
  }
  const RuleInfo& rule = rule_info(parameter.rule);
  for (int k = 0; status == Status::kOk && k < rule.state_count; ++k) {
    const StateStorage kept = storage(parameter, k);
    status = visit(rule.states[k].name, parameter.states[k], kept.bytes(state_size(parameter, k)), kept.alignment);
  }
  return status;
}

// The same without names.
template <class Visit>
Status for_each_written(const Parameter& parameter, Visit visit) {
  return for_each_array(parameter, [&](const char*, const void* array, std::size_t bytes, std::size_t alignment) {
    return visit(array, bytes, alignment);
  });
}

// By itself, apart from others.
Status check_parameter(const Parameter& parameter);

// Is all of them the same but where their arrays lie?
bool same_but_pointers(const Parameter& a, const Parameter& b);

// Do rules of one plan that keep shared scalars keep the same ones, from the same sums?
bool share_alike(const RuleInfo& a, const RuleInfo& b);

// The same parameter, with states, residue and average from where element 0 would be.
Parameter from_element_zero(Parameter parameter);

}  // namespace adamas
