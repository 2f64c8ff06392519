// What the parts of the self-check share: data that is the same on every machine, and digests of bits.
#pragma once

#include <adamas/adamas.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

namespace exercise {

inline void check(adamas::Status status, const char* what) {
  if (status == adamas::Status::kOk) return;
  std::fprintf(stderr, "%s: %s\n", what, adamas::message(status));
  std::exit(1);
}

// Numbers in [-1, 1) from a linear congruential generator: the same on every machine.
class Numbers {
 public:
  double next() {
    state_ = state_ * 6364136223846793005u + 1442695040888963407u;
    return static_cast<double>(static_cast<std::int64_t>(state_) >> 11) * 0x1p-52;
  }

 private:
  std::uint64_t state_ = 1;
};

// FNV-1a.
class Digest {
 public:
  void add(const void* bytes, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
      hash_ = (hash_ ^ static_cast<const unsigned char*>(bytes)[i]) * 1099511628211u;
    }
  }
  std::uint64_t value() const { return hash_; }

 private:
  std::uint64_t hash_ = 14695981039346656037u;
};

// Writes a number of size below 1, cut to the dtype's precision.
inline void put(double value, adamas::DType dtype, void* to) {
  const auto single = static_cast<float>(value);
  std::uint32_t bits;
  std::memcpy(&bits, &single, sizeof bits);
  const auto put_half = [to](std::uint32_t word) {
    const auto half = static_cast<std::uint16_t>(word);
    std::memcpy(to, &half, sizeof half);
  };
  switch (dtype) {
    case adamas::DType::kFloat32: std::memcpy(to, &single, sizeof single); break;
    case adamas::DType::kFloat64: std::memcpy(to, &value, sizeof value); break;
    case adamas::DType::kBfloat16: put_half(bits >> 16); break;
    case adamas::DType::kFloat16: {
      const std::uint32_t magnitude = bits & 0x7fffffff;
      const std::uint32_t kept = magnitude < 0x38800000 ? 0 : (magnitude - 0x38000000) >> 13;  // nothing below 2^-14
      put_half((bits >> 16 & 0x8000) | kept);
      break;
    }
  }
}

// A buffer of bytes, `offset` elements past an aligned address.
struct Buffer {
  Buffer(std::size_t bytes, std::size_t offset) : memory(bytes + offset + 64), size(bytes) {
    const auto address = reinterpret_cast<std::uintptr_t>(memory.data());
    data = memory.data() + (-address % 64) % 64 + offset;
  }
  std::vector<unsigned char> memory;
  unsigned char* data;
  std::size_t size;
};

inline void fill(Numbers& numbers, adamas::DType dtype, Buffer& buffer) {
  const std::size_t element = adamas::size_of(dtype);
  for (std::size_t i = 0; i + element <= buffer.size; i += element) put(numbers.next(), dtype, buffer.data + i);
}

// Takes a parameter for matrices, two where it can be halved.
inline void make_matrices(adamas::Parameter& parameter) {
  std::size_t rows = 7;
  while (rows > 1 && parameter.size % rows != 0) --rows;
  parameter.matrix_rows = rows;
  parameter.matrix_columns = parameter.size / rows / (parameter.size / rows % 2 == 0 ? 2 : 1);
}

// Learning rate, decay and all else that a rule may look at, none of it at a value that switches something off.
inline adamas::Hyperparameters hyperparameters_for(adamas::Rule rule) {
  adamas::Hyperparameters h;
  h.lr = 0.01;
  h.weight_decay = 0.1;
  h.beta3 = 0.99;
  h.alpha = 0.9;
  h.eps_root = 1e-8;
  h.momentum_decay = 0.004;
  h.weight_lr_power = 2.0;
  h.weight_power = 0.5;
  h.warmup_steps = 10;
  h.gamma = 0.025;
  h.trust_coefficient = 0.5;
  h.atan_a = 1.27;
  h.atan_b = 0.75;
  h.nesterov = true;
  h.d0 = 1e-3;
  h.d_coef = 2.0;
  h.growth_rate = 1.5;
  h.safeguard_warmup = true;
  h.seed = 42;
  const char* name = adamas::rule_info(rule).name;
  const bool momentum = std::strstr(name, "_momentum") != nullptr || std::strcmp(name, "sgd_nesterov") == 0;
  const bool needs_momentum = std::strncmp(name, "lars", 4) == 0 || std::strcmp(name, "schedule_free_sgd") == 0;
  if (momentum || needs_momentum) h.momentum = 0.9;
  return h;
}

// The parts; each a file.
void check_refusals();
void check_moved();
void check_problems();
std::uint64_t rows_digest(adamas::Rule rule, adamas::RowMode mode, adamas::DType dtype,
                          int threads);  // 0: not available

}  // namespace exercise
