// A plan with the memory that it works on, and the comparison of two.
#pragma once

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include <adamas/adamas.hpp>

namespace fuzz {

using adamas::DType;

[[noreturn]] inline void fail(const std::string& what) {
  std::fprintf(stderr, "finding: %s\n", what.c_str());
  std::abort();
}

// What numbers an array holds, for comparing them: NaN equals NaN.
enum class Numbers : std::uint8_t { kFloat32, kFloat64, kBfloat16, kFloat16, kCodes, kCounts };

inline Numbers numbers_of(DType dtype) {
  switch (dtype) {
    case DType::kFloat32: return Numbers::kFloat32;
    case DType::kFloat64: return Numbers::kFloat64;
    case DType::kBfloat16: return Numbers::kBfloat16;
    case DType::kFloat16: return Numbers::kFloat16;
  }
  fail("no such dtype");
}

struct Array {
  Array(std::size_t bytes, std::size_t past_alignment, Numbers what)
      : memory(new unsigned char[bytes + past_alignment]()),
        data(memory.get() + past_alignment),
        size(bytes),
        numbers(what) {}
  std::unique_ptr<unsigned char[]> memory;
  unsigned char* data;
  std::size_t size;
  Numbers numbers;
};

template <class Bits>
bool same(const Array& a, const Array& b, Bits infinity) {
  constexpr Bits kMagnitude = static_cast<Bits>(~Bits{0}) >> 1;
  for (std::size_t i = 0; i < a.size; i += sizeof(Bits)) {
    Bits x;
    Bits y;
    std::memcpy(&x, a.data + i, sizeof x);
    std::memcpy(&y, b.data + i, sizeof y);
    if (x != y && !((x & kMagnitude) > infinity && (y & kMagnitude) > infinity)) return false;
  }
  return true;
}

inline bool same(const Array& a, const Array& b) {
  switch (a.numbers) {
    case Numbers::kFloat32: return same<std::uint32_t>(a, b, 0x7f800000);
    case Numbers::kFloat64: return same<std::uint64_t>(a, b, 0x7ff0000000000000);
    case Numbers::kBfloat16: return same<std::uint16_t>(a, b, 0x7f80);
    case Numbers::kFloat16: return same<std::uint16_t>(a, b, 0x7c00);
    case Numbers::kCodes:
    case Numbers::kCounts: return a.size == 0 || std::memcmp(a.data, b.data, a.size) == 0;
  }
  return false;
}

// A gradient and how it is given.
struct Gradient {
  DType dtype = DType::kFloat32;
  std::shared_ptr<Array> array;
  const void* given = nullptr;
  bool has_rows = false;
  std::vector<std::int64_t> rows;
  adamas::RowGradient row_gradient;
};

struct World {
  const char* isa;
  int threads;
  adamas::Plan plan;
  std::vector<std::shared_ptr<Array>> arrays;  // all that steps may write
  std::vector<Gradient> gradients;

  std::vector<unsigned char> bytes() const {
    std::vector<unsigned char> all;
    for (const auto& array : arrays) all.insert(all.end(), array->data, array->data + array->size);
    for (std::size_t i = 0; i < plan.size(); ++i) {
      const std::int64_t count = plan.step_count(i);
      const auto* first = reinterpret_cast<const unsigned char*>(&count);
      all.insert(all.end(), first, first + sizeof count);
    }
    for (int k = 0; k < plan.shared_scalar_count(); ++k) {
      const double value = plan.shared_scalar(k);
      const auto* first = reinterpret_cast<const unsigned char*>(&value);
      all.insert(all.end(), first, first + sizeof value);
    }
    return all;
  }
};

}  // namespace fuzz
