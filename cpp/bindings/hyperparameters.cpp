#include "hyperparameters.hpp"

#include <algorithm>
#include <cmath>
#include <initializer_list>
#include <iterator>
#include <optional>
#include <vector>

#include "lookup.hpp"

namespace adamas::bindings {
namespace {

constexpr int kMaxBetas = 3;

// One key of a group whose value goes as it is into a field.
template <class T>
struct Field {
  const char* name;
  T Hyperparameters::* field;
};

constexpr Field<double> kNumbers[] = {
    {"eps", &Hyperparameters::eps},
    {"eps_root", &Hyperparameters::eps_root},
    {"alpha", &Hyperparameters::alpha},
    {"rho", &Hyperparameters::alpha},
    {"momentum", &Hyperparameters::momentum},
    {"dampening", &Hyperparameters::dampening},
    {"momentum_decay", &Hyperparameters::momentum_decay},
    {"lr_decay", &Hyperparameters::lr_decay},
    {"warmup_steps", &Hyperparameters::warmup_steps},
    {"r", &Hyperparameters::weight_power},
    {"weight_lr_power", &Hyperparameters::weight_lr_power},
    {"gamma", &Hyperparameters::gamma},
    {"trust_coefficient", &Hyperparameters::trust_coefficient},
    {"a", &Hyperparameters::atan_a},
    {"b", &Hyperparameters::atan_b},
    {"beta1", &Hyperparameters::beta1},
    {"beta2_decay", &Hyperparameters::beta2_decay},
    {"d", &Hyperparameters::clip_threshold},
    {"d0", &Hyperparameters::d0},
    {"d_coef", &Hyperparameters::d_coef},
};

// Which may be None: then the field stays as it is at first.
constexpr Field<double> kOptionalNumbers[] = {
    {"beta3", &Hyperparameters::estimate_beta},
    {"growth_rate", &Hyperparameters::growth_rate},
};

// A key whose value is two numbers; the first may be None if there is a default for it.
struct Pair {
  const char* name;
  double Hyperparameters::* first;
  double Hyperparameters::* second;
  std::optional<double> none;
};

constexpr Pair kPairs[] = {
    {"etas", &Hyperparameters::eta_minus, &Hyperparameters::eta_plus, {}},
    {"step_sizes", &Hyperparameters::step_min, &Hyperparameters::step_max, {}},
    {"eps", &Hyperparameters::least_root, &Hyperparameters::least_scale, -1.0},
};

constexpr Field<bool> kFlags[] = {
    {"maximize", &Hyperparameters::maximize},
    {"bias_correction", &Hyperparameters::bias_correction},
    {"clip", &Hyperparameters::clip},
    {"mix_by_beta2", &Hyperparameters::mix_by_beta2},
    {"nesterov", &Hyperparameters::nesterov},
    {"silent_sgd_phase", &Hyperparameters::silent_sgd_phase},
    {"scale_parameter", &Hyperparameters::scale_parameter},
    {"relative_step", &Hyperparameters::relative_step},
    {"warmup_init", &Hyperparameters::warmup_init},
    {"eps_in_mean", &Hyperparameters::eps_in_mean},
    {"use_bias_correction", &Hyperparameters::bias_correction},
    {"safeguard_warmup", &Hyperparameters::safeguard_warmup},
    {"cautious", &Hyperparameters::cautious},
};

// Whose value is a word: how decoupled weight decay goes with the learning rate.
struct DecayWord {
  const char* word;
  Decay decay;
};

constexpr DecayWord kDecayWords[] = {
    {"scaled", Decay::kDecoupled}, {"corrected", Decay::kCorrected}, {"independent", Decay::kIndependent}};

// Interned once: a dict finds an interned key by its address.
struct Keys {
  py::object lr, weight_decay, betas, decoupled_weight_decay, eps_hat, decay, max_lr, first_decay;
  std::vector<py::object> numbers, optional_numbers, pairs, flags;  // of kNumbers and the others
  py::object as_real;                                               // of adamas/_inputs/values.py
};

const Keys& keys() {
  PYBIND11_CONSTINIT static py::gil_safe_call_once_and_store<Keys> storage;
  return storage
      .call_once_and_store_result([] {
        const auto key = [](const char* name) {
          return py::reinterpret_steal<py::object>(PyUnicode_InternFromString(name));
        };
        Keys k{key("lr"),
               key("weight_decay"),
               key("betas"),
               key("decoupled_weight_decay"),
               key("eps_hat"),
               key("decay"),
               key("max_lr"),
               key(kDecayWords[0].word),
               {},
               {},
               {},
               {},
               {}};
        for (const auto& number : kNumbers) k.numbers.push_back(key(number.name));
        for (const auto& number : kOptionalNumbers) k.optional_numbers.push_back(key(number.name));
        for (const auto& pair : kPairs) k.pairs.push_back(key(pair.name));
        for (const auto& flag : kFlags) k.flags.push_back(key(flag.name));
        k.as_real = py::module_::import("adamas._inputs.values").attr("as_real");
        return k;
      })
      .get_stored();
}

// Reads one dict item after another until one is not acceptable. Only the keys that the group had at first are asked
// for: which they are is a bit each, in the order of asking.
class Reader {
 public:
  Reader(py::handle group, KeySet expected, long long completed, py::object* scheduled)
      : group_(group), expected_(expected), completed_(completed), scheduled_(scheduled) {}

