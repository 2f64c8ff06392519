#include "handler.hpp"

#include <adamas/plan.hpp>

#include <algorithm>
#include <cstring>
#include <deque>
#include <limits>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "../measures.hpp"
#include "buffers.hpp"
#include "copies.hpp"
#include "program.hpp"
#include "workers.hpp"

namespace adamas::bindings::xla {
namespace {

constexpr std::string_view kProgram = "program";
constexpr int kReportSize = 4;
// A result that follows the parameters and buffers.
constexpr std::size_t kMoreResults = 2;

// A program with memory for one step of it at a time.
class Instance {
 public:
  explicit Instance(const Program& program) : program_(program) {}

  void step(const Buffer* const* arguments, std::size_t argument_count, const Buffer* const* results,
            const Workers& workers);

 private:
  void bind(const Buffer* const* results);
  void take_gradients(const Buffer* const* gradients);
  void take_numbers(const Buffer* const* operands, std::int32_t count, const Buffer* scalars);
  void copy_what_overlaps();
  void give_scalars(const Buffer& scalars) const;
  void give_observed(const Buffer& observed, std::int32_t step);
  std::size_t buffers() const { return program_.sizes.size(); }
  int threads() const;
  // Of one of the buffers that change.
  std::size_t bytes_at(std::size_t index) const {
    const std::size_t held = program_.param_count();
    return index < held ? program_.param_bytes(index) : program_.sizes[index - held];
  }

