// libFuzzer on plans and steps. Bytes become a sequence of calls, right and wrong ones, made on two worlds that are
// equal except for the instruction set and the number of threads. After each call both must have said the same and hold
// the same bits, and what was refused must not have changed any. Every array is an allocation of its own, so that the
// address sanitizer sees an access beside it.
#include <array>

#include "draw.hpp"

namespace fuzz {
namespace {

using adamas::Residue;
using adamas::StateFormat;
using adamas::Status;

class Game {
 public:
  explicit Game(FuzzedDataProvider& input) : input_(input), draw_(input) {
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
    for (int k = 0; k < worlds_[0].plan.shared_scalar_count(); ++k) {
      if (worlds_[0].plan.shared_scalar(k) != worlds_[1].plan.shared_scalar(k)) fail("shared scalars differ");
    }
    return answers[0];
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
    draw_.fill(*both[0], dtype);
    if (both[0]->size > 0) std::memcpy(both[1]->data, both[0]->data, both[0]->size);
  }

  void add() {
    adamas::Parameter parameter;
    parameter.size = input_.ConsumeIntegralInRange<std::size_t>(0, draw_.seldom() ? 5000 : 300);
    parameter.rule = draw_.any_of<adamas::Rule>(adamas::rule_count());
    parameter.dtype = draw_.any_of<DType>(adamas::kDTypeCount);
    const bool known = static_cast<int>(parameter.rule) < adamas::rule_count() &&
                       static_cast<int>(parameter.dtype) < adamas::kDTypeCount;
    const bool wide = parameter.dtype == DType::kFloat64;
    parameter.state_format = draw_.seldom() ? draw_.any_of<StateFormat>(adamas::kStateFormatCount)
                             : wide         ? StateFormat::kFloat64
                                            : narrow_states();
    const bool half = parameter.dtype == DType::kBfloat16 || parameter.dtype == DType::kFloat16;
    parameter.residue_kind = half || draw_.seldom() ? draw_.any_of<Residue>(adamas::kResidueCount) : Residue::kNone;
    parameter.group = input_.ConsumeIntegralInRange(0u, 2u);
    const bool fits = known && static_cast<int>(parameter.state_format) < adamas::kStateFormatCount &&
                      static_cast<int>(parameter.residue_kind) < adamas::kResidueCount &&
                      adamas::formats_fit(parameter.dtype, parameter.state_format, parameter.residue_kind);
    if (!fits) return refuse_tensor(parameter);
    exercise::make_matrices(parameter);
    std::array<adamas::Parameter, 2> parameters{parameter, parameter};
    const auto give = [&](auto member, std::size_t bytes, std::size_t element, Numbers numbers) {
      const auto both = twins(bytes, element, numbers);
      for (std::size_t w = 0; w < 2; ++w) member(parameters[w]) = both[w]->data;
      return both;
    };
    const std::size_t element = adamas::size_of(parameter.dtype);
    fill_twins(give([](adamas::Parameter& t) -> void*& { return t.param; }, parameter.size* element, element,
                    numbers_of(parameter.dtype)),
               parameter.dtype);
    const adamas::RuleInfo& rule = adamas::rule_info(parameter.rule);
    for (int k = 0; k < rule.state_count; ++k) {
      const adamas::StateStorage storage = adamas::storage_of(parameter.state_format, rule.states[k].kind);
      const Numbers numbers = storage.has_scales() ? Numbers::kCodes : numbers_of(storage.dtype);
      give([k](adamas::Parameter& t) -> void*& { return t.states[k]; }, storage.bytes(adamas::state_size(parameter, k)),
           storage.alignment, numbers);
    }
    if (const std::size_t residue = adamas::size_of(parameter.residue_kind); residue > 0) {
      const Numbers numbers = parameter.residue_kind == Residue::kMaster  ? Numbers::kFloat32
                              : parameter.residue_kind == Residue::kKahan ? numbers_of(parameter.dtype)
                                                                          : Numbers::kCodes;
      give([](adamas::Parameter& t) -> void*& { return t.residue; }, parameter.size* residue, residue, numbers);
    }
    if (input_.ConsumeBool()) {
      const DType average = wide ? DType::kFloat64 : input_.ConsumeBool() ? DType::kBfloat16 : DType::kFloat32;
      for (adamas::Parameter& t : parameters) t.average_dtype = average;
      give([](adamas::Parameter& t) -> void*& { return t.average; }, parameter.size* adamas::size_of(average),
           adamas::size_of(average), numbers_of(average));
    }
    if (parameter.dtype == DType::kFloat32 && input_.ConsumeBool()) {
      const DType copy = input_.ConsumeBool() ? DType::kBfloat16 : DType::kFloat16;
      for (adamas::Parameter& t : parameters) t.copy_dtype = copy;
      give([](adamas::Parameter& t) -> void*& { return t.copy; }, parameter.size * 2, 2, numbers_of(copy));
    }
    if (input_.ConsumeBool()) {
      const auto columns = input_.ConsumeIntegralInRange<std::size_t>(1, 20);
      for (adamas::Parameter& t : parameters) {
        t.size = t.size / columns * columns;  // its arrays are a little longer then
        t.columns = columns;
        t.row_mode = parameter.size % 2 == 0 ? adamas::RowMode::kExact : adamas::RowMode::kLazy;
      }
      give_counts(parameters, parameters[0].size / columns);
    }
    if (draw_.seldom()) spoil(parameters);
    std::size_t next = 0;
    on_both("add", [&](World& world) { return world.plan.add(parameters[next++]); });
  }

