// Steps every rule in every number format on every instruction set that this machine has, over awkward lengths and
// placements, and prints a digest of all bits for each. They must be the same, here and on any other machine.
#include <adamas/adamas.hpp>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

namespace {

constexpr std::size_t kLengths[] = {0, 1, 2, 3, 7, 8, 15, 16, 17, 31, 32, 33, 63, 64, 65, 1000, 10007};
constexpr int kSteps = 25;

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

template <class T>
constexpr adamas::DType kDType = sizeof(T) == 4 ? adamas::DType::kFloat32 : adamas::DType::kFloat64;

// One buffer of `size` numbers, `offset` elements past an aligned address.
template <class T>
struct Buffer {
  Buffer(std::size_t size, std::size_t offset) : memory(size + offset + 1), data(memory.data() + offset) {}
  std::vector<T> memory;
  T* data;
};

template <class T>
void run(adamas::Rule rule, const adamas::Hyperparameters& hyperparameters, int threads, Digest& digest) {
  const adamas::RuleInfo& info = adamas::rule_info(rule);
  std::vector<Buffer<T>> arrays;  // param, grad, states of each tensor
  std::vector<const void*> grads;
  adamas::Plan plan;
  Numbers numbers;
  std::size_t offset = 0;
  for (const std::size_t size : kLengths) {
    for (int k = 0; k < 2 + info.state_count; ++k) arrays.emplace_back(size, ++offset % 5);
  }
  const auto stride = static_cast<std::size_t>(2 + info.state_count);
  for (std::size_t i = 0; i < sizeof kLengths / sizeof *kLengths; ++i) {
    Buffer<T>* own = &arrays[i * stride];
    for (std::size_t j = 0; j < kLengths[i]; ++j) own[0].data[j] = static_cast<T>(numbers.next());
    adamas::Tensor tensor;
    tensor.param = own[0].data;
    tensor.size = kLengths[i];
    tensor.dtype = kDType<T>;
    tensor.rule = rule;
    for (int k = 0; k < info.state_count; ++k) tensor.states[k] = own[2 + k].data;
    check(plan.add(tensor), "add");
    grads.push_back(own[1].data);
  }
  for (int step = 0; step < kSteps; ++step) {
    for (std::size_t i = 0; i < grads.size(); ++i) {
      for (std::size_t j = 0; j < kLengths[i]; ++j) arrays[i * stride + 1].data[j] = static_cast<T>(numbers.next());
    }
    check(plan.step(grads.data(), &hyperparameters, 1, threads), "step");
  }
  for (std::size_t i = 0; i < grads.size(); ++i) {
    for (std::size_t k = 0; k < stride; ++k) digest.add(arrays[i * stride + k].data, kLengths[i] * sizeof(T));
  }
}

std::uint64_t digest_of(adamas::Rule rule, adamas::DType dtype, int threads) {
  Digest digest;
  for (int options = 0; options < 16; ++options) {
    adamas::Hyperparameters h;
    h.lr = 0.01;
    h.weight_decay = 0.1;
    h.decay = options & 1 ? adamas::Decay::kDecoupled : adamas::Decay::kCoupled;
    h.eps_placement =
        options & 2 ? adamas::EpsPlacement::kBeforeBiasCorrection : adamas::EpsPlacement::kAfterBiasCorrection;
    h.bias_correction = (options & 4) == 0;
    h.maximize = (options & 8) != 0;
    if (dtype == adamas::DType::kFloat32) {
      run<float>(rule, h, threads, digest);
    } else {
      run<double>(rule, h, threads, digest);
    }
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
  bad.rule = static_cast<adamas::Rule>(99);
  expect(plan.add(bad), adamas::Status::kInvalidTensor);
  check(plan.add(tensor), "add");

  const void* grads[] = {g};
  adamas::Hyperparameters h;
  expect(plan.step(grads, &h, 0), adamas::Status::kInvalidTensor);
  expect(plan.step(nullptr, &h, 1), adamas::Status::kNullPointer);
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
    for (const adamas::DType dtype : {adamas::DType::kFloat32, adamas::DType::kFloat64}) {
      std::string first;
      for (int isa = 0; isa < adamas::isa_count(); ++isa) {
        if (!adamas::isa_available(isa)) continue;
        check(adamas::use_isa(adamas::isa_name(isa)), "use_isa");
        for (const int threads : {1, 3}) {
          char digest[32];
          std::snprintf(digest, sizeof digest, "%016llx",
                        static_cast<unsigned long long>(digest_of(rule, dtype, threads)));
          if (first.empty()) {
            first = digest;
            std::printf("%s %s %s\n", adamas::rule_info(rule).name,
                        dtype == adamas::DType::kFloat32 ? "float32" : "float64", digest);
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