  void number(const py::object& key, double* out) {
    if (const py::object value = find(key)) valid_ = read_number(value, out);
  }

  void optional_number(const py::object& key, double* out) {
    const py::object value = find(key);
    if (value && !value.is_none()) valid_ = read_number(value, out) && *out >= 0.0;
  }

  void flag(const py::object& key, bool* out) {
    const py::object value = find(key);
    if (!value) return;
    valid_ = PyBool_Check(value.ptr());
    *out = value.is(py::handle(Py_True));
  }

  void number_or_schedule(const py::object& key, double* out) {
    if (const py::object value = find_or_call(key)) valid_ = read_number(value, out);
  }

  // Two or three numbers, as expected.
  void betas(const py::object& key, double* first, double* second, double* third) {
    double* const out[kMaxBetas] = {first, second, third};
    if (const py::object value = find_or_call(key)) read_several(value, expected_.beta_count, out);
  }

  void pair(const py::object& key, double* first, double* second, std::optional<double> none) {
    double* const out[] = {first, second};
    const py::object value = find(key);
    if (!value) return;
    if (none && sequence_size(value) == 2 && sequence_item(value, 0).is_none()) {
      *first = *none;
      valid_ = read_number(sequence_item(value, 1), second);
    } else {
      read_several(value, 2, out);
      if (none && *first < 0.0) valid_ = false;  // not the number that stands for None
    }
  }

  // One of kDecayWords: mostly the first, as it is interned.
  void decay(const py::object& key, const py::object& first, Decay* out) {
    const py::object value = find(key);
    if (!value || value.is(first)) return;
    const auto is_it = [&](const DecayWord& each) {
      return PyUnicode_Check(value.ptr()) != 0 && PyUnicode_CompareWithASCIIString(value.ptr(), each.word) == 0;
    };
    const auto* const found = std::find_if(std::begin(kDecayWords), std::end(kDecayWords), is_it);
    valid_ = found != std::end(kDecayWords);
    if (valid_) *out = found->decay;
  }

  // A number, or None, which leaves it as it is.
  void number_or_none(const py::object& key, double* out) {
    const py::object value = find(key);
    if (value && !value.is_none()) valid_ = read_number(value, out) && *out > 0.0 && std::isfinite(*out);
  }

  bool valid() const { return valid_; }

 private:
  py::object find(const py::object& key) {
    const bool wanted = (expected_.bits & next_) != 0;
    next_ <<= 1;
    if (!valid_ || !wanted) return {};
    py::object value = dict_item(group_, key);
    if (!value) valid_ = false;
    return value;
  }

  void read_several(const py::object& value, Py_ssize_t count, double* const* out) {
    valid_ = sequence_size(value) == count;
    for (Py_ssize_t i = 0; valid_ && i < count; ++i) {
      const py::object item = sequence_item(value, i);
      valid_ = item && read_number(item, out[i]);
    }
  }

  // Calls what is callable, and keeps what it returned.
  py::object find_or_call(const py::object& key) {
    py::object value = find(key);
    if (!value || PyFloat_CheckExact(value.ptr()) != 0 || PyCallable_Check(value.ptr()) == 0) return value;
    value = value(completed_);
    if (!*scheduled_) *scheduled_ = py::dict();
    (*scheduled_)[key] = value;
    return value;
  }

