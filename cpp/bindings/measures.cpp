#include "measures.hpp"

#include <limits>

namespace adamas::bindings {
namespace {

struct Measure {
  const char* name;
  double Observation::* value;
};

constexpr Measure kMeasures[] = {
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
static_assert(sizeof kMeasures / sizeof *kMeasures == kMeasureCount);

}  // namespace

const char* measure_name(std::size_t measure) { return kMeasures[measure].name; }

void write_measures(const std::vector<Observation>& observations, double* rows) {
  for (std::size_t k = 0; k < kMeasureCount; ++k) {
    for (const Observation& found : observations) {
      const bool counts = k == 0 || found.count > 0.0;
      *rows++ = counts ? found.*kMeasures[k].value : std::numeric_limits<double>::quiet_NaN();
    }
  }
}

}  // namespace adamas::bindings
