#include "math/random_key.hpp"

namespace adamas {
namespace {

// Mixes 64 bits thoroughly (the finalizer of splitmix64).
std::uint64_t mix(std::uint64_t x) {
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
  return x ^ (x >> 31);
}

}  // namespace

RandomKey random_key(std::uint64_t seed, std::int64_t step, std::size_t parameter) noexcept {
  constexpr std::uint64_t kGolden = 0x9e3779b97f4a7c15u;
  const std::uint64_t key = mix(mix(mix(seed + kGolden) + static_cast<std::uint64_t>(step)) + parameter);
  return {static_cast<std::uint32_t>(key), static_cast<std::uint32_t>(key >> 32)};
}

}  // namespace adamas