  const Program& program_;
  Plan plan_;
  std::vector<void*> bound_;  // parameters and buffers, as they lay in the last step
  std::vector<const void*> gradients_;
  std::vector<DType> gradient_dtypes_;
  std::vector<Hyperparameters> groups_;
  StepOptions options_;
  std::vector<Observation> observations_;
  std::deque<std::vector<double>> copies_;  // of gradients
};

// Tells the plan where its arrays lie in this step.
void Instance::bind(const Buffer* const* results) {
  const std::size_t held = program_.param_count();
  std::vector<void*> now(held + buffers());
  std::transform(results, results + now.size(), now.begin(), [](const Buffer* buffer) { return buffer->data; });
  if (now == bound_) return;
  void* const* const memory = now.data() + held;
  const auto at = [&](const Place& place) {
    return place.buffer == kNowhere ? nullptr : shifted(memory[place.buffer], place.offset);
  };
  const bool is_new = plan_.size() == 0;
  bound_.clear();
  for (std::size_t i = 0; i < program_.parameters.size(); ++i) {
    const ProgramParameter& from = program_.parameters[i];
    Parameter parameter = from.parameter;
    const std::size_t bytes = from.first_element * adamas::size_of(parameter.dtype);
    parameter.param = program_.is_flat() ? shifted(now[0], bytes) : now[i];
    for (int k = 0; k < kMaxStates; ++k) parameter.states[k] = at(from.states[k]);
    parameter.residue = at(from.residue);
    parameter.average = at(from.average);
    const Status status = is_new ? plan_.add(parameter) : plan_.rebind(i, parameter);
    if (status != Status::kOk) {
      plan_ = Plan();
      refuse(message(status));
    }
  }
  bound_ = std::move(now);
}

void Instance::take_gradients(const Buffer* const* gradients) {
  const std::size_t count = program_.parameters.size();
  gradients_.assign(count, nullptr);
  gradient_dtypes_.assign(count, DType::kFloat32);
  for (std::size_t i = 0; i < count; ++i) {
    const ProgramParameter& parameter = program_.parameters[i];
    if (parameter.has_gradient == 0) continue;
    const Buffer& gradient = program_.is_flat() ? **gradients : **gradients++;
    const std::optional<DType> dtype = dtype_of(gradient.dtype);
    const std::size_t elements = program_.is_flat() ? program_.elements : parameter.parameter.size;
    if (!dtype || elements_of(gradient) != elements) refuse("a gradient does not fit its parameter");
    gradient_dtypes_[i] = *dtype;
    gradients_[i] = shifted(gradient.data, parameter.first_element * adamas::size_of(*dtype));
  }
}

// Hyperparameters that come with the step, its number, and the numbers that rules keep.
void Instance::take_numbers(const Buffer* const* operands, std::int32_t count, const Buffer* scalars) {
  groups_ = program_.groups;
  options_ = program_.options;
  for (std::size_t i = 0; i < program_.operands.size(); ++i) {
    const ProgramOperand& operand = program_.operands[i];
    const Buffer& given = *operands[i];
    const double value = operand.at(number_at(given, 0, given.dtype == DataType::kF32));
    void* const to = operand.group == kOptions ? static_cast<void*>(&options_) : &groups_[operand.group];
    std::memcpy(shifted(to, operand.offset), &value, sizeof value);
  }
  std::size_t read = 0;
  const auto next = [&] { return number_at(*scalars, read++, scalars->dtype == DataType::kF32); };
  Status status = Status::kOk;
  for (std::size_t i = 0; i < plan_.size(); ++i) {
    plan_.set_step_count(i, count);
    const int kept = rule_info(plan_.parameter(i).rule).scalar_count;
    for (int k = 0; k < kept && status == Status::kOk; ++k) status = plan_.set_scalar(i, k, next());
  }
  for (int k = 0; k < plan_.shared_scalar_count() && status == Status::kOk; ++k) {
    status = plan_.set_shared_scalar(k, next());
  }
  if (status != Status::kOk) refuse("the state holds a number that is not finite");
}

void Instance::give_scalars(const Buffer& scalars) const {
  std::size_t written = 0;
  const auto put = [&](double value) {
    if (scalars.dtype == DataType::kF32) {
      const auto single = static_cast<float>(value);
      std::memcpy(shifted(scalars.data, sizeof single * written++), &single, sizeof single);
    } else {
      std::memcpy(shifted(scalars.data, sizeof value * written++), &value, sizeof value);
    }
  };
  for (std::size_t i = 0; i < plan_.size(); ++i) {
    for (int k = 0; k < rule_info(plan_.parameter(i).rule).scalar_count; ++k) put(plan_.scalar(i, k));
  }
  for (int k = 0; k < plan_.shared_scalar_count(); ++k) put(plan_.shared_scalar(k));
}

void Instance::give_observed(const Buffer& observed, std::int32_t step) {
  std::vector<double> numbers(1 + kMeasureCount * observations_.size());
  numbers[0] = step;
  write_measures(observations_, numbers.data() + 1);
  std::memcpy(observed.data, numbers.data(), numbers.size() * sizeof(double));
}

// XLA keeps equal values once: the zeros that are the gradients of two parameters, or a parameter that is its own
// gradient. The core wants them apart.
void Instance::copy_what_overlaps() {
  std::vector<std::pair<const char*, const char*>> taken;
  const auto range = [](const void* memory, std::size_t bytes) {
    const char* const begin = static_cast<const char*>(memory);
    return std::make_pair(begin, begin + bytes);
  };
  for (std::size_t i = 0; i < bound_.size(); ++i) taken.push_back(range(bound_[i], bytes_at(i)));
  copies_.clear();
  for (std::size_t i = 0; i < gradients_.size(); ++i) {
    if (gradients_[i] == nullptr) continue;
    const std::size_t bytes = program_.parameters[i].parameter.size * adamas::size_of(gradient_dtypes_[i]);
    const auto own = range(gradients_[i], bytes);
    const auto overlaps = [&](const auto& other) { return own.first < other.second && other.first < own.second; };
    if (std::any_of(taken.begin(), taken.end(), overlaps)) {
      copies_.emplace_back(bytes / sizeof(double) + 1);
      std::memcpy(copies_.back().data(), gradients_[i], bytes);
      gradients_[i] = copies_.back().data();
    } else {
      taken.push_back(own);
    }
  }
}

// The most that it uses.
int Instance::threads() const {
  ThreadLimit limit = {};
  if (program_.threads > 0 || thread_limit(&limit) != Status::kOk) return program_.threads;
  return limit.count;
}

void Instance::step(const Buffer* const* arguments, std::size_t argument_count, const Buffer* const* results,
                    const Workers& workers) {
  const std::size_t held = program_.param_count();
  const std::size_t changed = held + buffers();
  const Buffer* const* const operands = arguments;
  const Buffer* const* const params = operands + program_.operands.size();
  const Buffer* const* const gradients = params + held;
  const Buffer* const* const states = gradients + program_.gradient_count();
  if (argument_count < static_cast<std::size_t>(states + buffers() + 1 - arguments)) refuse("an argument is missing");
  Copies moved;
  for (std::size_t i = 0; i < changed; ++i) {
    const Buffer& from = i < held ? *params[i] : *states[i - held];
    const std::size_t bytes = bytes_at(i);
    if (i < held && dtype_of(from.dtype) != program_.parameters[i].parameter.dtype) {
      refuse("a parameter has another dtype than before");
    }
    if (bytes_of(from) != bytes || bytes_of(*results[i]) != bytes) refuse("a buffer has another size than before");
    if (results[i]->data != from.data) moved.add(results[i]->data, from.data, bytes);
  }
  std::int32_t taken = 0;
  std::memcpy(&taken, states[buffers()]->data, sizeof taken);
  if (taken < 0) refuse("the number of steps is negative");
  moved.run(workers, threads());

  const Buffer* const scalars = program_.scalars == 0 ? nullptr : results[changed - 1];
  bind(results);
  take_gradients(gradients);
  take_numbers(operands, taken, scalars);
  options_.average_weight = program_.average.weight_at(std::int64_t{taken} + 1);
  options_.average_number = static_cast<std::uint64_t>(taken) + 1;
  const bool observes = program_.observe != 0 && static_cast<std::uint32_t>(taken) % program_.observe == 0;
  if (observes) {
    observations_.assign(plan_.size(), Observation{});
    options_.observations = observations_.data();
  }
  StepInputs inputs;
  inputs.grads = gradients_.data();
  inputs.grad_dtypes = gradient_dtypes_.data();
  inputs.groups = groups_.data();
  inputs.group_count = groups_.size();
  inputs.options = &options_;
  inputs.threads = program_.threads;
  inputs.workers = &workers;
  StepInfo info;
  Status status = plan_.step(inputs, &info);
  if (status == Status::kOverlap) {
    copy_what_overlaps();
    status = plan_.step(inputs, &info);
  }
  if (status != Status::kOk) refuse(message(status));

  const bool counts = !info.skipped && taken < std::numeric_limits<std::int32_t>::max();
  const std::int32_t next = counts ? taken + 1 : taken;
  std::memcpy(results[changed]->data, &next, sizeof next);
  if (scalars != nullptr) give_scalars(*scalars);
  if (observes && !info.skipped) give_observed(*results[changed - (scalars == nullptr ? 1 : 2)], next);
  const float report[kReportSize] = {
      info.has_norm ? static_cast<float>(info.grad_norm) : std::numeric_limits<float>::quiet_NaN(),
      static_cast<float>(info.clip_coefficient), info.skipped ? 1.0F : 0.0F,
      info.nonfinite == kNoParameter ? -1.0F : static_cast<float>(info.nonfinite)};
  std::memcpy(results[changed + 1]->data, report, sizeof report);
}

// A program that has been seen, and instances of it that nobody uses. Kept for good: a process compiles few.
struct Known {
  explicit Known(std::string_view encoded) : bytes(encoded), program(Program::decode(encoded)) {}

