// The program of a step, for buffers that somebody else holds (PyPlan::program).
#include <pybind11/stl.h>

#include <algorithm>
#include <cstring>
#include <limits>
#include <utility>

#include "measures.hpp"
#include "pages.hpp"
#include "plan.hpp"
#include "xla/program.hpp"

namespace adamas::bindings {
namespace xla {
namespace {

constexpr std::size_t kLine = 64;
// From where one buffer begins in its page to where the next one does: see StateArena.
constexpr std::size_t kStagger = 13 * kLine;

template <class T>
std::uint32_t offset_of(const T& whole, const double& part) {
  return static_cast<std::uint32_t>(reinterpret_cast<const char*>(&part) - reinterpret_cast<const char*>(&whole));
}

const char* name_of(DType dtype) {
  switch (dtype) {
    case DType::kFloat32: return "float32";
    case DType::kFloat64: return "float64";
    case DType::kBfloat16: return "bfloat16";
    case DType::kFloat16: return "float16";
  }
  return "";
}

std::pair<const char*, const char*> residue_of(const Parameter& parameter) {
  switch (parameter.residue_kind) {
    case Residue::kNone:
    case Residue::kStochastic: break;
    case Residue::kKahan: return {"compensation", name_of(parameter.dtype)};
    case Residue::kMaster: return {"master", "float32"};
    case Residue::kSplit32: return {"low_bits", "uint16"};
    case Residue::kSplit24: return {"low_bits", "uint8"};
  }
  return {"", ""};
}

// Buffers by name and dtype, each with a part for every parameter that has such a state.
class BufferLayout {
 public:
  // A part of so many bytes.
  Place add(const std::string& name, const std::string& dtype, std::size_t bytes) {
    const auto found = std::find_if(buffers_.begin(), buffers_.end(),
                                    [&](const Buffer& buffer) { return buffer.name == name && buffer.dtype == dtype; });
    const auto index = static_cast<std::size_t>(found - buffers_.begin());
    if (found == buffers_.end()) buffers_.push_back({name, dtype, (index + 1) * kStagger % kPage});
    Buffer& buffer = buffers_[index];
    const Place place = {static_cast<std::uint32_t>(index), 0, buffer.bytes};
    buffer.bytes = round_up(buffer.bytes + bytes, kLine);
    return place;
  }

  // A buffer of its own, of so many bytes.
  Place add_alone(const std::string& name, const std::string& dtype, std::size_t bytes) {
    buffers_.push_back({name, dtype, bytes});
    return {static_cast<std::uint32_t>(buffers_.size() - 1), 0, 0};
  }

  std::vector<std::uint64_t> sizes() const {
    std::vector<std::uint64_t> sizes;
    for (const Buffer& buffer : buffers_) sizes.push_back(buffer.bytes);
    return sizes;
  }
  py::list names() const {
    py::list names;
    for (const Buffer& buffer : buffers_) names.append(py::make_tuple(buffer.name, buffer.dtype, buffer.bytes));
    return names;
  }

 private:
  struct Buffer {
    std::string name;
    std::string dtype;
    std::size_t bytes;
  };
  std::vector<Buffer> buffers_;
};

}  // namespace
}  // namespace xla

py::tuple PyPlan::program(py::handle groups, py::handle options, const std::vector<bool>& has_gradient,
                          const std::vector<OperandTuple>& operands,
                          const std::tuple<std::uint32_t, double, std::int64_t, std::int64_t>& average, bool apart,
                          const std::vector<std::uint64_t>& places, bool start_states, long long observe) {
  const Exclusive exclusive(*this);
  if (!laid_out_ || has_gradient.size() != params_.size())
    throw py::value_error("program: one flag for each parameter");
  read_options(options, nullptr);
  if (!read_groups(groups)) return py::tuple();
  if (!places.empty() && places.size() != params_.size() + 1)
    throw py::value_error("program: a place for each parameter");
  if (observe < 0 || observe > std::numeric_limits<std::int32_t>::max()) throw py::value_error("program: observe");
  xla::Program program;
  program.observe = static_cast<std::uint32_t>(observe);
  program.elements = places.empty() ? 0 : places.back();
  program.options = options_;
  program.options.start_states = start_states;
  program.threads = num_threads_;
  program.average = {static_cast<xla::AverageKind>(std::get<0>(average)), 0, std::get<1>(average), std::get<2>(average),
                     std::get<3>(average)};
  program.groups = hyperparameters_;
  for (const auto& [group, name, index, factor, power] : operands) {
    if (power != 1 && power != 2 && power != -1) throw py::value_error("program: no such power");
    double Hyperparameters::* const field = number_field(name, index);
    if (name == "grad_scale") {
      program.operands.push_back({xla::kOptions, xla::offset_of(options_, options_.grad_scale), factor, power});
    } else if (field != nullptr && group < groups_.size()) {
      const Hyperparameters& first = hyperparameters_.front();
      program.operands.push_back({group, xla::offset_of(first, first.*field), factor, power});
    } else {
      throw py::value_error("program: no such number");
    }
  }

  xla::BufferLayout layout;
  py::list parts;
  std::size_t scalars = static_cast<std::size_t>(plan_.shared_scalar_count());
  for (std::size_t i = 0; i < params_.size(); ++i) {
    xla::ProgramParameter described;
    described.parameter = plan_.parameter(i);
    described.has_gradient = has_gradient[i] ? 1 : 0;
    if (!places.empty()) described.first_element = places[i];
    Parameter& parameter = described.parameter;
    const RuleInfo& rule = rule_info(parameter.rule);
    if (parameter.copy != nullptr || parameter.columns != 0) throw py::value_error("program: copies, or single rows");
    py::list of_this;
    const auto place = [&](const std::string& name, const std::string& dtype, std::size_t bytes) {
      const xla::Place found = apart ? layout.add_alone(name, dtype, bytes) : layout.add(name, dtype, bytes);
      of_this.append(py::make_tuple(name, found.buffer, found.offset, bytes));
      return found;
    };
    for (int k = 0; k < rule.state_count; ++k) {
      const StateStorage storage = storage_of(parameter.state_format, rule.states[k].kind);
      const char* const dtype = storage.has_scales() ? "uint8" : xla::name_of(storage.dtype);
      described.states[k] = place(rule.states[k].name, dtype, storage.bytes(state_size(parameter, k)));
      parameter.states[k] = nullptr;
    }
    if (const auto [name, dtype] = xla::residue_of(parameter); *name != '\0') {
      described.residue = place(name, dtype, parameter.size * size_of(parameter.residue_kind));
    }
    if (parameter.average != nullptr) {
      described.average =
          place("average", xla::name_of(parameter.average_dtype), parameter.size * size_of(parameter.average_dtype));
    }
    parameter.param = parameter.residue = parameter.average = nullptr;
    scalars += static_cast<std::size_t>(rule.scalar_count);
    parts.append(of_this);
    program.parameters.push_back(described);
  }
  // Numbers of float64 are given as pairs of uint32: JAX may not have float64.
  if (program.observe != 0) layout.add_alone("observed", "uint32", xla::observed_bytes(params_.size()));
  program.scalars = static_cast<std::uint32_t>(scalars);
  if (scalars != 0) {
    layout.add_alone("scalars", apart ? "float32" : "uint32", scalars * (apart ? sizeof(float) : sizeof(double)));
  }
  program.sizes = layout.sizes();
  return py::make_tuple(py::bytes(program.encode()), layout.names(), parts);
}

}  // namespace adamas::bindings
