#include "hyperparameters.hpp"

#include <vector>

#include "lookup.hpp"

namespace adamas::bindings {
namespace {

// Interned once: a dict finds an interned key by its address.
struct Keys {
  py::object lr, betas, eps, weight_decay, decoupled_weight_decay, maximize, bias_correction, eps_hat;
  std::vector<py::object> all;  // of the keys above
  py::object real;              // numbers.Real
};

const Keys& keys() {
  PYBIND11_CONSTINIT static py::gil_safe_call_once_and_store<Keys> storage;
  return storage
      .call_once_and_store_result([] {
        Keys k;
        const auto key = [&k](const char* name) {
          k.all.push_back(py::reinterpret_steal<py::object>(PyUnicode_InternFromString(name)));
          return k.all.back();
        };
        k.lr = key("lr");
        k.betas = key("betas");
        k.eps = key("eps");
        k.weight_decay = key("weight_decay");
        k.decoupled_weight_decay = key("decoupled_weight_decay");
        k.maximize = key("maximize");
        k.bias_correction = key("bias_correction");
        k.eps_hat = key("eps_hat");
        k.real = py::module_::import("numbers").attr("Real");
        return k;
      })
      .get_stored();
}

// A real number (int, float, numpy.floating, ...) that is not a bool.
bool read_number(py::handle value, double* out) {
  if (PyFloat_CheckExact(value.ptr())) {
    *out = PyFloat_AS_DOUBLE(value.ptr());
    return true;
  }
  if (PyBool_Check(value.ptr()) || !py::isinstance(value, keys().real)) return false;
  *out = PyFloat_AsDouble(value.ptr());
  if (*out == -1.0 && PyErr_Occurred() != nullptr) {
    PyErr_Clear();
    return false;
  }
  return true;
}

// Reads one dict item after another, counting those it finds, until one is not acceptable.
class Reader {
 public:
  explicit Reader(py::handle group) : group_(group) {}

  void number(const py::object& key, double* out) {
    if (const py::object value = find(key)) valid_ = read_number(value, out);
  }

  void flag(const py::object& key, bool* out) {
    const py::object value = find(key);
    if (!value) return;
    valid_ = PyBool_Check(value.ptr());
    *out = value.is(py::handle(Py_True));
  }

  void number_or_schedule(const py::object& key, long long completed, double* out, py::object* scheduled) {
    py::object value = find(key);
    if (!value) return;
    if (PyFloat_CheckExact(value.ptr()) == 0 && PyCallable_Check(value.ptr()) != 0) {
      value = value(completed);
      *scheduled = value;
    }
    valid_ = read_number(value, out);
  }

  void pair(const py::object& key, double* first, double* second) {
    const py::object value = find(key);
    if (!value) return;
    valid_ = sequence_size(value) == 2;
    if (!valid_) return;
    const py::object a = sequence_item(value, 0);
    const py::object b = sequence_item(value, 1);
    valid_ = a && b && read_number(a, first) && read_number(b, second);
  }

  bool valid() const { return valid_; }
  int found() const { return found_; }

 private:
  py::object find(const py::object& key) {
    if (!valid_) return {};
    py::object value = dict_item(group_, key);
    if (value) ++found_;
    return value;
  }

  py::handle group_;
  bool valid_ = true;
  int found_ = 0;
};

}  // namespace

int count_hyperparameters(py::handle group) {
  int count = 0;
  for (const py::object& key : keys().all) {
    if (dict_item(group, key)) ++count;
  }
  return count;
}

int read_hyperparameters(py::handle group, long long completed, Hyperparameters* out, py::object* scheduled) {
  if (!PyDict_Check(group.ptr())) return -1;
  const Keys& k = keys();
  Hyperparameters h;
  bool decoupled = false;
  bool eps_hat = false;
  Reader reader(group);
  reader.number_or_schedule(k.lr, completed, &h.lr, scheduled);
  reader.pair(k.betas, &h.beta1, &h.beta2);
  reader.number(k.eps, &h.eps);
  reader.number(k.weight_decay, &h.weight_decay);
  reader.flag(k.decoupled_weight_decay, &decoupled);
  reader.flag(k.maximize, &h.maximize);
  reader.flag(k.bias_correction, &h.bias_correction);
  reader.flag(k.eps_hat, &eps_hat);
  h.decay = decoupled ? Decay::kDecoupled : Decay::kCoupled;
  h.eps_placement = eps_hat ? EpsPlacement::kBeforeBiasCorrection : EpsPlacement::kAfterBiasCorrection;
  *out = h;
  return reader.valid() && check(h) == Status::kOk ? reader.found() : -1;
}

}  // namespace adamas::bindings
