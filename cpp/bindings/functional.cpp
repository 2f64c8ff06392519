// One update of one parameter whose states the caller keeps.
#include <adamas/plan.hpp>

#include <string>
#include <tuple>
#include <utility>

#include "arrays.hpp"
#include "errors.hpp"
#include "gil.hpp"
#include "hyperparameters.hpp"
#include "register.hpp"

namespace adamas::bindings {
namespace {

// True if the update was done; False if an input is not acceptable and the caller has to say why. scalars: the numbers
// that the rule keeps beside the step count, and after them those that all parameters would share, moved on by the
// update. beta_count: how many betas it has. matrix: rows and columns, for states by row or column.
bool update(const std::string& rule, py::handle param, py::handle grad, const py::tuple& states, py::handle group,
            int beta_count, std::int64_t step, int num_threads, const py::list& scalars,
            std::pair<std::size_t, std::size_t> matrix) {
  WritableArray array;
  Hyperparameters hyperparameters;
  const void* gradient = nullptr;
  // First what may run Python code, which could change the arrays; then the arrays.
  py::object scheduled;
  if (step < 1 ||
      !read_hyperparameters(group, find_hyperparameters(group, beta_count), step - 1, &hyperparameters, &scheduled) ||
      !accept_writable(param, &array) || !accept_like(grad, array, &gradient)) {
    return false;
  }
  if (array.dtype != DType::kFloat32 && array.dtype != DType::kFloat64) return false;
  Parameter parameter = make_parameter(rule, array);
  std::tie(parameter.matrix_rows, parameter.matrix_columns) = matrix;
  if (array.dtype == DType::kFloat64) parameter.state_format = StateFormat::kFloat64;
  const auto count = static_cast<std::size_t>(rule_info(parameter.rule).state_count);
  if (states.size() != count) return false;
  for (std::size_t k = 0; k < count; ++k) {
    WritableArray state;
    const void* data = nullptr;  // a state must be writable, and of the parameter's shape and dtype as a gradient is
    if (!accept_writable(states[k], &state)) return false;
    if (rule_info(parameter.rule).states[k].extent == StateExtent::kElement) {
      if (!accept_like(states[k], array, &data)) return false;
    } else if (state.dtype != array.dtype || state.size != state_size(parameter, static_cast<int>(k))) {
      return false;
    }
    parameter.states[k] = state.data;
  }

  Plan plan;
  throw_on_error(plan.add(parameter));
  throw_on_error(plan.set_step_count(0, step - 1));
  const auto own = static_cast<std::size_t>(rule_info(parameter.rule).scalar_count);
  for (std::size_t k = 0; k < scalars.size(); ++k) {
    const auto value = scalars[k].cast<double>();
    throw_on_error(k < own ? plan.set_scalar(0, static_cast<int>(k), value)
                           : plan.set_shared_scalar(static_cast<int>(k - own), value));
  }
  StepInputs inputs;
  inputs.grads = &gradient;
  inputs.groups = &hyperparameters;
  inputs.group_count = 1;
  inputs.threads = num_threads;
  Status status = Status::kOk;
  without_gil([&] { status = plan.step(inputs); });
  if (status == Status::kOverlap || status == Status::kInvalidHyperparameter) return false;
  throw_on_error(status);
  for (std::size_t k = 0; k < scalars.size(); ++k) {
    scalars[k] = k < own ? plan.scalar(0, static_cast<int>(k)) : plan.shared_scalar(static_cast<int>(k - own));
  }
  return true;
}

}  // namespace

void register_functional(py::module_& m) {
  m.def("update", &update, py::arg("rule"), py::arg("param"), py::arg("grad"), py::arg("states"), py::arg("group"),
        py::arg("beta_count"), py::arg("step"), py::arg("num_threads"), py::arg("scalars"), py::arg("matrix"));
}

}  // namespace adamas::bindings
