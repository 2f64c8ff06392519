#include <algorithm>
#include <tuple>

#include "errors.hpp"
#include "lookup.hpp"
#include "plan.hpp"

namespace adamas::bindings {
namespace {

py::ssize_t as_ssize(std::size_t size) { return static_cast<py::ssize_t>(size); }

py::dtype numpy_dtype(DType dtype) {
  switch (dtype) {
    case DType::kFloat32: return py::dtype::of<float>();
    case DType::kFloat64: return py::dtype::of<double>();
    case DType::kBfloat16: return py::dtype::from_args(py::module_::import("ml_dtypes").attr("bfloat16"));
    case DType::kFloat16: return py::dtype("float16");
  }
  throw py::value_error("no such dtype");
}

StateStorage storage_at(const Parameter& parameter, int which) {
  return storage_of(parameter.state_format, rule_info(parameter.rule).states[which].kind);
}

}  // namespace

PyPlan::PyPlan(const py::object& structure, py::object report_type, std::uint64_t seed)
    : structure_(structure), report_type_(std::move(report_type)), seed_(seed) {}

void PyPlan::add_group(const py::dict& group, const py::tuple& frozen, int beta_count) {
  if (laid_out_) throw py::value_error("add_group: after lay_out");
  Group added;
  added.keys = find_hyperparameters(group, beta_count);
  added.size = PyDict_Size(group.ptr());
  for (py::handle key : frozen) {
    added.frozen.emplace_back(py::reinterpret_borrow<py::object>(key), dict_item(group, key));
  }
  groups_.push_back(std::move(added));
  hyperparameters_.emplace_back();
  scheduled_.emplace_back();
}

void PyPlan::add(py::handle param, const std::string& rule, StateFormat state_format, Residue residue,
                 std::optional<DType> average, py::handle copy, std::optional<RowMode> row_mode,
                 const std::vector<py::ssize_t>& matrix, std::optional<std::pair<std::size_t, std::size_t>> shard) {
  WritableArray array;
  WritableArray copied;
  if (laid_out_ || groups_.empty()) throw py::value_error("add: not between add_group and lay_out");
  if (!accept_writable(param, &array)) throw py::value_error("add: the parameter cannot be stepped");
  Parameter parameter = make_parameter(rule, array);
  parameter.group = static_cast<std::uint32_t>(groups_.size() - 1);
  parameter.state_format = state_format;
  parameter.residue_kind = residue;
  if (!formats_fit(parameter.dtype, parameter.state_format, parameter.residue_kind)) {
    throw py::value_error("add: the formats do not fit");
  }
  if (average) {
    parameter.average = array.data;  // something, until there is memory for it
    parameter.average_dtype = *average;
  }
  if (row_mode) {
    parameter.columns = static_cast<std::size_t>(py::reinterpret_borrow<py::array>(param).shape(1));
    parameter.row_mode = *row_mode;
  }
  if (shard) std::tie(parameter.shard_begin, parameter.shard_end) = *shard;
  if (matrix.size() >= 2) {
    parameter.matrix_rows = static_cast<std::size_t>(matrix.end()[-2]);
    parameter.matrix_columns = static_cast<std::size_t>(matrix.back());
    matrices_.emplace(parameters_.size(), matrix);
  }
  if (!copy.is_none()) {
    if (!accept_writable(copy, &copied) || copied.size != array.size) throw py::value_error("add: copy does not fit");
    parameter.copy = copied.data;
    parameter.copy_dtype = copied.dtype;
  }
  parameters_.push_back(parameter);
  elements_ += array.size;
  params_.push_back(std::move(array));
  if (parameter.copy != nullptr) {
    copies_.resize(params_.size());
    copies_.back() = std::move(copied);
  }
}

// Plans memory of one kind for all parameters: request(parameter, storage) says how much, where `storage` is that of
// state `which`. A rule that has no such state gets none; which = -1 asks without a state.
template <class Request>
std::vector<std::size_t> PyPlan::plan_memory(StateArena& arena, int which, Request request) const {
  std::vector<StateArena::Request> requests;
  requests.reserve(parameters_.size());
  for (const Parameter& parameter : parameters_) {
    if (which < rule_info(parameter.rule).state_count) {
      requests.push_back(request(parameter, which < 0 ? StateStorage{} : storage_at(parameter, which)));
    } else {
      requests.push_back({0, 0});
    }
  }
  return arena.plan(params_, requests);
}

void PyPlan::lay_out(const py::object& memory) {
  if (laid_out_) throw py::value_error("lay_out: called twice");
  StateArena arena;
  std::vector<std::size_t> states[kMaxStates];
  for (int k = 0; k < kMaxStates; ++k) {
    states[k] = plan_memory(arena, k, [k](const Parameter& parameter, const StateStorage& storage) {
      return StateArena::Request{storage.bytes(state_size(parameter, k)), storage.element_bytes};
    });
  }
  const std::vector<std::size_t> residues = plan_memory(arena, -1, [](const Parameter& parameter, const StateStorage&) {
    const std::size_t bytes = size_of(parameter.residue_kind);
    return StateArena::Request{shard_size(parameter) * bytes, bytes};
  });
  const std::vector<std::size_t> averages = plan_memory(arena, -1, [](const Parameter& parameter, const StateStorage&) {
    const std::size_t bytes = parameter.average == nullptr ? 0 : size_of(parameter.average_dtype);
    return StateArena::Request{shard_size(parameter) * bytes, bytes};
  });
  const std::vector<std::size_t> row_counts =
      plan_memory(arena, -1, [](const Parameter& parameter, const StateStorage&) {
        const std::size_t rows = parameter.columns == 0 ? 0 : parameter.size / parameter.columns;
        return StateArena::Request{rows * sizeof(std::uint32_t), 0};
      });
  const bool any_rows = std::any_of(parameters_.begin(), parameters_.end(),
                                    [](const Parameter& parameter) { return parameter.columns != 0; });
  arena.allocate(memory);
  throw_on_error(plan_.reserve(parameters_.size()));
  for (std::size_t i = 0; i < parameters_.size(); ++i) {
    Parameter& parameter = parameters_[i];
    for (int k = 0; k < rule_info(parameter.rule).state_count; ++k) {
      parameter.states[k] = arena.at(states[k][i]);
    }
    parameter.residue = arena.at(residues[i]);
    if (parameter.average != nullptr) parameter.average = arena.at(averages[i]);
    if (parameter.columns != 0) parameter.row_counts = static_cast<std::uint32_t*>(arena.at(row_counts[i]));
    throw_on_error(plan_.add(parameter));
  }
  arena_ = std::move(arena);
  params_.shrink_to_fit();
  gradients_.resize(params_.size());
  gradient_dtypes_.resize(params_.size());
  stepped_.resize(params_.size());
  if (any_rows) {
    row_gradients_.resize(params_.size());
    row_gradient_at_.resize(params_.size());
  }
  const bool any_averages = std::any_of(parameters_.begin(), parameters_.end(),
                                        [](const Parameter& parameter) { return parameter.average != nullptr; });
  if (any_averages) average_counts_.resize(params_.size());
  std::vector<Parameter>().swap(parameters_);  // which gives back the memory
  laid_out_ = true;
}

void PyPlan::make_accumulators(int slot) {
  StateArena arena;
  std::vector<StateArena::Request> requests;
  requests.reserve(params_.size());
  for (const WritableArray& param : params_) {
    const std::size_t bytes = param.dtype == DType::kFloat64 ? sizeof(double) : sizeof(float);
    requests.push_back({param.size * bytes, bytes});
  }
  const std::vector<std::size_t> places = arena.plan(params_, requests);
  arena.allocate();
  for (std::size_t i = 0; i < params_.size(); ++i) throw_on_error(plan_.set_accumulator(i, arena.at(places[i]), slot));
  accumulators_.emplace(slot, std::move(arena));
}

const Parameter& PyPlan::parameter_at(std::size_t index, int which) const {
  if (!laid_out_ || index >= params_.size()) throw py::index_error("no such parameter");
  const Parameter& parameter = plan_.parameter(index);
  if (which < 0 || which >= rule_info(parameter.rule).state_count) throw py::index_error("no such state");
  return parameter;
}

// The shape of a state: that which the parameter has now, or, by row or column, that of its matrices with one column,
// or one row.
std::vector<py::ssize_t> PyPlan::state_shape(std::size_t index, int which) const {
  const Parameter& parameter = plan_.parameter(index);
  const StateExtent extent = rule_info(parameter.rule).states[which].extent;
  if (extent == StateExtent::kElement || shard_size(parameter) != params_[index].size) return shape(index);
  std::vector<py::ssize_t> matrix = matrices_.at(index);
  (extent == StateExtent::kRow ? matrix.back() : matrix.end()[-2]) = 1;
  return matrix;
}

// The shape that the parameter has now, or a flat one if it has been resized, or is stepped in part.
std::vector<py::ssize_t> PyPlan::shape(std::size_t index) const {
  const std::size_t own = shard_size(plan_.parameter(index));
  if (own != params_[index].size) return {as_ssize(own)};
  const auto array = py::reinterpret_borrow<py::array>(params_[index].array);
  if (static_cast<std::size_t>(array.size()) != params_[index].size) return {as_ssize(params_[index].size)};
  return {array.shape(), array.shape() + array.ndim()};
}

py::array PyPlan::state(std::size_t index, int which) const {
  const Parameter& parameter = parameter_at(index, which);
  const StateStorage storage = storage_at(parameter, which);
  if (!storage.has_scales()) {
    return arena_.view(parameter.states[which], numpy_dtype(storage.dtype), state_shape(index, which));
  }
  return arena_.view(parameter.states[which], py::dtype::of<std::uint8_t>(),
                     {as_ssize(StateStorage::blocks(shard_size(parameter))), as_ssize(storage.block_bytes)});
}

py::object PyPlan::scale(std::size_t index, int which) const {
  const Parameter& parameter = parameter_at(index, which);
  const StateStorage storage = storage_at(parameter, which);
  if (!storage.has_scales()) return py::none();
  const std::size_t size = shard_size(parameter);
  char* const scales = static_cast<char*>(parameter.states[which]) + storage.scales_at(size);
  return arena_.view(scales, py::dtype::of<float>(), {as_ssize(StateStorage::blocks(size))});
}

py::object PyPlan::residue(std::size_t index) const {
  if (!laid_out_ || index >= params_.size()) throw py::index_error("residue: no such parameter");
  const Parameter& parameter = plan_.parameter(index);
  switch (parameter.residue_kind) {
    case Residue::kNone:
    case Residue::kStochastic: return py::none();
    case Residue::kKahan:  // whatever dtype the parameter's array calls itself now
      return arena_.view(parameter.residue, numpy_dtype(parameter.dtype), shape(index));
    case Residue::kMaster: return arena_.view(parameter.residue, py::dtype::of<float>(), shape(index));
    case Residue::kSplit32: return arena_.view(parameter.residue, py::dtype::of<std::uint16_t>(), shape(index));
    case Residue::kSplit24: return arena_.view(parameter.residue, py::dtype::of<std::uint8_t>(), shape(index));
  }
  return py::none();
}

py::object PyPlan::average(std::size_t index) const {
  if (!laid_out_ || index >= params_.size()) throw py::index_error("average: no such parameter");
  const Parameter& parameter = plan_.parameter(index);
  if (parameter.average == nullptr) return py::none();
  return arena_.view(parameter.average, numpy_dtype(parameter.average_dtype), shape(index));
}

py::object PyPlan::row_counts(std::size_t index) const {
  if (!laid_out_ || index >= params_.size()) throw py::index_error("row_counts: no such parameter");
  const Parameter& parameter = plan_.parameter(index);
  if (parameter.columns == 0) return py::none();
  return arena_.view(parameter.row_counts, py::dtype::of<std::uint32_t>(),
                     {as_ssize(parameter.size / parameter.columns)});
}

}  // namespace adamas::bindings
