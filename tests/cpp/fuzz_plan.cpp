// libFuzzer on plans and steps. Bytes become a sequence of calls, right and wrong ones, made on two worlds that are
// equal but for the instruction set and the number of threads. After each call both must have said the same and hold
// the same bits, and what was refused must not have changed any. Every array is an allocation of its own, so that the
// address sanitizer sees an access beside it.
#include <fuzzer/FuzzedDataProvider.h>

#include <array>
#include <cmath>
#include <limits>
#include <memory>
#include <string>

#include "exercise.hpp"

namespace {

using adamas::DType;
using adamas::Residue;
using adamas::StateFormat;
using adamas::Status;

constexpr double kInfinite = std::numeric_limits<double>::infinity();

[[noreturn]] void fail(const std::string& what) {
  std::fprintf(stderr, "finding: %s\n", what.c_str());
  std::abort();
}

// What numbers an array holds, for comparing them: NaN equals NaN.
enum class Numbers : std::uint8_t { kFloat32, kFloat64, kBfloat16, kFloat16, kCodes, kCounts };

Numbers numbers_of(DType dtype) { return static_cast<Numbers>(dtype); }

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

bool same(const Array& a, const Array& b) {
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
    return all;
  }
};

class Game {
 public:
  explicit Game(FuzzedDataProvider& input) : input_(input) {
    adamas::set_bytes_per_thread(1);
    int best = 0;
    while (!adamas::isa_available(best)) ++best;
    worlds_[0].isa = "scalar";
    worlds_[0].threads = 1;
    worlds_[1].isa = adamas::isa_name(best);
    worlds_[1].threads = input.ConsumeIntegralInRange(1, 3);
  }

  void play() {
    for (int move = 0; move < 24 && input_.remaining_bytes() > 0; ++move) {
      switch (input_.ConsumeIntegralInRange(0, 9)) {
        case 0:
        case 1: add(); break;
        case 2: set_accumulator(); break;
        case 3: set_count(); break;
        case 4: set_scalar(); break;
        case 5: accumulate(); break;
        case 6: step_one(); break;
        case 7: catch_up(); break;
        default: step(); break;
      }
    }
  }

