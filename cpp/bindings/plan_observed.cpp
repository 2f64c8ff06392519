// What observed steps find out, as Python sees it.
#include <limits>

#include <pybind11/numpy.h>

#include <adamas/observation.hpp>

#include "plan.hpp"

namespace adamas::bindings {
namespace {

struct Measure {
  const char* name;
  double Observation::* value;
};

// The count is first: nothing else counts without it.
constexpr Measure kObservedFields[] = {
    {"count", &Observation::count},
    {"grad_square", &Observation::grad_square},
    {"grad_largest", &Observation::grad_largest},
    {"grad_zero", &Observation::grad_zero},
    {"grad_nonfinite", &Observation::grad_nonfinite},
    {"grad_clipped", &Observation::grad_clipped},
    {"update_square", &Observation::update_square},
    {"update_largest", &Observation::update_largest},
    {"update_flushed", &Observation::update_flushed},
    {"param_square", &Observation::param_square},
    {"param_largest", &Observation::param_largest},
    {"param_nonfinite", &Observation::param_nonfinite},
    {"moment_square", &Observation::moment_square},
    {"moment_product", &Observation::moment_product},
    {"below_eps", &Observation::below_eps},
    {"moment_lost", &Observation::moment_lost},
    {"lr", &Observation::lr},
    {"clip_coefficient", &Observation::clip_coefficient},
};
constexpr std::size_t kFieldCount = sizeof kObservedFields / sizeof *kObservedFields;
static_assert(sizeof(Observation) == kFieldCount * sizeof(double));

}  // namespace

py::tuple observed_fields() {
  py::tuple names(kFieldCount);
  for (std::size_t k = 0; k < kFieldCount; ++k) names[k] = py::str(kObservedFields[k].name);
  return names;
}

// All memory is taken before the step.
void PyPlan::prepare_observation(long long every) {
  options_.observations = nullptr;
  if (every < 0) throw py::value_error("observe: expected a whole number >= 0");
  if (completed_ % every != 0) return;
  observations_.assign(params_.size(), Observation{});
  observing_ = py::array_t<double>({kFieldCount, params_.size()});
  options_.observations = observations_.data();
}

void PyPlan::keep_observation() {
  auto array = py::reinterpret_borrow<py::array_t<double>>(observing_);
  auto values = array.mutable_unchecked<2>();
  for (std::size_t i = 0; i < observations_.size(); ++i) {
    const Observation& found = observations_[i];
    for (std::size_t k = 0; k < kFieldCount; ++k) {
      const bool counts = k == 0 || found.count > 0.0;
      values(static_cast<py::ssize_t>(k), static_cast<py::ssize_t>(i)) =
          counts ? found.*kObservedFields[k].value : std::numeric_limits<double>::quiet_NaN();
    }
  }
  observed_ = std::move(observing_);
  observing_ = py::object();
  observed_step_ = completed_;
}

py::object PyPlan::observed() const {
  return observed_ ? py::object(py::make_tuple(observed_step_, observed_)) : py::none();
}

}  // namespace adamas::bindings
