// Passes over gradients alone: a measure of gradient times scale, granule by granule, and gradients prepared for the
// update. All factors are of the compute type, as in the update; so whatever is infinite there is infinite here.
#pragma once

#include <algorithm>
#include <cstring>

#include "formats/gradients.hpp"
#include "kernel/axis_loop.hpp"
#include "kernel/square_sum.hpp"
#include "kernel/table.hpp"
#include "rules/rule.hpp"

namespace adamas {
namespace {

// Only the first n gradients from element i on; zeros follow.
inline Vector<float> load_first(DType dtype, const void* array, std::size_t i, std::size_t n, Vector<float>) {
  const std::size_t bytes = size_of(dtype);
  char padded[Vector<float>::kLanes * sizeof(double)] = {};
  std::memcpy(padded, static_cast<const char*>(array) + i * bytes, n * bytes);
  return load_gradient(dtype, padded, 0, Vector<float>{});
}
inline Vector<double> load_first(DType dtype, const void* array, std::size_t i, std::size_t n, Vector<double>) {
  if (dtype == DType::kFloat64) {
    return Vector<double>::load(static_cast<const double*>(array) + i, static_cast<int>(n));
  }
  float narrow[Vector<float>::kLanes];  // which holds every number of the other types exactly
  load_first(dtype, array, i, n, Vector<float>{}).store(narrow);
  double wide[Vector<double>::kLanes];
  for (int k = 0; k < Vector<double>::kLanes; ++k) wide[k] = static_cast<double>(narrow[k]);
  return Vector<double>::load(wide);
}

// One vector of gradients from element i on.
inline Vector<double> load_gradient(DType dtype, const void* array, std::size_t i, Vector<double> v) {
  if (dtype == DType::kFloat64) return Vector<double>::load(static_cast<const double*>(array) + i);
  return load_first(dtype, array, i, Vector<double>::kLanes, v);
}

// The largest magnitude of the elements of one granule; NaN if one of them is. (Used as SquareSum is.)
class Largest {
 public:
  template <std::size_t kFirst, class T>
  ADAMAS_INLINE void add(Vector<T> x) {
    constexpr int kParts = Vector<T>::kLanes / Vector<double>::kLanes;
    Vector<double> parts[kParts];
    widen(x, parts);
    for (int k = 0; k < kParts; ++k) take(parts[k]);
  }

  template <class T>
  void add_last(Vector<T> x, std::size_t, int n) {
    T values[Vector<T>::kLanes];
    x.store(values);
    for (int k = 0; k < n; ++k) take(Vector<double>::broadcast(static_cast<double>(values[k])));
  }

  double total() const {
    double largest[Vector<double>::kLanes];
    double nan[Vector<double>::kLanes];
    largest_.store(largest);
    nan_.store(nan);
    double total = 0.0;
    for (int k = 0; k < Vector<double>::kLanes; ++k) {
      if (nan[k] != nan[k]) return nan[k];
      total = largest[k] > total ? largest[k] : total;
    }
    return total;
  }

 private:
  ADAMAS_INLINE void take(Vector<double> x) {
    const Vector<double> magnitude = larger(x, Vector<double>::broadcast(0.0) - x);
    nan_ = where_greater(magnitude, Vector<double>::broadcast(-1.0), nan_, magnitude);
    largest_ = larger(magnitude, largest_);
  }

  Vector<double> largest_ = Vector<double>::broadcast(0.0);
  Vector<double> nan_ = Vector<double>::broadcast(0.0);  // in a lane that has seen one
};

template <class Measure, class T>
void measure_gradients(DType dtype, const void* grad, std::size_t begin, std::size_t end, double scale,
                       double* measures) {
  using V = Vector<T>;
  constexpr std::size_t kLanes = V::kLanes;
  const V s = V::broadcast(static_cast<T>(scale));
  for (std::size_t granule = begin; granule < end; granule += kGranule) {
    Measure measure;
    for_each_vector<kLanes>(
        granule, std::min(end, granule + kGranule),
        [&](std::size_t i, auto b) ADAMAS_INLINE_LAMBDA {
          measure.template add<decltype(b)::value * kLanes>(load_gradient(dtype, grad, i, V{}) * s);
        },
        [&](std::size_t i, int n) {
          const V g = load_first(dtype, grad, i, static_cast<std::size_t>(n), V{});
          measure.add_last(g * s, i % kVirtualLanes, n);
        });
    measures[granule / kGranule] = measure.total();
  }
}

// One vector of the sum of sources. load(source): of one of them.
template <class V, class Load>
ADAMAS_INLINE V sum_of(const Addends& addends, Load load) {
  if (addends.count == 2) return load(addends.sources[0]) + load(addends.sources[1]);
  V waiting[kMostSums];
  int count = 0;
  for (int k = 0; k < addends.count; ++k) {
    V sum = load(addends.sources[k]);
    for (int joins = addends.sources[k].joins; joins > 0; --joins) sum = waiting[--count] + sum;
    waiting[count++] = sum;
  }
  return waiting[0];
}

template <class T>
void prepare_gradients(DType dtype, const void* grad, const Addends& addends, std::size_t begin, std::size_t end,
                       double scale, double limit, void* out) {
  using V = Vector<T>;
  constexpr std::size_t kLanes = V::kLanes;
  const V s = V::broadcast(static_cast<T>(scale));
  const V most = V::broadcast(static_cast<T>(limit));
  const auto prepared = [&](V g) ADAMAS_INLINE_LAMBDA { return clamp(g * s, most); };
  T* const to = static_cast<T*>(out);
  std::size_t i = begin;
  if (addends.sources != nullptr) {
    for (; i + kLanes <= end; i += kLanes) {
      const auto load = [i](const Source& source)
                            ADAMAS_INLINE_LAMBDA { return load_gradient(source.dtype, source.array, i, V{}); };
      prepared(sum_of<V>(addends, load)).store(to + (i - begin));
    }
    if (i == end) return;
    const auto load = [&](const Source& source)
                          ADAMAS_INLINE_LAMBDA { return load_first(source.dtype, source.array, i, end - i, V{}); };
    prepared(sum_of<V>(addends, load)).store(to + (i - begin), static_cast<int>(end - i));
    return;
  }
  for (; i + kLanes <= end; i += kLanes) {
    V g = load_gradient(dtype, grad, i, V{});
    for (int k = 0; k < addends.count; ++k) g = V::load(static_cast<const T*>(addends.arrays[k]) + i) + g;
    prepared(g).store(to + (i - begin));
  }
  if (i < end) {
    const auto n = static_cast<int>(end - i);
    V g = load_first(dtype, grad, i, end - i, V{});
    for (int k = 0; k < addends.count; ++k) g = V::load(static_cast<const T*>(addends.arrays[k]) + i, n) + g;
    prepared(g).store(to + (i - begin), n);
  }
}

template <class T>
constexpr GradientKernels kGradientKernels = {measure_gradients<SquareSum, T>, measure_gradients<Largest, T>,
                                              prepare_gradients<T>, axis_sums<T>};

}  // namespace
}  // namespace adamas