 private:
  // The same call on both worlds: same answer, same bits, and none changed by what is refused.
  template <class Call>
  Status on_both(const char* what, Call call) {
    std::array<Status, 2> answers{};
    for (std::size_t w = 0; w < 2; ++w) {
      World& world = worlds_[w];
      exercise::check(adamas::use_isa(world.isa), "use_isa");
      const std::vector<unsigned char> before = world.bytes();
      answers[w] = call(world);
      if (answers[w] != Status::kOk && before != world.bytes()) fail(std::string(what) + " was refused, but wrote");
      if (answers[w] == Status::kOutOfMemory) fail(std::string(what) + " found no memory");
    }
    if (answers[0] != answers[1]) fail(std::string(what) + " is answered differently");
    for (std::size_t i = 0; i < worlds_[0].arrays.size(); ++i) {
      if (!same(*worlds_[0].arrays[i], *worlds_[1].arrays[i])) {
        fail(std::string(what) + " has other bits on " + worlds_[1].isa + ", in array " + std::to_string(i));
      }
    }
    for (std::size_t i = 0; i < worlds_[0].plan.size(); ++i) {
      if (worlds_[0].plan.step_count(i) != worlds_[1].plan.step_count(i)) fail("step counts differ");
    }
    return answers[0];
  }

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
    constexpr std::uint64_t kOdd[4][5] = {
        {0x7f800000, 0xff800000, 0x7fc00000, 1, 0x80000000},
        {0x7ff0000000000000, 0xfff0000000000000, 0x7ff8000000000000, 1, 0x8000000000000000},
        {0x7f80, 0xff80, 0x7fc0, 1, 0x8000},
        {0x7c00, 0xfc00, 0x7e00, 1, 0x8000},
    };
    std::memcpy(to, &kOdd[static_cast<int>(dtype)][which], adamas::size_of(dtype));  // little-endian
  }

  // An array in each world, at the same distance from alignment; `fill` it and it is the same in both.
  std::array<std::shared_ptr<Array>, 2> twins(std::size_t bytes, std::size_t element, Numbers numbers) {
    const std::size_t past = input_.ConsumeIntegralInRange(0, 3) * element;
    std::array<std::shared_ptr<Array>, 2> both;
    for (std::size_t w = 0; w < 2; ++w) {
      both[w] = std::make_shared<Array>(bytes, past, numbers);
      worlds_[w].arrays.push_back(both[w]);
    }
    return both;
  }

  void fill_twins(const std::array<std::shared_ptr<Array>, 2>& both, DType dtype) {
    fill(*both[0], dtype);
    if (both[0]->size > 0) std::memcpy(both[1]->data, both[0]->data, both[0]->size);
  }

  void add() {
    adamas::Tensor tensor;
    tensor.size = input_.ConsumeIntegralInRange<std::size_t>(0, seldom() ? 5000 : 300);
    tensor.rule = any_of<adamas::Rule>(adamas::rule_count());
    tensor.dtype = any_of<DType>(adamas::kDTypeCount);
    const bool known =
        static_cast<int>(tensor.rule) < adamas::rule_count() && static_cast<int>(tensor.dtype) < adamas::kDTypeCount;
    const bool wide = tensor.dtype == DType::kFloat64;
    tensor.state_format = seldom() ? any_of<StateFormat>(5)
                          : wide   ? StateFormat::kFloat64
                                   : input_.PickValueInArray({StateFormat::kFloat32, StateFormat::kBfloat16,
                                                              StateFormat::kInt8, StateFormat::kInt4});
    const bool half = tensor.dtype == DType::kBfloat16 || tensor.dtype == DType::kFloat16;
    tensor.residue_kind = half || seldom() ? any_of<Residue>(6) : Residue::kNone;
    tensor.group = input_.ConsumeIntegralInRange(0u, 2u);
    const bool fits = known && tensor.state_format <= StateFormat::kInt4 && tensor.residue_kind <= Residue::kSplit24 &&
                      adamas::formats_fit(tensor.dtype, tensor.state_format, tensor.residue_kind);
    if (!fits) return refuse_tensor(tensor);
    std::array<adamas::Tensor, 2> tensors{tensor, tensor};
    const auto give = [&](auto member, std::size_t bytes, std::size_t element, Numbers numbers) {
      const auto both = twins(bytes, element, numbers);
      for (std::size_t w = 0; w < 2; ++w) member(tensors[w]) = both[w]->data;
      return both;
    };
    const std::size_t element = adamas::size_of(tensor.dtype);
    fill_twins(give([](adamas::Tensor& t) -> void*& { return t.param; }, tensor.size* element, element,
                    numbers_of(tensor.dtype)),
               tensor.dtype);
    const adamas::RuleInfo& rule = adamas::rule_info(tensor.rule);
    for (int k = 0; k < rule.state_count; ++k) {
      const adamas::StateStorage storage = adamas::storage_of(tensor.state_format, rule.states[k].kind);
      const Numbers numbers = storage.has_scales()         ? Numbers::kCodes
                              : storage.element_bytes == 8 ? Numbers::kFloat64
                              : storage.element_bytes == 2 ? Numbers::kBfloat16
                                                           : Numbers::kFloat32;
      give([k](adamas::Tensor& t) -> void*& { return t.states[k]; }, storage.bytes(tensor.size), storage.alignment,
           numbers);
    }
    if (const std::size_t residue = adamas::size_of(tensor.residue_kind); residue > 0) {
      const Numbers numbers = tensor.residue_kind == Residue::kMaster  ? Numbers::kFloat32
                              : tensor.residue_kind == Residue::kKahan ? numbers_of(tensor.dtype)
                                                                       : Numbers::kCodes;
      give([](adamas::Tensor& t) -> void*& { return t.residue; }, tensor.size* residue, residue, numbers);
    }
    if (input_.ConsumeBool()) {
      const DType average = wide ? DType::kFloat64 : input_.ConsumeBool() ? DType::kBfloat16 : DType::kFloat32;
      for (adamas::Tensor& t : tensors) t.average_dtype = average;
      give([](adamas::Tensor& t) -> void*& { return t.average; }, tensor.size* adamas::size_of(average),
           adamas::size_of(average), numbers_of(average));
    }
    if (tensor.dtype == DType::kFloat32 && input_.ConsumeBool()) {
      const DType copy = input_.ConsumeBool() ? DType::kBfloat16 : DType::kFloat16;
      for (adamas::Tensor& t : tensors) t.copy_dtype = copy;
      give([](adamas::Tensor& t) -> void*& { return t.copy; }, tensor.size * 2, 2, numbers_of(copy));
    }
    if (input_.ConsumeBool()) {
      const auto columns = input_.ConsumeIntegralInRange<std::size_t>(1, 20);
      for (adamas::Tensor& t : tensors) {
        t.size = t.size / columns * columns;  // its arrays are a little longer then
        t.columns = columns;
        t.row_mode = tensor.size % 2 == 0 ? adamas::RowMode::kExact : adamas::RowMode::kLazy;
      }
      give_counts(tensors, tensors[0].size / columns);
    }
    if (seldom()) spoil(tensors);
    std::size_t next = 0;
    on_both("add", [&](World& world) { return world.plan.add(tensors[next++]); });
  }

  void give_counts(std::array<adamas::Tensor, 2>& tensors, std::size_t rows) {
    const auto both = twins(rows * 4, 4, Numbers::kCounts);
    for (std::size_t w = 0; w < 2; ++w) tensors[w].row_counts = reinterpret_cast<std::uint32_t*>(both[w]->data);
  }

  // Formats that do not exist or do not go together; none of its memory may be looked at.
  void refuse_tensor(adamas::Tensor tensor) {
    tensor.param = &tensor;
    for (void*& state : tensor.states) state = &tensor;
    if (on_both("add", [&](World& world) { return world.plan.add(tensor); }) == Status::kOk)
      fail("an odd format was taken");
  }

  void spoil(std::array<adamas::Tensor, 2>& tensors) {
    const int how = input_.ConsumeIntegralInRange(0, 5);
    const auto size = input_.ConsumeIntegral<std::size_t>() | std::size_t{1} << 60;
    for (adamas::Tensor& t : tensors) {
      if (how == 0) t.param = nullptr;
      if (how == 1) t.param = static_cast<char*>(t.param) + 1;
      if (how == 2) t.states[0] = t.param;
      if (how == 3) t.states[0] = nullptr;
      if (how == 4) t.size = size;
      if (how == 5) t.columns = size;
    }
  }

  void set_accumulator() {
    if (worlds_[0].plan.size() == 0) return;
    const std::size_t index = input_.ConsumeIntegralInRange<std::size_t>(0, worlds_[0].plan.size());
    if (index == worlds_[0].plan.size()) {
      on_both("set_accumulator", [&](World& world) { return world.plan.set_accumulator(index, &world); });
      return;
    }
    const adamas::Tensor& tensor = worlds_[0].plan.tensor(index);
    const DType compute = tensor.dtype == DType::kFloat64 ? DType::kFloat64 : DType::kFloat32;
    const auto both = twins(tensor.size * adamas::size_of(compute), adamas::size_of(compute), numbers_of(compute));
    std::size_t next = 0;
    on_both("set_accumulator", [&](World& world) { return world.plan.set_accumulator(index, both[next++]->data); });
  }

  void set_count() {
    const auto index = input_.ConsumeIntegralInRange<std::size_t>(0, worlds_[0].plan.size());
    const std::int64_t count =
        seldom() ? input_.ConsumeIntegral<std::int64_t>() : input_.ConsumeIntegralInRange<std::int64_t>(0, 1000);
    on_both("set_step_count", [&](World& world) { return world.plan.set_step_count(index, count); });
  }

  void set_scalar() {
    const auto index = input_.ConsumeIntegralInRange<std::size_t>(0, worlds_[0].plan.size());
    const int which = input_.ConsumeIntegralInRange(-1, 2);
    const double value = number(0.5);
    on_both("set_scalar", [&](World& world) { return world.plan.set_scalar(index, which, value); });
  }

  // Gradients for all tensors of both worlds; some wrong, some none.
  void draw_gradients(bool rows_too) {
    for (World& world : worlds_) world.gradients.clear();
    for (std::size_t i = 0; i < worlds_[0].plan.size(); ++i) {
      const adamas::Tensor& tensor = worlds_[0].plan.tensor(i);
      std::array<Gradient, 2> both;
      const int kind = input_.ConsumeIntegralInRange(0, 19);
      const DType dtype = kind == 19 ? any_of<DType>(adamas::kDTypeCount)
                          : input_.ConsumeBool()
                              ? tensor.dtype
                              : static_cast<DType>(input_.ConsumeIntegralInRange(0, adamas::kDTypeCount - 1));
      const bool known = static_cast<int>(dtype) < adamas::kDTypeCount;
      const std::size_t element = known ? adamas::size_of(dtype) : 8;
      const bool by_rows = rows_too && tensor.columns > 0 && kind % 4 != 0;
      std::vector<std::int64_t> rows;
      if (by_rows) rows = draw_rows(tensor.size / tensor.columns);
      const std::size_t elements = by_rows ? rows.size() * tensor.columns : tensor.size;
      const std::size_t past = input_.ConsumeIntegralInRange(0, 3) * element;
      for (std::size_t w = 0; w < 2; ++w) {
        Gradient& gradient = both[w];
        gradient.dtype = dtype;
        gradient.array = std::make_shared<Array>(elements * element, past, Numbers::kCodes);
        gradient.given = gradient.array->data;
        if (kind == 18) gradient.given = worlds_[w].plan.tensor(i).param;
        if (kind == 17) gradient.given = gradient.array->data + 1;
        if (kind == 16) gradient.given = nullptr;
        gradient.has_rows = by_rows;
        gradient.rows = rows;
      }
      if (known) fill(*both[0].array, dtype);
      if (elements > 0) std::memcpy(both[1].array->data, both[0].array->data, elements * element);
      for (std::size_t w = 0; w < 2; ++w) worlds_[w].gradients.push_back(both[w]);
    }
    for (World& world : worlds_) {
      for (Gradient& gradient : world.gradients) {
        gradient.row_gradient = {gradient.rows.data(), true, gradient.given, gradient.rows.size(), gradient.dtype};
      }
    }
  }

  std::vector<std::int64_t> draw_rows(std::size_t rows) {
    std::vector<std::int64_t> drawn(input_.ConsumeIntegralInRange<std::size_t>(0, 12));
    for (std::int64_t& row : drawn) {
      const auto last = static_cast<std::int64_t>(rows) - 1;
      row = seldom() || rows == 0 ? input_.ConsumeIntegral<std::int64_t>()
                                  : input_.ConsumeIntegralInRange<std::int64_t>(0, last);
    }
    return drawn;
  }

  adamas::Hyperparameters draw_group() {
    adamas::Hyperparameters h;
    for (double* value : {&h.lr, &h.beta1, &h.beta2, &h.eps}) *value = number(*value);
    h.weight_decay = number(0.01);
    h.beta3 = number(0.99);
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

  adamas::StepOptions draw_options() {
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

  void compare(const std::array<adamas::StepInfo, 2>& infos) {
    const auto differ = [](double a, double b) { return a != b && !(a != a && b != b); };
    const auto& [a, b] = infos;
    if (a.updated != b.updated || a.skipped != b.skipped || a.has_norm != b.has_norm || a.nonfinite != b.nonfinite ||
        differ(a.grad_norm, b.grad_norm) || differ(a.clip_coefficient, b.clip_coefficient)) {
      fail("reports differ");
    }
    for (std::size_t i = 0; i < worlds_[0].gradients.size(); ++i) {
      const Array& first = *worlds_[0].gradients[i].array;
      const Array& second = *worlds_[1].gradients[i].array;
      if (first.size > 0 && std::memcmp(first.data, second.data, first.size) != 0) fail("gradients differ");
    }
  }

  void step() {
    draw_gradients(true);
    const std::array<adamas::Hyperparameters, 3> groups{draw_group(), draw_group(), draw_group()};
    const std::size_t group_count = seldom() ? 1 : 3;
    const adamas::StepOptions options = draw_options();
    std::array<adamas::StepInfo, 2> infos;
    std::size_t next = 0;
    on_both("step", [&](World& world) {
      std::vector<const void*> grads;
      std::vector<DType> dtypes;
      std::vector<const adamas::RowGradient*> rows;
      for (const Gradient& gradient : world.gradients) {
        grads.push_back(gradient.given);
        dtypes.push_back(gradient.dtype);
        rows.push_back(gradient.has_rows ? &gradient.row_gradient : nullptr);
      }
      return world.plan.step(grads.data(), groups.data(), group_count, world.threads, &infos[next++], dtypes.data(),
                             &options, rows.data());
    });
    compare(infos);
  }

  void step_one() {
    draw_gradients(false);
    const auto index = input_.ConsumeIntegralInRange<std::size_t>(0, worlds_[0].plan.size());
    const adamas::Hyperparameters group = draw_group();
    const adamas::StepOptions options = draw_options();
    std::array<adamas::StepInfo, 2> infos;
    std::size_t next = 0;
    on_both("step_one", [&](World& world) {
      const bool there = index < world.gradients.size();
      return world.plan.step_one(index, there ? world.gradients[index].given : nullptr,
                                 there ? world.gradients[index].dtype : DType::kFloat32, group, world.threads,
                                 &infos[next++], &options);
    });
    compare(infos);
  }

  void accumulate() {
    draw_gradients(false);
    on_both("accumulate", [&](World& world) {
      std::vector<const void*> grads;
      std::vector<DType> dtypes;
      for (const Gradient& gradient : world.gradients) {
        grads.push_back(gradient.given);
        dtypes.push_back(gradient.dtype);
      }
      return world.plan.accumulate(grads.data(), world.threads, dtypes.data());
    });
    if (seldom()) {
      for (World& world : worlds_) world.plan.drop_accumulated();
    }
  }

  void catch_up() {
    draw_gradients(true);
    const auto index = input_.ConsumeIntegralInRange<std::size_t>(0, worlds_[0].plan.size());
    const bool all = input_.ConsumeBool();
    on_both("catch_up", [&](World& world) {
      const bool rows = !all && index < world.gradients.size() && world.gradients[index].has_rows;
      return world.plan.catch_up(index, rows ? &world.gradients[index].row_gradient : nullptr, world.threads);
    });
  }

  FuzzedDataProvider& input_;
  std::array<World, 2> worlds_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  FuzzedDataProvider input(data, size);
  Game(input).play();
  return 0;
}
