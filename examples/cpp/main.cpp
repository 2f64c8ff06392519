// Trains a small network with adamas: AdamW with warm-up, clipping, 8-bit states and averaged weights.
#include <adamas/adamas.hpp>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <string>
#include <vector>

#include "network.hpp"

namespace {

constexpr std::size_t kSamples = 1600;
constexpr std::size_t kBatch = 32;
constexpr int kEpochs = 100;
constexpr int kWarmup = 500;  // steps
constexpr double kRate = 1e-2;

// Ends the program with the reason for a refusal: what, and which tensor.
[[noreturn]] void fail(const char* call, adamas::Status status, const adamas::Problem& problem,
                       const Network& network) {
  std::fprintf(stderr, "%s: %s\n", call, adamas::message(status));
  const auto show = [&](std::size_t parameter, const char* array) {
    if (parameter == adamas::kNoParameter) return;
    std::fprintf(stderr, "  parameter %s", network.tensors[parameter].name);
    if (array != nullptr) std::fprintf(stderr, ", array %s", array);
    std::fprintf(stderr, "\n");
  };
  show(problem.parameter, problem.array);
  show(problem.other, problem.other_array);
  if (problem.group != adamas::kNoGroup) std::fprintf(stderr, "  group %zu\n", problem.group);
  std::exit(1);
}

// The states and the average of one tensor. They must live as long as the plan.
struct Memory {
  std::vector<std::vector<unsigned char>> states;
  std::vector<float> average;
};

enum Group : std::uint32_t { kMatrices, kBiases, kGroupCount };

class Optimizer {
 public:
  explicit Optimizer(Network& network) : network_(network), memory_(network.tensors.size()) {
    for (std::size_t i = 0; i < network.tensors.size(); ++i) add(i);
    for (adamas::Hyperparameters& group : groups_) {
      group.lr = kRate;
      group.decay = adamas::Decay::kDecoupled;  // AdamW
    }
    groups_[kMatrices].weight_decay = 1e-2;
    groups_[kBiases].weight_decay = 0.0;
    options_.max_norm = 1.0;
    options_.skip_nonfinite = true;
  }

  // One step with the gradients of the network.
  adamas::StepInfo step(double lr) {
    std::vector<const void*> grads;
    for (const Tensor& tensor : network_.tensors) grads.push_back(tensor.gradient.data());
    for (adamas::Hyperparameters& group : groups_) group.lr = lr;
    // At first the mean of all weights so far, later an exponential average.
    options_.average_number = averaged_ + 1;
    options_.average_weight = std::max(1.0 / static_cast<double>(averaged_ + 1), 0.005);

    adamas::StepInputs inputs;
    inputs.grads = grads.data();
    inputs.groups = groups_;
    inputs.group_count = kGroupCount;
    inputs.options = &options_;
    adamas::StepInfo info;
    const adamas::Status status = plan_.step(inputs, &info);
    if (status != adamas::Status::kOk) fail("step", status, plan_.diagnose(inputs), network_);
    if (!info.skipped) ++averaged_;
    return info;
  }

  // Puts the averages in the place of the weights, and the weights in theirs.
  void swap_averages() {
    for (std::size_t i = 0; i < memory_.size(); ++i) {
      std::swap_ranges(memory_[i].average.begin(), memory_[i].average.end(), network_.tensors[i].value.begin());
    }
  }

  std::size_t state_bytes() const {
    std::size_t bytes = 0;
    for (const Memory& memory : memory_) {
      for (const auto& state : memory.states) bytes += state.size();
    }
    return bytes;
  }

 private:
  void add(std::size_t index) {
    Tensor& tensor = network_.tensors[index];
    Memory& memory = memory_[index];
    memory.average = tensor.value;

    adamas::Parameter parameter;
    if (!adamas::find_rule("adam", &parameter.rule)) std::exit(1);
    parameter.param = tensor.value.data();
    parameter.average = memory.average.data();
    parameter.size = tensor.value.size();
    parameter.group = tensor.is_matrix() ? kMatrices : kBiases;
    // Codes of 8 bits need a quarter of the memory. Biases are few, and keep float32.
    parameter.state_format = tensor.is_matrix() ? adamas::StateFormat::kInt8 : adamas::StateFormat::kFloat32;

    const adamas::RuleInfo& rule = adamas::rule_info(parameter.rule);
    for (int k = 0; k < rule.state_count; ++k) {
      const auto storage = adamas::storage_of(parameter.state_format, rule.states[k].kind);
      memory.states.emplace_back(storage.bytes(adamas::state_size(parameter, k)));  // zeros
      parameter.states[k] = memory.states.back().data();
    }
    const adamas::Status status = plan_.add(parameter);
    if (status == adamas::Status::kOk) return;
    adamas::Problem problem = adamas::diagnose(parameter);
    problem.parameter = index;
    fail("add", status, problem, network_);
  }

