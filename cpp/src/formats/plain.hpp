// An array of IEEE numbers: loaded and stored as it stands.
#pragma once

#include <cstddef>

namespace adamas {
namespace {

template <class T>
struct Plain {
  using Element = T;

  template <class V>
  static V load(const void* array, std::size_t i) {
    return V::load(static_cast<const T*>(array) + i);
  }
  template <class V>
  static V load(const void* array, std::size_t i, int n) {
    return V::load(static_cast<const T*>(array) + i, n);
  }
  template <class V>
  static void store(V value, void* array, std::size_t i) {
    value.store(static_cast<T*>(array) + i);
  }
  template <class V>
  static void store(V value, void* array, std::size_t i, int n) {
    value.store(static_cast<T*>(array) + i, n);
  }
};

}  // namespace
}  // namespace adamas
