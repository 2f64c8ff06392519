// Steps every rule in every number format on every instruction set that this machine has, over awkward lengths and
// placements, and prints a digest of all bits for each. They must be the same, here and on any other machine: those in
// digests.txt. With arguments: of the rules of these names alone, or on the instruction sets of these names.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "exercise.hpp"

namespace exercise {
namespace {

constexpr std::size_t kLengths[] = {0, 1, 2, 3, 7, 8, 15, 16, 17, 31, 32, 33, 63, 64, 65, 1000, 5003};
constexpr int kSteps = 12;

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

template <class Enum>
constexpr bool are_all_in(Enum Format::* part, int count) {
  for (int i = 0; i < count; ++i) {
    bool found = false;
    for (const Format& format : kFormats) found |= format.*part == static_cast<Enum>(i);
    if (!found) return false;
  }
  return true;
}
static_assert(are_all_in(&Format::param, adamas::kDTypeCount) && are_all_in(&Format::grad, adamas::kDTypeCount));
static_assert(are_all_in(&Format::states, adamas::kStateFormatCount));
static_assert(are_all_in(&Format::residue, adamas::kResidueCount));

// Writes over some elements of a parameter of 16 bits, as users do.
void write_some(Buffer& param, std::size_t size) {
  constexpr std::uint16_t kWords[] = {0, 0x3f80, 0x8000};
  for (std::size_t i = 0; i < size; i += 5) std::memcpy(param.data + 2 * i, &kWords[i % 3], 2);
}

// Gives some elements a gradient whose square overflows.
void make_huge(DType dtype, Buffer& gradient, std::size_t size) {
  constexpr float kHuge32 = 1e30f;
  constexpr double kHuge64 = -1e30;
  constexpr std::uint16_t kHuge16 = 0x7149;
  for (std::size_t i = 3; i < size; i += 61) {
    unsigned char* const element = gradient.data + i * adamas::size_of(dtype);
    if (dtype == DType::kFloat32) std::memcpy(element, &kHuge32, sizeof kHuge32);
    if (dtype == DType::kFloat64) std::memcpy(element, &kHuge64, sizeof kHuge64);
    if (dtype == DType::kBfloat16) std::memcpy(element, &kHuge16, sizeof kHuge16);
  }
}

void run(adamas::Rule rule, const Format& format, const adamas::Hyperparameters& hyperparameters, int threads,
         Digest& digest) {
  const adamas::RuleInfo& info = adamas::rule_info(rule);
  std::vector<std::unique_ptr<Buffer>> kept;  // all that steps write
  std::vector<Buffer*> params;                // among them
  std::vector<std::unique_ptr<Buffer>> gradients;
  std::vector<const void*> grads;
  adamas::Plan plan;
  Numbers numbers;
  std::size_t offset = 0;
  const auto make = [&](std::size_t bytes, std::size_t element) {
    return std::make_unique<Buffer>(bytes, ++offset % 5 * element);
  };
  for (const std::size_t size : kLengths) {
    adamas::Parameter parameter;
    parameter.size = size;
    parameter.dtype = format.param;
    parameter.state_format = format.states;
    parameter.residue_kind = format.residue;
    parameter.rule = rule;
    exercise::make_matrices(parameter);
    kept.push_back(make(size * adamas::size_of(format.param), adamas::size_of(format.param)));
    fill(numbers, format.param, *kept.back());
    params.push_back(kept.back().get());
    parameter.param = kept.back()->data;
    const std::size_t residue = adamas::size_of(format.residue);
    kept.push_back(make(size * residue, residue));
    if (format.residue == Residue::kMaster) fill(numbers, DType::kFloat32, *kept.back());
    parameter.residue = kept.back()->data;
    for (int k = 0; k < info.state_count; ++k) {
      const adamas::StateStorage storage = adamas::storage_of(format.states, info.states[k].kind);
      kept.push_back(make(storage.bytes(adamas::state_size(parameter, k)), storage.alignment));
      parameter.states[k] = kept.back()->data;
    }
    const bool wide = format.param == DType::kFloat64;
    const bool half = kept.size() % 2 == 0;
    parameter.average_dtype = wide ? DType::kFloat64 : half ? DType::kBfloat16 : DType::kFloat32;
    kept.push_back(make(size * adamas::size_of(parameter.average_dtype), adamas::size_of(parameter.average_dtype)));
    parameter.average = kept.back()->data;
    if (format.param == DType::kFloat32) {
      parameter.copy_dtype = half ? DType::kBfloat16 : DType::kFloat16;
      kept.push_back(make(size * 2, 2));
      parameter.copy = kept.back()->data;
    }
    check(plan.add(parameter), "add");
    kept.push_back(make(size * (wide ? 8 : 4), wide ? 8 : 4));
    check(plan.set_accumulator(plan.size() - 1, kept.back()->data), "set_accumulator");
    gradients.push_back(make(size * adamas::size_of(format.grad), adamas::size_of(format.grad)));
    grads.push_back(gradients.back()->data);
  }
  const std::vector<DType> dtypes(grads.size(), format.grad);
  for (int step = 0; step < kSteps; ++step) {
    for (auto& gradient : gradients) fill(numbers, format.grad, *gradient);
    // Not where that makes what is no number, whose bits are left open: centered rules subtract two infinite squares,
    // and of an infinite float16 parameter Kahan's compensation is none; Adafactor divides infinite means.
    const bool quantised = adamas::storage_of(format.states, adamas::StateKind::kSigned).has_scales() &&
                           format.param != DType::kFloat16 && std::strstr(info.name, "centered") == nullptr &&
                           std::strncmp(info.name, "adafactor", 9) != 0;
    for (std::size_t i = 0; i < grads.size(); ++i) {
      if (step == 4 && quantised) make_huge(format.grad, *gradients[i], kLengths[i]);
      if (step % 4 == 3 && adamas::size_of(format.residue) != 0) write_some(*params[i], kLengths[i]);
    }
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
    adamas::StepInputs inputs;
    inputs.grads = grads.data();
    inputs.grad_dtypes = dtypes.data();
    inputs.groups = &hyperparameters;
    inputs.group_count = 1;
    inputs.options = &options;
    inputs.threads = threads;
    check(plan.step(inputs, &info_of_step), "step");
    const double norm = info_of_step.grad_norm;
    if (std::isfinite(norm)) digest.add(&norm, sizeof norm);
  }
  const bool shares = info.shared_scalar_count != 0;
  for (int k = 0; k < info.shared_scalar_count; ++k) {
    const double value = plan.shared_scalar(k);
    digest.add(&value, sizeof value);
  }
  for (std::size_t i = 0; i < grads.size(); ++i) {
    adamas::StepInputs inputs;
    inputs.grads = &grads[i];
    inputs.grad_dtypes = &dtypes[i];
    inputs.groups = &hyperparameters;
    inputs.group_count = 1;
    inputs.threads = threads;
    const adamas::Status expected = shares ? adamas::Status::kInvalidParameter : adamas::Status::kOk;
    check(plan.step_one(i, inputs) == expected ? adamas::Status::kOk : adamas::Status::kInvalidParameter, "step_one");
  }
  for (const auto& buffer : kept) digest.add(buffer->data, buffer->size);
}

std::uint64_t digest_of(adamas::Rule rule, const Format& format, int threads) {
  Digest digest;
  const bool plain = format.residue == Residue::kNone && format.param == format.grad &&
                     (format.states == StateFormat::kFloat32 || format.states == StateFormat::kFloat64);
  for (int options = 0; options < 16; options += plain ? 1 : 9) {
    adamas::Hyperparameters h = hyperparameters_for(rule);
    h.decay = options & 1 ? adamas::Decay::kDecoupled : adamas::Decay::kCoupled;
    h.eps_placement =
        options & 2 ? adamas::EpsPlacement::kBeforeBiasCorrection : adamas::EpsPlacement::kAfterBiasCorrection;
    h.bias_correction = (options & 4) == 0;
    h.maximize = (options & 8) != 0;
    run(rule, format, h, threads, digest);
  }
  return digest.value();
}

// Of all formats together; 0 if the rule cannot be cautious.
std::uint64_t cautious_digest(adamas::Rule rule, int threads) {
  if (!adamas::rule_info(rule).cautious) return 0;
  Digest digest;
  for (const Format& format : kFormats) {
    adamas::Hyperparameters h = hyperparameters_for(rule);
    h.cautious = true;
    h.max_lr = 0.02;
    for (const adamas::Decay decay :
         {adamas::Decay::kCoupled, adamas::Decay::kCorrected, adamas::Decay::kIndependent}) {
      h.decay = decay;
      h.maximize = decay == adamas::Decay::kCorrected;
      run(rule, format, h, threads, digest);
    }
  }
  return digest.value();
}

std::vector<int> isas;  // the instruction sets that are compared

// Prints the digest that `take` gives for a number of threads, if it is the same on all instruction sets.
bool report(const char* rule, const std::string& what, const std::function<std::uint64_t(int threads)>& take) {
  bool equal = true;
  std::uint64_t first = 0;
  for (const int isa : isas) {
    check(adamas::use_isa(adamas::isa_name(isa)), "use_isa");
    for (const int threads : {1, 3}) {
      const std::uint64_t digest = take(threads);
      if (digest == 0) return equal;
      const auto shown = static_cast<unsigned long long>(digest);
      if (first == 0) std::printf("%s %s %016llx\n", rule, what.c_str(), shown);
      if (first == 0) first = digest;
      if (first == digest) continue;
      std::printf("  differs on %s with %d threads: %016llx\n", adamas::isa_name(isa), threads, shown);
      equal = false;
    }
  }
  return equal;
}

bool report_all(adamas::Rule rule) {
  const char* name = adamas::rule_info(rule).name;
  bool equal = true;
  for (const Format& format : kFormats) {
    equal &= report(name, format.name, [&](int threads) { return digest_of(rule, format, threads); });
  }
  equal &= report(name, "cautious", [=](int threads) { return cautious_digest(rule, threads); });
  const auto rows = [&](const char* what, adamas::RowMode mode, DType dtype) {
    equal &= report(name, what, [=](int threads) { return rows_digest(rule, mode, dtype, threads); });
  };
  rows("rows-float32", adamas::RowMode::kLazy, DType::kFloat32);
  rows("rows-float64", adamas::RowMode::kLazy, DType::kFloat64);
  rows("rows-exact", adamas::RowMode::kExact, DType::kFloat32);
  return equal;
}

// Of `count` things with names, the numbers of those among the words, which are taken away; of all that have a name if
// none of them is there.
std::vector<int> chosen(int count, std::vector<std::string>* words, const std::function<std::string(int)>& name) {
  std::vector<int> named;
  std::vector<int> all;
  for (int k = 0; k < count; ++k) {
    if (name(k).empty()) continue;
    all.push_back(k);
    const auto word = std::find(words->begin(), words->end(), name(k));
    if (word == words->end()) continue;
    named.push_back(k);
    words->erase(word);
  }
  return named.empty() ? all : named;
}

}  // namespace
}  // namespace exercise

int main(int count, char** arguments) {
  using exercise::isas;
  std::vector<std::string> words(arguments + 1, arguments + count);
  const std::vector<int> rules = exercise::chosen(adamas::rule_count(), &words, [](int rule) {
    return std::string(adamas::rule_info(static_cast<adamas::Rule>(rule)).name);
  });
  isas = exercise::chosen(adamas::isa_count(), &words,
                          [](int isa) { return std::string(adamas::isa_available(isa) ? adamas::isa_name(isa) : ""); });
  if (!words.empty()) {
    std::fprintf(stderr, "no rule, and no instruction set of this machine: %s\n", words[0].c_str());
    return 2;
  }
  exercise::check_refusals();
  exercise::check_moved();
  exercise::check_problems();
  adamas::set_bytes_per_thread(1);
  bool equal = true;
  for (const int rule : rules) equal &= exercise::report_all(static_cast<adamas::Rule>(rule));
  std::fprintf(stderr, "adamas %s: instruction sets", ADAMAS_VERSION);
  for (const int isa : isas) std::fprintf(stderr, " %s", adamas::isa_name(isa));
  std::fprintf(stderr, "; digests %s\n", equal ? "equal" : "DIFFER");
  return equal ? 0 : 1;
}
