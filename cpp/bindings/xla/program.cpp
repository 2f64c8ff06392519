#include "program.hpp"

#include <adamas/version.hpp>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <stdexcept>
#include <type_traits>

#include "../measures.hpp"

namespace adamas::bindings::xla {
namespace {

// What begins all programs. The sizes tell apart what was compiled from other sources of the same version.
struct Header {
  char version[40] = ADAMAS_VERSION;
  std::uint32_t sizes[4] = {sizeof(StepOptions), sizeof(Hyperparameters), sizeof(ProgramParameter),
                            sizeof(ProgramOperand)};
  std::uint32_t rules = 0;
  std::uint32_t threads = 0;
  std::uint32_t scalars = 0;
  std::uint32_t counts[4] = {};
  std::uint32_t observe = 0;
  std::uint64_t elements = 0;
};

// The bytes between fields are whatever was in memory; here equal values must be equal bytes.
template <class T>
void clear_padding(T& value) {
#if defined(__has_builtin)
#if __has_builtin(__builtin_clear_padding)
  __builtin_clear_padding(&value);
#endif
#endif
  static_cast<void>(value);
}

template <class T>
void write(std::string& out, T value) {
  static_assert(std::is_trivially_copyable_v<T> && sizeof(T) % 8 == 0);
  clear_padding(value);
  out.append(reinterpret_cast<const char*>(&value), sizeof(T));
}

template <class T>
void write(std::string& out, const std::vector<T>& values) {
  for (const T& value : values) write(out, value);
}

class Reader {
 public:
  explicit Reader(std::string_view bytes) : bytes_(bytes) {}

  template <class T>
  void read(T& value) {
    if (bytes_.size() < sizeof(T)) throw std::invalid_argument("the program of a step is cut off");
    std::memcpy(&value, bytes_.data(), sizeof(T));
    bytes_.remove_prefix(sizeof(T));
  }

  template <class T>
  void read(std::vector<T>& values, std::uint32_t count) {
    if (bytes_.size() / sizeof(T) < count) throw std::invalid_argument("the program of a step is cut off");
    values.resize(count);
    for (T& value : values) read(value);
  }

 private:
  std::string_view bytes_;
};

}  // namespace

double ProgramOperand::at(double given) const {
  if (power != 1 && given < 0.0) return std::numeric_limits<double>::quiet_NaN();  // which the plan refuses
  switch (power) {
    case -1: return factor / std::max(given, 1e-300);
    case 2: return factor * given * given;
    default: return factor * given;
  }
}

double ProgramAverage::weight_at(std::int64_t step) const {
  if (kind == AverageKind::kNone || step < start || (step - start) % every != 0) return 0.0;
  const auto number = static_cast<double>((step - start) / every + 1);
  switch (kind) {
    case AverageKind::kNone: return 0.0;
    case AverageKind::kEma: return number == 1.0 ? 1.0 : 1.0 - decay;
    case AverageKind::kEmaCorrected: return number == 1.0 ? 1.0 : (1.0 - decay) / (1.0 - std::pow(decay, number));
    case AverageKind::kEmaWarmup: return number == 1.0 ? 1.0 : 1.0 - std::min(decay, (1.0 + number) / (10.0 + number));
    case AverageKind::kSwa: return 1.0 / number;
  }
  return 0.0;
}

std::size_t observed_bytes(std::size_t params) { return sizeof(double) * (1 + kMeasureCount * params); }

std::size_t Program::param_bytes(std::size_t index) const {
  const Parameter& parameter = parameters[index].parameter;
  return (is_flat() ? elements : parameter.size) * size_of(parameter.dtype);
}

std::size_t Program::gradient_count() const {
  if (is_flat()) return 1;
  const auto given = [](const ProgramParameter& parameter) { return parameter.has_gradient != 0; };
  return static_cast<std::size_t>(std::count_if(parameters.begin(), parameters.end(), given));
}

std::string Program::encode() const {
  Header header;
  header.rules = static_cast<std::uint32_t>(rule_count());
  header.threads = static_cast<std::uint32_t>(threads);
  header.scalars = scalars;
  header.observe = observe;
  header.elements = elements;
  const std::size_t counts[] = {sizes.size(), groups.size(), operands.size(), parameters.size()};
  std::transform(std::begin(counts), std::end(counts), header.counts,
                 [](std::size_t count) { return static_cast<std::uint32_t>(count); });
  std::string out;
  write(out, header);
  write(out, options);
  write(out, average);
  write(out, sizes);
  write(out, groups);
  write(out, operands);
  write(out, parameters);
  return out;
}

Program Program::decode(std::string_view bytes) {
  Header header;
  const Header ours;
  Reader reader(bytes);
  reader.read(header);
  if (std::memcmp(&header.version, &ours.version, sizeof ours.version + sizeof ours.sizes) != 0 ||
      header.rules != static_cast<std::uint32_t>(rule_count())) {
    throw std::invalid_argument(
        "this program was compiled with another version of adamas; clear JAX's compilation "
        "cache, and compile it again");
  }
  Program program;
  program.threads = static_cast<int>(header.threads);
  program.scalars = header.scalars;
  program.observe = header.observe;
  program.elements = header.elements;
  reader.read(program.options);
  reader.read(program.average);
  reader.read(program.sizes, header.counts[0]);
  reader.read(program.groups, header.counts[1]);
  reader.read(program.operands, header.counts[2]);
  reader.read(program.parameters, header.counts[3]);
  return program;
}

}  // namespace adamas::bindings::xla