  std::string bytes;
  Program program;
  std::vector<std::unique_ptr<Instance>> idle;
  const void* seen_at = nullptr;  // where XLA had it last
};

// An instance of a program, for one step.
class Borrowed {
 public:
  explicit Borrowed(std::string_view bytes) {
    const std::lock_guard<std::mutex> lock(mutex());
    known_ = find(bytes);
    if (known_->idle.empty()) {
      instance_ = std::make_unique<Instance>(known_->program);
    } else {
      instance_ = std::move(known_->idle.back());
      known_->idle.pop_back();
    }
  }
  Borrowed(const Borrowed&) = delete;
  Borrowed& operator=(const Borrowed&) = delete;
  ~Borrowed() {
    const std::lock_guard<std::mutex> lock(mutex());
    known_->idle.push_back(std::move(instance_));
  }
  const Program& program() const { return known_->program; }
  Instance* operator->() const { return instance_.get(); }

 private:
  static std::mutex& mutex() {
    static auto* const one = new std::mutex;  // threads of XLA may outlive static objects
    return *one;
  }
  static Known* find(std::string_view bytes) {
    static auto* const all = new std::list<Known>;
    const auto is_it = [&](const Known& known) { return known.bytes == bytes; };
    auto found = std::find_if(all->begin(), all->end(),
                              [&](const Known& known) { return known.seen_at == bytes.data() && is_it(known); });
    if (found == all->end()) found = std::find_if(all->begin(), all->end(), is_it);
    if (found == all->end()) found = all->emplace(all->begin(), bytes);
    found->seen_at = bytes.data();
    return &*found;
  }

  Known* known_;
  std::unique_ptr<Instance> instance_;
};

std::string_view find_program(const Attributes& attributes) {
  for (std::int64_t i = 0; i < attributes.size; ++i) {
    const Text& name = *attributes.names[i];
    if (attributes.types[i] != kArrayAttribute || std::string_view(name.data, name.size) != kProgram) continue;
    const Array& array = *static_cast<const Array*>(attributes.values[i]);
    return {static_cast<const char*>(array.data), array.size * size_of(array.dtype)};
  }
  refuse("no program was given");
}

void run(const CallFrame& frame) {
  const Borrowed instance(find_program(frame.attributes));
  const std::size_t expected = instance.program().param_count() + instance.program().sizes.size() + kMoreResults;
  if (static_cast<std::size_t>(frame.results.size) != expected) refuse("a result is missing");
  PoolWorkers pool(frame);
  instance->step(frame.arguments.buffers, static_cast<std::size_t>(frame.arguments.size), frame.results.buffers,
                 pool.workers());
}

// Before anything else, XLA asks for which version of its interface the handler was made.
bool answer_metadata(const CallFrame& frame) {
  if (frame.extension == nullptr || frame.extension->type != kMetadataExtension) return false;
  Metadata& metadata = *reinterpret_cast<MetadataExtension*>(frame.extension)->metadata;
  metadata.version.major = kMajor;
  metadata.version.minor = kMinor;
  metadata.traits = 0;
  return true;
}

Error* make_error(const CallFrame& frame, const char* text, int code) {
  ErrorArguments arguments = {sizeof(ErrorArguments), nullptr, text, code};
  return frame.api->create_error(&arguments);
}

}  // namespace

Error* step(CallFrame* frame) noexcept {
  if (answer_metadata(*frame) || frame->stage != kExecute) return nullptr;
  try {
    run(*frame);
    return nullptr;
  } catch (const std::invalid_argument& error) {
    return make_error(*frame, error.what(), kInvalidArgument);
  } catch (const std::exception& error) {
    return make_error(*frame, error.what(), kInternal);
  }
}

}  // namespace adamas::bindings::xla