  py::handle group_;
  KeySet expected_;
  long long completed_;
  py::object* scheduled_;  // a dict, once something has been called
  std::uint64_t next_ = 1;
  bool valid_ = true;
};

}  // namespace

bool read_number(py::handle value, double* out) {
  if (PyFloat_CheckExact(value.ptr())) {
    *out = PyFloat_AS_DOUBLE(value.ptr());
    return true;
  }
  if (PyLong_CheckExact(value.ptr())) {
    *out = PyLong_AsDouble(value.ptr());
    if (*out != -1.0 || PyErr_Occurred() == nullptr) return true;
    PyErr_Clear();
    return false;
  }
  const py::object real = keys().as_real(value);
  if (real.is_none()) return false;
  *out = PyFloat_AS_DOUBLE(real.ptr());
  return true;
}

double Hyperparameters::* number_field(const std::string& name, int index) {
  constexpr double Hyperparameters::* kBetas[kMaxBetas] = {&Hyperparameters::beta1, &Hyperparameters::beta2,
                                                           &Hyperparameters::beta3};
  if (name == "betas") return index < kMaxBetas ? kBetas[index] : nullptr;
  for (const Pair& pair : kPairs) {
    if (name == pair.name && index == 1) return pair.second;
    if (name == pair.name && !pair.none) return pair.first;
  }
  if (name == "lr") return &Hyperparameters::lr;
  if (name == "weight_decay") return &Hyperparameters::weight_decay;
  const auto* const found =
      std::find_if(std::begin(kNumbers), std::end(kNumbers), [&](const auto& number) { return name == number.name; });
  return found == std::end(kNumbers) ? nullptr : found->field;
}

KeySet find_hyperparameters(py::handle group, int beta_count) {
  KeySet found;
  std::uint64_t next = 1;
  const auto look_for = [&](const py::object& key) {
    if (dict_item(group, key)) found.bits |= next;
    next <<= 1;
  };
  // "eps" is one number of most rules, and two of another.
  const auto look_for_one_of = [&](const py::object& key, bool several) {
    const py::object value = dict_item(group, key);
    if (value && (sequence_size(value) >= 0) == several) found.bits |= next;
    next <<= 1;
  };
  const Keys& k = keys();
  for (const py::object& key : {k.lr, k.weight_decay, k.betas, k.decoupled_weight_decay, k.eps_hat, k.decay, k.max_lr})
    look_for(key);
  for (const py::object& key : k.numbers) look_for_one_of(key, false);
  for (const py::object& key : k.optional_numbers) look_for(key);
  for (const py::object& key : k.pairs) look_for_one_of(key, true);
  for (const py::object& key : k.flags) look_for(key);
  found.beta_count = std::min(beta_count, kMaxBetas);
  return found;
}

bool read_hyperparameters(py::handle group, KeySet expected, long long completed, Hyperparameters* out,
                          py::object* scheduled) {
  if (!PyDict_Check(group.ptr())) return false;
  const Keys& k = keys();
  Hyperparameters h;
  bool decoupled = false;
  bool eps_hat = false;
  Reader reader(group, expected, completed, scheduled);
  reader.number_or_schedule(k.lr, &h.lr);
  reader.number_or_schedule(k.weight_decay, &h.weight_decay);
  reader.betas(k.betas, &h.beta1, &h.beta2, &h.beta3);
  reader.flag(k.decoupled_weight_decay, &decoupled);
  reader.flag(k.eps_hat, &eps_hat);
  Decay decay = Decay::kDecoupled;
  reader.decay(k.decay, k.first_decay, &decay);
  reader.number_or_none(k.max_lr, &h.max_lr);
  for (std::size_t i = 0; i < k.numbers.size(); ++i) reader.number(k.numbers[i], &(h.*kNumbers[i].field));
  for (std::size_t i = 0; i < k.optional_numbers.size(); ++i) {
    reader.optional_number(k.optional_numbers[i], &(h.*kOptionalNumbers[i].field));
  }
  for (std::size_t i = 0; i < k.pairs.size(); ++i) {
    reader.pair(k.pairs[i], &(h.*kPairs[i].first), &(h.*kPairs[i].second), kPairs[i].none);
  }
  for (std::size_t i = 0; i < k.flags.size(); ++i) reader.flag(k.flags[i], &(h.*kFlags[i].field));
  if (!decoupled && decay != Decay::kDecoupled) return false;
  h.decay = decoupled ? decay : Decay::kCoupled;
  h.eps_placement = eps_hat ? EpsPlacement::kBeforeBiasCorrection : EpsPlacement::kAfterBiasCorrection;
  *out = h;
  return reader.valid() && check(h) == Status::kOk;
}

}  // namespace adamas::bindings