  Network& network_;
  std::vector<Memory> memory_;
  adamas::Plan plan_;
  adamas::Hyperparameters groups_[kGroupCount];
  adamas::StepOptions options_;
  std::uint64_t averaged_ = 0;
};

// Rises to kRate, then falls to zero; both along straight lines.
double rate_at(int step, int steps) {
  if (step < kWarmup) return kRate * (step + 1) / kWarmup;
  return kRate * (steps - step) / (steps - kWarmup);
}

// Writes a safetensors file: the length of a JSON text in 8 bytes, the text, the arrays.
void save(const Network& network, const char* path) {
  std::string header = "{";
  std::size_t end = 0;
  for (const Tensor& tensor : network.tensors) {
    const std::size_t begin = end;
    end += tensor.value.size() * sizeof(float);
    char entry[160];
    std::snprintf(entry, sizeof entry, R"(%s"%s":{"dtype":"F32","shape":[%zu,%zu],"data_offsets":[%zu,%zu]})",
                  begin == 0 ? "" : ",", tensor.name, tensor.rows, tensor.columns, begin, end);
    header += entry;
  }
  header += "}";
  header.resize((header.size() + 7) / 8 * 8, ' ');
  std::FILE* const file = std::fopen(path, "wb");
  bool written = file != nullptr;
  for (int byte = 0; written && byte < 8; ++byte) {
    written = std::fputc(static_cast<int>(header.size() >> 8 * byte & 0xff), file) != EOF;
  }
  written = written && std::fwrite(header.data(), 1, header.size(), file) == header.size();
  for (const Tensor& tensor : network.tensors) {
    const std::size_t count = tensor.value.size();
    written = written && std::fwrite(tensor.value.data(), sizeof(float), count, file) == count;
  }
  if (file != nullptr) written = std::fclose(file) == 0 && written;
  if (written) return;
  std::perror(path);
  std::exit(1);
}

}  // namespace

int main(int argument_count, char** arguments) {
  const char* const path = argument_count > 1 ? arguments[1] : "spirals.safetensors";
  Random random(1);
  std::vector<Sample> samples = two_spirals(kSamples, random);
  const std::vector<Sample> unseen = two_spirals(kSamples, random);
  samples[100].x = std::numeric_limits<float>::infinity();  // a damaged sample: its batches are skipped
  Network network(random);
  Optimizer optimizer(network);

  constexpr int kSteps = kEpochs * static_cast<int>(kSamples / kBatch);
  int step = 0;
  std::size_t nonfinite = adamas::kNoParameter;
  std::printf("epoch       lr    loss  clipped  skipped  accuracy\n");
  for (int epoch = 1; epoch <= kEpochs; ++epoch) {
    shuffle(samples, random);
    double loss = 0.0;
    int used = 0;
    int clipped = 0;
    int skipped = 0;
    for (std::size_t begin = 0; begin < kSamples; begin += kBatch) {
      const double loss_of_batch = network.train(&samples[begin], kBatch);
      const adamas::StepInfo info = optimizer.step(rate_at(step++, kSteps));
      if (info.skipped) {
        ++skipped;
        nonfinite = info.nonfinite;
        continue;
      }
      ++used;
      clipped += info.clip_coefficient < 1.0 ? 1 : 0;
      loss += loss_of_batch;
    }
    if (epoch % 10 == 0) {
      std::printf("%5d  %.5f  %.4f  %7d  %7d  %.4f\n", epoch, rate_at(step, kSteps), loss / used, clipped, skipped,
                  network.accuracy(unseen));
    }
  }
  optimizer.swap_averages();
  std::printf("averaged weights: accuracy %.4f\n", network.accuracy(unseen));
  if (nonfinite != adamas::kNoParameter) {
    std::printf("skipped: steps whose gradient of %s was not finite\n", network.tensors[nonfinite].name);
  }
  std::printf("states: %zu bytes\n", optimizer.state_bytes());
  save(network, path);
  std::printf("saved: %s\n", path);
}
