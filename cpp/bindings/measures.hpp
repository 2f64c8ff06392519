// Measurements of observed steps, as rows of numbers.
#pragma once

#include <adamas/observation.hpp>

#include <cstddef>
#include <vector>

namespace adamas::bindings {

constexpr std::size_t kMeasureCount = sizeof(Observation) / sizeof(double);

// The name of each; the count is first: nothing else counts without it.
const char* measure_name(std::size_t measure);

// A row for each measure, a column for each parameter: NaN where it was not observed, but a count of 0.
void write_measures(const std::vector<Observation>& observations, double* rows);

}  // namespace adamas::bindings