  // States that are not float64.
  StateFormat narrow_states() {
    const int drawn = input_.ConsumeIntegralInRange(0, adamas::kStateFormatCount - 2);
    return static_cast<StateFormat>(drawn + (drawn >= static_cast<int>(StateFormat::kFloat64)));
  }

  void give_counts(std::array<adamas::Parameter, 2>& parameters, std::size_t rows) {
    const auto both = twins(rows * 4, 4, Numbers::kCounts);
    for (std::size_t w = 0; w < 2; ++w) parameters[w].row_counts = reinterpret_cast<std::uint32_t*>(both[w]->data);
  }

  // Formats that do not exist or do not go together; none of its memory may be looked at.
  void refuse_tensor(adamas::Parameter parameter) {
    parameter.param = &parameter;
    for (void*& state : parameter.states) state = &parameter;
    if (on_both("add", [&](World& world) { return world.plan.add(parameter); }) == Status::kOk)
      fail("an odd format was taken");
  }

  void spoil(std::array<adamas::Parameter, 2>& parameters) {
    const int how = input_.ConsumeIntegralInRange(0, 5);
    const auto size = input_.ConsumeIntegral<std::size_t>() | std::size_t{1} << 60;
    for (adamas::Parameter& t : parameters) {
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
    const adamas::Parameter& parameter = worlds_[0].plan.parameter(index);
    const DType compute = parameter.dtype == DType::kFloat64 ? DType::kFloat64 : DType::kFloat32;
    const auto both = twins(parameter.size * adamas::size_of(compute), adamas::size_of(compute), numbers_of(compute));
    std::size_t next = 0;
    on_both("set_accumulator", [&](World& world) { return world.plan.set_accumulator(index, both[next++]->data); });
  }

  void set_count() {
    const auto index = input_.ConsumeIntegralInRange<std::size_t>(0, worlds_[0].plan.size());
    const std::int64_t count =
        draw_.seldom() ? input_.ConsumeIntegral<std::int64_t>() : input_.ConsumeIntegralInRange<std::int64_t>(0, 1000);
    on_both("set_step_count", [&](World& world) { return world.plan.set_step_count(index, count); });
  }

  void set_scalar() {
    const auto index = input_.ConsumeIntegralInRange<std::size_t>(0, worlds_[0].plan.size());
    const int which = input_.ConsumeIntegralInRange(-1, 2);
    const double value = draw_.number(0.5);
    on_both("set_scalar", [&](World& world) { return world.plan.set_scalar(index, which, value); });
    on_both("set_shared_scalar", [&](World& world) { return world.plan.set_shared_scalar(which, value); });
  }

  // Gradients for all parameters of both worlds; some wrong, some none.
  void draw_gradients(bool rows_too) {
    for (World& world : worlds_) world.gradients.clear();
    for (std::size_t i = 0; i < worlds_[0].plan.size(); ++i) {
      const adamas::Parameter& parameter = worlds_[0].plan.parameter(i);
      std::array<Gradient, 2> both;
      const int kind = input_.ConsumeIntegralInRange(0, 19);
      const DType dtype = kind == 19 ? draw_.any_of<DType>(adamas::kDTypeCount)
                          : input_.ConsumeBool()
                              ? parameter.dtype
                              : static_cast<DType>(input_.ConsumeIntegralInRange(0, adamas::kDTypeCount - 1));
      const bool known = static_cast<int>(dtype) < adamas::kDTypeCount;
      const std::size_t element = known ? adamas::size_of(dtype) : 8;
      const bool by_rows = rows_too && parameter.columns > 0 && parameter.columns < 1000 && kind % 4 != 0;
      std::vector<std::int64_t> rows;
      if (by_rows) rows = draw_.rows(parameter.size / parameter.columns);
      const std::size_t elements = by_rows ? rows.size() * parameter.columns : parameter.size;
      const std::size_t past = input_.ConsumeIntegralInRange(0, 3) * element;
      for (std::size_t w = 0; w < 2; ++w) {
        Gradient& gradient = both[w];
        gradient.dtype = dtype;
        gradient.array = std::make_shared<Array>(elements * element, past, Numbers::kCodes);
        gradient.given = gradient.array->data;
        if (kind == 18) gradient.given = worlds_[w].plan.parameter(i).param;
        if (kind == 17) gradient.given = gradient.array->data + 1;
        if (kind == 16) gradient.given = nullptr;
        gradient.has_rows = by_rows;
        gradient.rows = rows;
      }
      if (known) draw_.fill(*both[0].array, dtype);
      if (elements > 0) std::memcpy(both[1].array->data, both[0].array->data, elements * element);
      for (std::size_t w = 0; w < 2; ++w) worlds_[w].gradients.push_back(both[w]);
    }
    for (World& world : worlds_) {
      for (Gradient& gradient : world.gradients) {
        gradient.row_gradient = {gradient.rows.data(), true, gradient.given, gradient.rows.size(), gradient.dtype};
      }
    }
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
    const std::array<adamas::Hyperparameters, 3> groups{draw_.group(), draw_.group(), draw_.group()};
    const std::size_t group_count = draw_.seldom() ? 1 : 3;
    const adamas::StepOptions options = draw_.options_of_step();
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
      adamas::StepInputs inputs;
      inputs.grads = grads.data();
      inputs.grad_dtypes = dtypes.data();
      inputs.row_grads = rows.data();
      inputs.groups = groups.data();
      inputs.group_count = group_count;
      inputs.options = &options;
      inputs.threads = world.threads;
      const Status answer = world.plan.step(inputs, &infos[next++]);
      if (answer != Status::kOk) check_diagnosis(world.plan, inputs, answer);
      return answer;
    });
    compare(infos);
  }

