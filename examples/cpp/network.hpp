// What the example trains: a network of two hidden layers, on points of two spirals.
//
// Each operation below is one that IEEE 754 rounds in one way, and sums have a fixed order. So the numbers are the same
// on every machine, as those of adamas are. (std::sin, std::exp and the distributions of <random> would differ.)
#pragma once

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <random>
#include <utility>
#include <vector>

// Numbers from 0 to 1. The standard specifies the generator bit by bit.
class Random {
 public:
  explicit Random(std::uint64_t seed) : engine_(seed) {}
  double next() { return static_cast<double>(engine_() >> 11) * 0x1p-53; }
  double between(double low, double high) { return low + (high - low) * next(); }
  std::size_t below(std::size_t count) { return static_cast<std::size_t>(next() * static_cast<double>(count)); }

 private:
  std::mt19937_64 engine_;
};

struct Sample {
  float x, y;
  float label;  // -1 or 1: which spiral
};

// Two spirals of two turns, one inside the other.
inline std::vector<Sample> two_spirals(std::size_t count, Random& random) {
  // cos and sin of two turns / 400.
  constexpr double kCosine = 0.9995065603657316;
  constexpr double kSine = 0.031410759078128294;
  constexpr double kNoise = 0.08;
  std::vector<Sample> samples;
  double c = 1.0;
  double s = 0.0;
  for (std::size_t i = 0; i < count; ++i) {
    const double radius = 0.1 + 0.9 * static_cast<double>(i % 400) / 400.0;
    const double side = random.next() < 0.5 ? -1.0 : 1.0;
    const double x = side * radius * c + random.between(-kNoise, kNoise);
    const double y = side * radius * s + random.between(-kNoise, kNoise);
    samples.push_back({static_cast<float>(x), static_cast<float>(y), static_cast<float>(side)});
    const double next_c = c * kCosine - s * kSine;
    s = s * kCosine + c * kSine;
    c = next_c;
  }
  return samples;
}

inline void shuffle(std::vector<Sample>& samples, Random& random) {
  for (std::size_t i = samples.size(); i > 1; --i) std::swap(samples[i - 1], samples[random.below(i)]);
}

// A parameter of the network and its gradient.
struct Tensor {
  const char* name;
  std::size_t rows, columns;
  std::vector<float> value;
  std::vector<float> gradient;

  Tensor(const char* tensor_name, std::size_t row_count, std::size_t column_count)
      : name(tensor_name), rows(row_count), columns(column_count), value(rows * columns), gradient(rows * columns) {}
  bool is_matrix() const { return columns > 1; }
};

// y = W3 relu(W2 relu(W1 x + b1) + b2) + b3
class Network {
 public:
  static constexpr std::size_t kInputs = 2;
  static constexpr std::size_t kHidden = 32;

  explicit Network(Random& random) {
    for (Tensor& tensor : tensors) {
      if (!tensor.is_matrix()) continue;
      const double limit = std::sqrt(6.0 / static_cast<double>(tensor.columns));
      for (float& w : tensor.value) w = static_cast<float>(random.between(-limit, limit));
    }
  }

  std::vector<Tensor> tensors{{"w1", kHidden, kInputs}, {"b1", kHidden, 1}, {"w2", kHidden, kHidden},
                              {"b2", kHidden, 1},       {"w3", 1, kHidden}, {"b3", 1, 1}};

  float output(const Sample& sample) {
    input_ = {sample.x, sample.y};
    multiply(tensors[0], tensors[1], input_.data(), hidden1_.data());
    relu(hidden1_);
    multiply(tensors[2], tensors[3], hidden1_.data(), hidden2_.data());
    relu(hidden2_);
    float result;
    multiply(tensors[4], tensors[5], hidden2_.data(), &result);
    return result;
  }

  // The mean squared hinge loss of a batch, max(0, 1 - label * y)^2, whose gradients become those of the tensors.
  double train(const Sample* batch, std::size_t count) {
    for (Tensor& tensor : tensors) tensor.gradient.assign(tensor.value.size(), 0.0F);
    double loss = 0.0;
    for (std::size_t i = 0; i < count; ++i) {
      const float margin = 1.0F - batch[i].label * output(batch[i]);
      if (margin <= 0.0F) continue;
      loss += static_cast<double>(margin) * static_cast<double>(margin);
      backward(-2.0F * margin * batch[i].label / static_cast<float>(count));
    }
    return loss / static_cast<double>(count);
  }

  double accuracy(const std::vector<Sample>& samples) {
    std::size_t right = 0;
    for (const Sample& sample : samples) right += output(sample) * sample.label > 0.0F ? 1 : 0;
    return static_cast<double>(right) / static_cast<double>(samples.size());
  }

 private:
  using Layer = std::array<float, kHidden>;

  static void multiply(const Tensor& weights, const Tensor& bias, const float* in, float* out) {
    for (std::size_t i = 0; i < weights.rows; ++i) {
      float sum = bias.value[i];
      for (std::size_t j = 0; j < weights.columns; ++j) sum += weights.value[i * weights.columns + j] * in[j];
      out[i] = sum;
    }
  }

  static void relu(Layer& layer) {
    for (float& x : layer) x = x < 0.0F ? 0.0F : x;
  }

  // Adds the gradients of one layer, given that of its output; returns that of its input.
  static Layer backward(Tensor& weights, Tensor& bias, const float* in, const float* out_gradient) {
    Layer in_gradient{};
    for (std::size_t i = 0; i < weights.rows; ++i) {
      bias.gradient[i] += out_gradient[i];
      for (std::size_t j = 0; j < weights.columns; ++j) {
        weights.gradient[i * weights.columns + j] += out_gradient[i] * in[j];
        in_gradient[j] += out_gradient[i] * weights.value[i * weights.columns + j];
      }
    }
    return in_gradient;
  }

  // No gradient passes where the rectifier gave zero.
  static void backward_relu(const Layer& layer, Layer& gradient) {
    for (std::size_t i = 0; i < kHidden; ++i) gradient[i] = layer[i] > 0.0F ? gradient[i] : 0.0F;
  }

  void backward(float out_gradient) {
    Layer gradient = backward(tensors[4], tensors[5], hidden2_.data(), &out_gradient);
    backward_relu(hidden2_, gradient);
    gradient = backward(tensors[2], tensors[3], hidden1_.data(), gradient.data());
    backward_relu(hidden1_, gradient);
    backward(tensors[0], tensors[1], input_.data(), gradient.data());
  }

  std::array<float, kInputs> input_{};
  Layer hidden1_{};
  Layer hidden2_{};
};
