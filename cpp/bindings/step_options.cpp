#include "step_options.hpp"

namespace adamas::bindings {
namespace {

constexpr ChosenOptions kNoOptions;

double number_of(py::handle options, const char* name) {
  const py::object attribute = options.attr(name);
  const double value = PyFloat_AsDouble(attribute.ptr());
  if (value == -1.0 && PyErr_Occurred() != nullptr) throw py::error_already_set();
  return value;
}

bool flag_of(py::handle options, const char* name) { return py::object(options.attr(name)).is(py::handle(Py_True)); }

ChosenOptions choose(py::handle options) {
  ChosenOptions chosen;
  chosen.core.grad_scale = number_of(options, "grad_scale");
  chosen.core.max_norm = number_of(options, "max_norm");
  chosen.core.clip_eps = number_of(options, "clip_eps");
  chosen.core.max_value = number_of(options, "max_value");
  chosen.core.norm_type = flag_of(options, "largest") ? NormType::kLargest : NormType::kL2;
  chosen.core.clip_each = flag_of(options, "clip_each");
  chosen.core.measure = flag_of(options, "measure");
  chosen.core.skip_nonfinite = flag_of(options, "skip_nonfinite");
  chosen.core.zero_grads = flag_of(options, "zero_grads");
  chosen.mean = flag_of(options, "mean");
  chosen.keep_accumulated = flag_of(options, "keep_accumulated");
  chosen.observe = options.attr("observe").cast<long long>();
  return chosen;
}

}  // namespace

const ChosenOptions& OptionsReader::read(py::handle options) {
  if (options.is_none()) return kNoOptions;
  if (last_ && options.is(last_)) return chosen_;
  if (!PyTuple_Check(options.ptr())) throw py::type_error("options: expected a StepOptions");
  chosen_ = choose(options);
  last_ = py::reinterpret_borrow<py::object>(options);
  return chosen_;
}

}  // namespace adamas::bindings
