// Steps in which the plans of several processes take part, each with its shards.
#include <pybind11/stl.h>

#include <algorithm>
#include <exception>
#include <vector>

#include "errors.hpp"
#include "gil.hpp"
#include "plan.hpp"

namespace adamas::bindings {
namespace {

// A Python function as Exchange::gather(). What it raises is kept, and fails the step.
class Gathering {
 public:
  explicit Gathering(py::object function) : function_(std::move(function)), exchange_{&call, this} {}

  const Exchange* exchange() const { return function_.is_none() ? nullptr : &exchange_; }

  void rethrow() {
    if (error_) std::rethrow_exception(error_);
  }

 private:
  static bool call(void* context, void* records, std::size_t bytes, std::size_t first, std::size_t last,
                   std::size_t count) {
    auto& self = *static_cast<Gathering*>(context);
    const py::gil_scoped_acquire gil;
    try {
      const auto memory = py::memoryview::from_memory(records, static_cast<py::ssize_t>(bytes * count));
      self.function_(memory, bytes, first, last);
      return true;
    } catch (...) {
      self.error_ = std::current_exception();
      return false;
    }
  }

  py::object function_;
  Exchange exchange_;
  std::exception_ptr error_;
};

template <class T>
const T* items_of(py::handle array, std::size_t count, const char* name) {
  using Items = py::array_t<T, py::array::c_style>;
  const auto given = py::isinstance<Items>(array) ? py::reinterpret_borrow<Items>(array) : Items();  // never converted
  if (static_cast<std::size_t>(given.size()) != count || !given.is(array)) {
    throw py::value_error(std::string(name) + ": expected an array with an element for each parameter");
  }
  return given.data();
}

}  // namespace

py::array_t<std::uint8_t> PyPlan::given() const {
  py::array_t<std::uint8_t> dtypes(static_cast<py::ssize_t>(gradients_.size()));
  std::uint8_t* const to = dtypes.mutable_data();
  for (std::size_t i = 0; i < gradients_.size(); ++i) {
    to[i] = gradients_[i] == nullptr ? kNone : static_cast<std::uint8_t>(gradient_dtypes_[i]);
  }
  return dtypes;
}

py::array_t<std::uint64_t> PyPlan::addresses() const {
  py::array_t<std::uint64_t> addresses(static_cast<py::ssize_t>(gradients_.size()));
  std::transform(gradients_.begin(), gradients_.end(), addresses.mutable_data(),
                 [](const void* gradient) { return reinterpret_cast<std::uintptr_t>(gradient); });
  return addresses;
}

bool PyPlan::is_acceptable() {
  const Status status = plan_.check(inputs_of_all());
  if (is_refusal(status)) return false;
  throw_on_error(status);
  return true;
}

py::object PyPlan::finish_shared(const py::sequence& sources, int lanes, const py::object& gather) {
  if (!started_.exchange(false, std::memory_order_acq_rel)) throw std::runtime_error("finish_shared: without start");
  const Exit at_end(*this);
  const Leaves leaves(leaves_);
  std::vector<std::uint8_t> levels;
  std::vector<const void*> grads;
  std::vector<DType> dtypes;
  for (py::handle source : sources) {
    const auto entry = py::reinterpret_borrow<py::tuple>(source);
    levels.push_back(entry[0].cast<std::uint8_t>());
    const auto* const codes = items_of<std::uint8_t>(entry[1], params_.size(), "dtypes");
    const auto* const addresses = items_of<std::uint64_t>(entry[2], params_.size(), "addresses");
    for (std::size_t i = 0; i < params_.size(); ++i) {
      grads.push_back(codes[i] == kNone ? nullptr : reinterpret_cast<const void*>(addresses[i]));
      dtypes.push_back(codes[i] == kNone ? DType{} : static_cast<DType>(codes[i]));
    }
  }
  options_.grad_scale *= lanes;
  options_.zero_grads = false;  // of those that were given: their owner sets them to zero when all have read them
  GradientSources all;
  all.grads = grads.data();
  all.dtypes = dtypes.data();
  all.levels = levels.data();
  all.count = levels.size();
  Gathering gathering(gather);
  try {
    return run(&all, gathering.exchange());
  } catch (...) {
    gathering.rethrow();
    throw;
  }
}

void PyPlan::accumulate_given() { throw_on_error(add_up(SumOrder::kTree)); }

void PyPlan::set_first_lane(std::uint32_t lane) { throw_on_error(plan_.set_first_lane(lane)); }

void PyPlan::give_accumulators(int slot, py::handle addresses) {
  const auto* const given = items_of<std::uint64_t>(addresses, params_.size(), "addresses");
  if (accumulators_.count(slot) != 0) throw py::value_error("give_accumulators: the slot has memory");
  for (std::size_t i = 0; i < params_.size(); ++i) {
    throw_on_error(plan_.set_accumulator(i, reinterpret_cast<void*>(given[i]), slot));
  }
  accumulators_.emplace(slot, StateArena());
}

py::list PyPlan::accumulated_sums() const {
  int levels[kSlots];
  int slots[kSlots];
  const int count = plan_.accumulated_sums(levels, slots);
  py::list sums;
  for (int k = 0; k < count; ++k) {
    py::array_t<std::uint8_t> dtypes(static_cast<py::ssize_t>(params_.size()));
    py::array_t<std::uint64_t> addresses(static_cast<py::ssize_t>(params_.size()));
    for (std::size_t i = 0; i < params_.size(); ++i) {
      const void* const memory = plan_.accumulator(i, slots[k]);
      const bool is_wide = params_[i].dtype == DType::kFloat64;
      dtypes.mutable_at(static_cast<py::ssize_t>(i)) =
          memory == nullptr ? kNone : static_cast<std::uint8_t>(is_wide ? DType::kFloat64 : DType::kFloat32);
      addresses.mutable_at(static_cast<py::ssize_t>(i)) = reinterpret_cast<std::uintptr_t>(memory);
    }
    sums.append(py::make_tuple(levels[k], dtypes, addresses));
  }
  return sums;
}

}  // namespace adamas::bindings
