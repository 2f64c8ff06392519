// Measurements of observed steps, as Python objects.
#include <pybind11/numpy.h>

#include "measures.hpp"
#include "plan.hpp"

namespace adamas::bindings {

py::tuple observed_fields() {
  py::tuple names(kMeasureCount);
  for (std::size_t k = 0; k < kMeasureCount; ++k) names[k] = py::str(measure_name(k));
  return names;
}

// All memory is taken before the step.
void PyPlan::prepare_observation(long long every) {
  options_.observations = nullptr;
  if (every < 0) throw py::value_error("observe: expected a whole number >= 0");
  if (completed_ % every != 0) return;
  observations_.assign(params_.size(), Observation{});
  observing_ = py::array_t<double>({kMeasureCount, params_.size()});
  options_.observations = observations_.data();
}

void PyPlan::keep_observation() {
  write_measures(observations_, py::reinterpret_borrow<py::array_t<double>>(observing_).mutable_data());
  observed_ = std::move(observing_);
  observing_ = py::object();
  observed_step_ = completed_;
}

py::object PyPlan::observed() const {
  return observed_ ? py::object(py::make_tuple(observed_step_, observed_)) : py::none();
}

}  // namespace adamas::bindings
