// Steps every rule in every number format on every instruction set that this machine has, over awkward lengths and
// placements, and prints a digest of all bits for each. They must be the same, here and on any other machine.
#include <adamas/adamas.hpp>

#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <memory>
#include <string>
#include <vector>

namespace {

constexpr std::size_t kLengths[] = {0, 1, 2, 3, 7, 8, 15, 16, 17, 31, 32, 33, 63, 64, 65, 1000, 5003};
constexpr int kSteps = 12;

void check(adamas::Status status, const char* what) {
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

// A combination of number formats.
struct Format {
  const char* name;
  adamas::DType param;
  adamas::DType grad;
  adamas::StateFormat states;
  adamas::Residue residue;
};

using adamas::DType;
using adamas::Residue;
using adamas::StateFormat;

constexpr Format kFormats[] = {
    {"float32", DType::kFloat32, DType::kFloat32, StateFormat::kFloat32, Residue::kNone},
    {"float64", DType::kFloat64, DType::kFloat64, StateFormat::kFloat64, Residue::kNone},
    {"float64-bfloat16", DType::kFloat64, DType::kBfloat16, StateFormat::kFloat64, Residue::kNone},
    {"float32-float16-bfloat16", DType::kFloat32, DType::kFloat16, StateFormat::kBfloat16, Residue::kNone},
    {"float32-float64-int8", DType::kFloat32, DType::kFloat64, StateFormat::kInt8, Residue::kNone},
    {"float32-float32-int4", DType::kFloat32, DType::kFloat32, StateFormat::kInt4, Residue::kNone},
    {"bfloat16", DType::kBfloat16, DType::kBfloat16, StateFormat::kBfloat16, Residue::kNone},
    {"bfloat16-stochastic", DType::kBfloat16, DType::kFloat32, StateFormat::kInt8, Residue::kStochastic},
    {"bfloat16-kahan", DType::kBfloat16, DType::kBfloat16, StateFormat::kFloat32, Residue::kKahan},
    {"bfloat16-master", DType::kBfloat16, DType::kBfloat16, StateFormat::kInt4, Residue::kMaster},
    {"bfloat16-split32", DType::kBfloat16, DType::kBfloat16, StateFormat::kInt8, Residue::kSplit32},
    {"bfloat16-split24", DType::kBfloat16, DType::kFloat16, StateFormat::kInt8, Residue::kSplit24},
    {"float16", DType::kFloat16, DType::kFloat16, StateFormat::kFloat32, Residue::kNone},
    {"float16-kahan", DType::kFloat16, DType::kFloat32, StateFormat::kInt8, Residue::kKahan},
    {"float16-master", DType::kFloat16, DType::kFloat16, StateFormat::kBfloat16, Residue::kMaster},
};

// Writes a number of size below 1, cut to the dtype's precision.
void put(double value, DType dtype, void* to) {
  if (dtype == DType::kFloat64) return static_cast<void>(std::memcpy(to, &value, sizeof value));
  const auto single = static_cast<float>(value);
  if (dtype == DType::kFloat32) return static_cast<void>(std::memcpy(to, &single, sizeof single));
  std::uint32_t bits;
  std::memcpy(&bits, &single, sizeof bits);
  auto half = static_cast<std::uint16_t>(bits >> 16);
  if (dtype == DType::kFloat16) {
    const std::uint32_t magnitude = bits & 0x7fffffff;
    const std::uint32_t kept = magnitude < 0x38800000 ? 0 : (magnitude - 0x38000000) >> 13;  // nothing below 2^-14
    half = static_cast<std::uint16_t>((bits >> 16 & 0x8000) | kept);
  }
  std::memcpy(to, &half, sizeof half);
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

void fill(Numbers& numbers, DType dtype, Buffer& buffer) {
  const std::size_t element = adamas::size_of(dtype);
  for (std::size_t i = 0; i + element <= buffer.size; i += element) put(numbers.next(), dtype, buffer.data + i);
}

void run(adamas::Rule rule, const Format& format, const adamas::Hyperparameters& hyperparameters, int threads,
         Digest& digest) {
  const adamas::RuleInfo& info = adamas::rule_info(rule);
  std::vector<std::unique_ptr<Buffer>> kept;  // all that steps write
  std::vector<std::unique_ptr<Buffer>> gradients;
  std::vector<const void*> grads;
  adamas::Plan plan;
  Numbers numbers;
  std::size_t offset = 0;
  const auto make = [&](std::size_t bytes, std::size_t element) {
    return std::make_unique<Buffer>(bytes, ++offset % 5 * element);
  };
  for (const std::size_t size : kLengths) {
    adamas::Tensor tensor;
    tensor.size = size;
    tensor.dtype = format.param;
    tensor.state_format = format.states;
    tensor.residue_kind = format.residue;
    tensor.rule = rule;
    kept.push_back(make(size * adamas::size_of(format.param), adamas::size_of(format.param)));
    fill(numbers, format.param, *kept.back());
    tensor.param = kept.back()->data;
    const std::size_t residue = adamas::size_of(format.residue);
    kept.push_back(make(size * residue, residue));
    if (format.residue == Residue::kMaster) fill(numbers, DType::kFloat32, *kept.back());
    tensor.residue = kept.back()->data;
    for (int k = 0; k < info.state_count; ++k) {
      const adamas::StateStorage storage = adamas::storage_of(format.states, info.states[k].kind);
      kept.push_back(make(storage.bytes(size), storage.alignment));
      tensor.states[k] = kept.back()->data;
    }
    const bool wide = format.param == DType::kFloat64;
    const bool half = kept.size() % 2 == 0;
    tensor.average_dtype = wide ? DType::kFloat64 : half ? DType::kBfloat16 : DType::kFloat32;
    kept.push_back(make(size * adamas::size_of(tensor.average_dtype), adamas::size_of(tensor.average_dtype)));
    tensor.average = kept.back()->data;
    if (format.param == DType::kFloat32) {
      tensor.copy_dtype = half ? DType::kBfloat16 : DType::kFloat16;
      kept.push_back(make(size * 2, 2));
      tensor.copy = kept.back()->data;
    }
    check(plan.add(tensor), "add");
    kept.push_back(make(size * (wide ? 8 : 4), wide ? 8 : 4));
    check(plan.set_accumulator(plan.size() - 1, kept.back()->data), "set_accumulator");
    gradients.push_back(make(size * adamas::size_of(format.grad), adamas::size_of(format.grad)));
    grads.push_back(gradients.back()->data);
  }
  const std::vector<DType> dtypes(grads.size(), format.grad);
  for (int step = 0; step < kSteps; ++step) {
    for (auto& gradient : gradients) fill(numbers, format.grad, *gradient);
    adamas::StepOptions options;
    options.average_weight = 1.0 / (step + 1.0);
    options.average_number = static_cast<std::uint64_t>(step) + 1;
    if (step % 3 == 2) {
      options.grad_scale = 3.0;
      options.max_norm = 0.5;
      options.norm_type = step % 2 == 0 ? adamas::NormType::kL2 : adamas::NormType::kLargest;
      options.clip_each = step == 8;
    }
    if (step % 4 == 1) options.max_value = 0.3;
    if (step % 5 == 1) check(plan.accumulate(grads.data(), threads, dtypes.data()), "accumulate");
    options.zero_grads = step % 6 == 1;
    adamas::StepInfo info_of_step;
    check(plan.step(grads.data(), &hyperparameters, 1, threads, &info_of_step, dtypes.data(), &options), "step");
    const double norm = info_of_step.grad_norm;
    if (std::isfinite(norm)) digest.add(&norm, sizeof norm);
  }
  for (const auto& buffer : kept) digest.add(buffer->data, buffer->size);
}

std::uint64_t digest_of(adamas::Rule rule, const Format& format, int threads) {
  Digest digest;
  const bool plain = format.residue == Residue::kNone && format.param == format.grad &&
                     (format.states == StateFormat::kFloat32 || format.states == StateFormat::kFloat64);
  for (int options = 0; options < 16; options += plain ? 1 : 9) {
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
    h.seed = 42;
    const std::string name = adamas::rule_info(rule).name;
    if (name == "sgd_momentum" || name == "sgd_nesterov" || name.find("_momentum") != std::string::npos)
      h.momentum = 0.9;
    h.decay = options & 1 ? adamas::Decay::kDecoupled : adamas::Decay::kCoupled;
    h.eps_placement =
        options & 2 ? adamas::EpsPlacement::kBeforeBiasCorrection : adamas::EpsPlacement::kAfterBiasCorrection;
    h.bias_correction = (options & 4) == 0;
    h.maximize = (options & 8) != 0;
    run(rule, format, h, threads, digest);
  }
  return digest.value();
}

// Errors come as a status, and leave everything as it was.
void check_refusals() {
  float p[4] = {1, 2, 3, 4};
  float m[4] = {};
  float v[4] = {};
  float g[4] = {1, 1, 1, 1};
  adamas::Tensor tensor;
  tensor.param = p;
  tensor.states[0] = m;
  tensor.states[1] = v;
  tensor.size = 4;
  adamas::Plan plan;
  const auto expect = [](adamas::Status actual, adamas::Status wanted) {
    if (actual == wanted) return;
    std::fprintf(stderr, "got '%s' instead of '%s'\n", adamas::message(actual), adamas::message(wanted));
    std::exit(1);
  };
  adamas::Tensor bad = tensor;
  bad.states[1] = nullptr;
  expect(plan.add(bad), adamas::Status::kNullPointer);
  bad = tensor;
  bad.param = reinterpret_cast<char*>(p) + 1;
  expect(plan.add(bad), adamas::Status::kMisaligned);
  bad = tensor;
  bad.state_format = adamas::StateFormat::kFloat64;  // of float32 parameters
  expect(plan.add(bad), adamas::Status::kInvalidTensor);
  bad = tensor;
  bad.residue_kind = adamas::Residue::kMaster;
  expect(plan.add(bad), adamas::Status::kInvalidTensor);
  bad = tensor;
  bad.dtype = adamas::DType::kBfloat16;
  bad.residue_kind = adamas::Residue::kSplit32;
  expect(plan.add(bad), adamas::Status::kNullPointer);
  bad = tensor;
  bad.rule = static_cast<adamas::Rule>(99);
  expect(plan.add(bad), adamas::Status::kInvalidTensor);
  check(plan.add(tensor), "add");

  const void* grads[] = {g};
  adamas::Hyperparameters h;
  expect(plan.step(grads, &h, 0), adamas::Status::kInvalidTensor);
  expect(plan.step(nullptr, &h, 1), adamas::Status::kNullPointer);
  adamas::StepOptions options;
  options.max_norm = 0.0;
  expect(plan.step(grads, &h, 1, 0, nullptr, nullptr, &options), adamas::Status::kInvalidHyperparameter);
  options = {};
  options.skip_nonfinite = true;
  g[2] = std::numeric_limits<float>::infinity();
  adamas::StepInfo info;
  check(plan.step(grads, &h, 1, 0, &info, nullptr, &options), "step");  // skips, as is seen below
  expect(info.skipped && info.nonfinite == 0 ? adamas::Status::kOk : adamas::Status::kInvalidTensor,
         adamas::Status::kOk);
  g[2] = 1;
  expect(plan.step(grads, nullptr, 1), adamas::Status::kNullPointer);
  expect(plan.set_step_count(0, -5), adamas::Status::kInvalidTensor);
  expect(plan.set_step_count(1, 5), adamas::Status::kInvalidTensor);
  expect(adamas::use_isa(nullptr), adamas::Status::kNullPointer);
  expect(plan.step(grads, &h, 1, -1), adamas::Status::kInvalidThreads);
  h.lr = -1;
  expect(plan.step(grads, &h, 1), adamas::Status::kInvalidHyperparameter);
  h = {};
  const void* overlapping[] = {p};
  expect(plan.step(overlapping, &h, 1), adamas::Status::kOverlap);
  expect(adamas::use_isa("mmx"), adamas::Status::kUnknownIsa);
  expect(plan.step_count(0) == 0 && p[0] == 1 && m[0] == 0 && v[0] == 0 ? adamas::Status::kOk
                                                                        : adamas::Status::kInvalidTensor,
         adamas::Status::kOk);
  check(plan.step(grads, &h, 1), "step");
  check(plan.add(tensor), "add");
  expect(plan.step(std::vector<const void*>{g, g}.data(), &h, 1), adamas::Status::kOverlap);
}

}  // namespace

int main() {
  check_refusals();
  adamas::set_bytes_per_thread(1);
  bool equal = true;
  for (int r = 0; r < adamas::rule_count(); ++r) {
    const auto rule = static_cast<adamas::Rule>(r);
    for (const Format& format : kFormats) {
      std::string first;
      for (int isa = 0; isa < adamas::isa_count(); ++isa) {
        if (!adamas::isa_available(isa)) continue;
        check(adamas::use_isa(adamas::isa_name(isa)), "use_isa");
        for (const int threads : {1, 3}) {
          char digest[32];
          std::snprintf(digest, sizeof digest, "%016llx",
                        static_cast<unsigned long long>(digest_of(rule, format, threads)));
          if (first.empty()) {
            first = digest;
            std::printf("%s %s %s\n", adamas::rule_info(rule).name, format.name, digest);
          }
          if (first != digest) {
            std::printf("  differs on %s with %d threads: %s\n", adamas::isa_name(isa), threads, digest);
            equal = false;
          }
        }
      }
    }
  }
  std::fprintf(stderr, "adamas %s: instruction sets", ADAMAS_VERSION);
  for (int isa = 0; isa < adamas::isa_count(); ++isa) {
    if (adamas::isa_available(isa)) std::fprintf(stderr, " %s", adamas::isa_name(isa));
  }
  std::fprintf(stderr, "; digests %s\n", equal ? "equal" : "DIFFER");
  return equal ? 0 : 1;
}
