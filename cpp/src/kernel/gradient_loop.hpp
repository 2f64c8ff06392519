// The pass over gradients alone: sums of squares of gradient times scale, granule by granule. Both factors are of the
// compute type, as in the update; so whatever is infinite there is infinite here.
#pragma once

#include <algorithm>
#include <cstring>

#include "formats/gradients.hpp"
#include "kernel/square_sum.hpp"
#include "kernel/table.hpp"

namespace adamas {
namespace {

// One vector of gradients from element i on. Those for float64 parameters are float64.
inline Vector<float> load_gradient(DType dtype, const void* array, std::size_t i, Vector<float>) {
  Vector<float> g[1];
  load_gradients(dtype, array, i, g);
  return g[0];
}
inline Vector<double> load_gradient(DType, const void* array, std::size_t i, Vector<double>) {
  return Vector<double>::load(static_cast<const double*>(array) + i);
}

// Only the first n of them; zeros follow.
template <class T>
Vector<T> load_last_gradient(DType dtype, const void* array, std::size_t i, std::size_t n) {
  const std::size_t bytes = size_of(dtype);
  char padded[Vector<T>::kLanes * sizeof(double)] = {};
  std::memcpy(padded, static_cast<const char*>(array) + i * bytes, n * bytes);
  return load_gradient(dtype, padded, 0, Vector<T>{});
}

template <class T>
void gradient_squares(DType dtype, const void* grad, std::size_t begin, std::size_t end, double scale, double* sums) {
  using V = Vector<T>;
  constexpr std::size_t kLanes = V::kLanes;
  const V s = V::broadcast(static_cast<T>(scale));
  for (std::size_t granule = begin; granule < end; granule += kGranule) {
    SquareSum sum;
    for_each_vector<kLanes>(
        granule, std::min(end, granule + kGranule),
        [&](std::size_t i, auto b)
            ADAMAS_INLINE_LAMBDA { sum.add<decltype(b)::value * kLanes>(load_gradient(dtype, grad, i, V{}) * s); },
        [&](std::size_t i, int n) {
          const V g = load_last_gradient<T>(dtype, grad, i, static_cast<std::size_t>(n));
          sum.add_last(g * s, i % kVirtualLanes, n);
        });
    sums[granule / kGranule] = sum.total();
  }
}

}  // namespace
}  // namespace adamas