  // A refused step is explained, by parameters that exist.
  void check_diagnosis(adamas::Plan& plan, const adamas::StepInputs& inputs, Status answer) {
    const adamas::Problem problem = plan.diagnose(inputs);
    if (problem.status != answer || plan.check(inputs) != answer) fail("another status than that of the step");
    const auto exists = [&](std::size_t parameter) {
      return parameter == adamas::kNoParameter || parameter < plan.size();
    };
    if (!exists(problem.parameter) || !exists(problem.other)) fail("a problem of a parameter that does not exist");
    if (answer == Status::kOverlap && (problem.array == nullptr || problem.other_array == nullptr)) {
      fail("arrays that overlap were not found");
    }
  }

  void step_one() {
    draw_gradients(false);
    const auto index = input_.ConsumeIntegralInRange<std::size_t>(0, worlds_[0].plan.size());
    const adamas::Hyperparameters group = draw_.group();
    const adamas::StepOptions options = draw_.options_of_step();
    std::array<adamas::StepInfo, 2> infos;
    std::size_t next = 0;
    on_both("step_one", [&](World& world) {
      const bool there = index < world.gradients.size();
      const void* const grad = there ? world.gradients[index].given : nullptr;
      const DType dtype = there ? world.gradients[index].dtype : DType::kFloat32;
      adamas::StepInputs inputs;
      inputs.grads = &grad;
      inputs.grad_dtypes = &dtype;
      inputs.groups = &group;
      inputs.group_count = 1;
      inputs.options = &options;
      inputs.threads = world.threads;
      return world.plan.step_one(index, inputs, &infos[next++]);
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
    if (draw_.seldom()) {
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
  Draw draw_;
  std::array<World, 2> worlds_;
};

}  // namespace
}  // namespace fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  FuzzedDataProvider input(data, size);
  fuzz::Game(input).play();
  return 0;
}
