// Inlining that a kernel relies on: what the compiler sees whole, it keeps in registers.
#pragma once

#include <type_traits>
#include <utility>

#define ADAMAS_INLINE inline __attribute__((always_inline))
#define ADAMAS_INLINE_LAMBDA __attribute__((always_inline))

namespace adamas {
namespace {

template <int k>
using Index = std::integral_constant<int, k>;

template <class Body, int... k>
ADAMAS_INLINE void repeat(Body& body, std::integer_sequence<int, k...>) {
  (body(Index<k>{}), ...);
}

// body(Index<0>{}), ..., body(Index<kCount - 1>{}): a loop whose counter is a constant.
template <int kCount, class Body>
ADAMAS_INLINE void repeat(Body body) {
  repeat(body, std::make_integer_sequence<int, kCount>{});
}

}  // namespace
}  // namespace adamas
