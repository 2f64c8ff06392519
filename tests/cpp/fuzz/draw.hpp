// What a fuzzer's bytes become: ordinary values, mostly, and odd ones.
#pragma once

#include <fuzzer/FuzzedDataProvider.h>

#include <cmath>
#include <limits>
#include <vector>

#include "../exercise.hpp"
#include "world.hpp"

namespace fuzz {

constexpr double kInfinite = std::numeric_limits<double>::infinity();

class Draw {
 public:
  explicit Draw(FuzzedDataProvider& input) : input_(input) {}

  bool seldom() { return input_.ConsumeIntegralInRange(0, 15) == 15; }

  template <class Enum>
  Enum any_of(int count) {
    const int value = seldom() ? input_.ConsumeIntegral<std::uint8_t>() : input_.ConsumeIntegralInRange(0, count - 1);
    return static_cast<Enum>(value);
  }

  double number(double usual) {
    switch (input_.ConsumeIntegralInRange(0, 7)) {
      case 0: return input_.ConsumeFloatingPoint<double>();
      case 1:
        return input_.PickValueInArray({0.0, -0.0, 1.0, -1.0, 1e-310, 1e308, -kInfinite, kInfinite, std::nan("")});
      case 2: return input_.ConsumeProbability<double>();
      default: return usual;
    }
  }

  // Fills the array of both worlds with the same numbers, of a size and with oddities as the input says.
  void fill(Array& array, DType dtype) {
    exercise::Numbers numbers;
    const int skipped = input_.ConsumeIntegral<std::uint8_t>();
    for (int i = 0; i < skipped; ++i) numbers.next();
    const double scale = std::ldexp(1.0, input_.PickValueInArray({0, 0, 0, -10, 10, -70, 60, -140, 120}));
    const std::size_t element = adamas::size_of(dtype);
    const bool odd = seldom();
    for (std::size_t i = 0; i + element <= array.size; i += element) {
      exercise::put(numbers.next() * scale, dtype, array.data + i);
      if (odd && i / element % 37 == 5) put_odd(dtype, i / element % 5, array.data + i);
    }
  }

  static void put_odd(DType dtype, std::size_t which, void* to) {
    constexpr std::uint64_t kOdd[][5] = {
        {0x7f800000, 0xff800000, 0x7fc00000, 1, 0x80000000},
        {0x7ff0000000000000, 0xfff0000000000000, 0x7ff8000000000000, 1, 0x8000000000000000},
        {0x7f80, 0xff80, 0x7fc0, 1, 0x8000},
        {0x7c00, 0xfc00, 0x7e00, 1, 0x8000},
    };
    static_assert(sizeof kOdd / sizeof *kOdd == adamas::kDTypeCount);
    std::memcpy(to, &kOdd[static_cast<int>(dtype)][which], adamas::size_of(dtype));  // little-endian
  }

  std::vector<std::int64_t> rows(std::size_t count) {
    std::vector<std::int64_t> drawn(input_.ConsumeIntegralInRange<std::size_t>(0, 12));
    for (std::int64_t& row : drawn) {
      const auto last = static_cast<std::int64_t>(count) - 1;
      row = seldom() || count == 0 ? input_.ConsumeIntegral<std::int64_t>()
                                   : input_.ConsumeIntegralInRange<std::int64_t>(0, last);
    }
    return drawn;
  }

  adamas::Hyperparameters group() {
    adamas::Hyperparameters h;
    for (double* value : {&h.lr, &h.beta1, &h.beta2, &h.eps}) *value = number(*value);
    h.weight_decay = number(0.01);
    h.beta3 = number(0.99);
    h.estimate_beta = number(0.99);
    h.d0 = number(1e-3);
    h.eps_root = number(0.0);
    h.alpha = number(0.9);
    h.momentum = number(0.9);
    h.dampening = number(0.0);
    h.momentum_decay = number(0.004);
    h.lr_decay = number(0.1);
    h.warmup_steps = number(3.0);
    h.weight_power = number(0.5);
    h.weight_lr_power = number(2.0);
    const auto flags = input_.ConsumeIntegral<std::uint8_t>();
    h.decay = flags & 1 ? adamas::Decay::kDecoupled : adamas::Decay::kCoupled;
    h.eps_placement =
        flags & 2 ? adamas::EpsPlacement::kBeforeBiasCorrection : adamas::EpsPlacement::kAfterBiasCorrection;
    h.bias_correction = (flags & 4) == 0;
    h.maximize = (flags & 8) != 0;
    h.clip = (flags & 16) == 0;
    h.mix_by_beta2 = (flags & 32) != 0;
    h.seed = flags;
    return h;
  }

  adamas::StepOptions options_of_step() {
    adamas::StepOptions options;
    options.grad_scale = number(1.0);
    options.max_norm = number(kInfinite);
    options.max_value = number(kInfinite);
    options.average_weight = number(0.0);
    options.average_number = input_.ConsumeIntegral<std::uint16_t>();
    const auto flags = input_.ConsumeIntegral<std::uint8_t>();
    options.norm_type = flags & 1 ? adamas::NormType::kLargest : adamas::NormType::kL2;
    options.clip_each = (flags & 2) != 0;
    options.measure = (flags & 4) != 0;
    options.skip_nonfinite = (flags & 8) != 0;
    options.zero_grads = (flags & 16) != 0;
    return options;
  }

 private:
  FuzzedDataProvider& input_;
};

}  // namespace fuzz
