#include "engine/item.hpp"

#include <algorithm>
#include <cstring>
#include <limits>

#include "engine/axis_sums.hpp"
#include "engine/cautious.hpp"
#include "engine/formats.hpp"
#include "engine/observe.hpp"
#include "engine/runs.hpp"
#include "engine/sparse/sparse_update.hpp"

namespace adamas {
namespace {

constexpr double kInfinite = std::numeric_limits<double>::infinity();

// Calls work(i, end) for each piece of [begin, end), which end at multiples of kPiece.
template <class Work>
void in_pieces(std::size_t begin, std::size_t end, Work work) {
  for (std::size_t i = begin; i < end;) {
    const std::size_t last = std::min(end, (i / kPiece + 1) * kPiece);
    work(i, last);
    i = last;
  }
}

class Part {
 public:
  Part(const Pass& pass, const Item& item, std::size_t index, std::size_t begin, std::size_t end)
      : pass_(pass),
        item_(item),
        parameter_(item.parameter),
        gradients_(gradient_kernels(*pass.kernels, item)),
        gradient_(item.grad),
        dtype_(item.grad != nullptr ? item.grad_dtype : item.compute_dtype()),
        index_(index),
        begin_(begin),
        end_(end) {
    if (!item.sums) return;
    sums_ = item.sums->addends();
    if (gradient_ != nullptr || sums_.count == 0) return;
    gradient_ = *sums_.arrays++;
    --sums_.count;
  }

  void accumulate() const {
    void* const out = shifted(item_.sums->target(), begin_ * size_of(item_.compute_dtype()));
    gradients_.prepare(dtype_, gradient_, sums_, begin_, end_, 1.0, kInfinite, out);
  }

  void measure() const {
    const MeasureKernel kernel = pass_.options->norm_type == NormType::kL2 ? gradients_.squares : gradients_.largest;
    double* measures = pass_.measures + item_.first_granule;
    const double scale = 1.0 / pass_.options->grad_scale;
    if (sums_.count == 0) return kernel(dtype_, gradient_, begin_, end_, scale, measures);
    in_prepared_pieces(1.0, kInfinite, [&](const void* gradient, std::size_t i, std::size_t last) {
      kernel(item_.compute_dtype(), gradient, i, last, scale, measures);
    });
  }

  void visit(const std::function<void(const void*, std::size_t)>& work) const {
    in_prepared_pieces(1.0, kInfinite, [&](const void* gradient, std::size_t i, std::size_t last) {
      work(shifted(gradient, i * size_of(item_.compute_dtype())), last - i);
    });
  }

  void take_axes() const {
    const GivenGradient given = given_gradient(pass_.coefficients[item_.coefficients]);
    sum_along_axes(gradients_, item_, given, is_prepared(), begin_, end_);
  }

  void take_sums() const {
    start();
    if (goes_in_runs()) return in_runs(pass_.kernels->sum_runs[rule()], pass_.sums + item_.first_granule);
    const SumKernel kernel = pass_.kernels->sum[rule()][column()];
    GranuleSums* sums = pass_.sums + item_.first_granule;
    with_gradients([&](const Streams& streams, std::size_t i, std::size_t last, const StepCoefficients& c) {
      lead(streams, i, last);
      kernel(streams, i, last, c, sums);
    });
  }

  // Counts the elements of a cautious update that will move.
  __attribute__((noinline)) void count_moving() const {
    const StepCoefficients& c = pass_.coefficients[item_.coefficients];
    double* const counts = pass_.measures + item_.first_granule;
    const bool coupled = c.decay_mode == Decay::kCoupled;
    if (is_plain() && !coupled && rule_info(parameter_.rule).follows_average) {
      const auto kernel = cautious_kernels(*pass_.kernels, item_).count_by_average;
      return with_gradients([&](const Streams& s, std::size_t i, std::size_t last, const StepCoefficients& given) {
        kernel(s.grad, s.states[0], i, last, given.grad_scale, given.rule, counts);
      });
    }
    if (coupled) lead(streams(), begin_, end_);
    CautiousUpdate(*pass_.kernels, item_, streams(), c, given_gradient(c), begin_).count(begin_, end_, counts);
  }

  void update() const {
    if (!item_.has_gradient()) {
      return in_pieces(begin_, end_, [&](std::size_t from, std::size_t to) {
        lead(streams(), from, to);
        follow(streams(), from, to);
      });
    }
    start();
    if (is_cautious() && !is_float32()) return update_cautiously();
    if (goes_in_runs() && !zeroes() && !is_followed()) return in_runs(pass_.kernels->update_runs[rule()], nullptr);
    const UpdateKernel kernel = update_kernel();
    const auto step = [&](const Streams& streams, std::size_t i, std::size_t last, const StepCoefficients& c) {
      kernel(streams, i, last, c);
    };
    with_companions(step);
  }

  void observe() const {
    if (!item_.has_gradient()) return update();
    start();
    const ObservedUpdateKernel kernel = pass_.kernels->observed_update[rule()];
    if (kernel == nullptr || !is_float32() || is_prepared() || is_cautious()) return observe_behind();
    const ObservedPiece how = Observer(pass_, item_).how(streams(), begin_);
    Observation* const observed = pass_.observed + item_.first_granule;
    with_companions([&](const Streams& streams, std::size_t i, std::size_t last, const StepCoefficients& c) {
      kernel(streams, i, last, c, how, observed);
    });
  }

 private:
  // Updates by work(streams, begin, end, coefficients), with what precedes and follows the update of a piece.
  template <class Work>
  void with_companions(Work work) const {
    if (!zeroes() && !is_followed()) return with_gradients(work);
    with_gradients([&](const Streams& streams, std::size_t i, std::size_t last, const StepCoefficients& c) {
      in_pieces(i, last, [&](std::size_t from, std::size_t to) {
        lead(streams, from, to);
        work(streams, from, to, c);
        follow(streams, from, to);
        zero(from, to);
      });
    });
  }

  // An update, each piece of which is measured behind it.
  __attribute__((noinline)) void observe_behind() const {
    Observer observer(pass_, item_);
    const auto observed = [&](const Streams& streams, std::size_t begin, std::size_t end, auto change) {
      for (std::size_t from = begin; from < end; from += kObservedPiece) {
        const std::size_t to = std::min(end, from + kObservedPiece);
        lead(streams, from, to);
        if (size_of(parameter_.residue_kind) != 0) pass_.kernels->settle(streams, companions(), from, to);
        observer.before(streams, from, to);
        change(from, to);
        observe_piece(observer, streams, from, to);
        follow(streams, from, to);
        zero(from, to);
      }
    };
    if (is_cautious() && !is_float32()) {
      const StepCoefficients& c = pass_.coefficients[item_.coefficients];
      const Streams given = streams(c);
      CautiousUpdate cautious(*pass_.kernels, item_, given, c, given_gradient(c), begin_);
      return observed(given, begin_, end_, [&](std::size_t from, std::size_t to) { cautious.update(from, to); });
    }
    const UpdateKernel kernel = update_kernel();
    with_gradients([&](const Streams& streams, std::size_t i, std::size_t last, const StepCoefficients& c) {
      observed(streams, i, last, [&](std::size_t from, std::size_t to) { kernel(streams, from, to, c); });
    });
  }

  void observe_piece(Observer& observer, const Streams& streams, std::size_t begin, std::size_t end) const {
    const DType compute = item_.compute_dtype();
    if (sums_.count == 0 && dtype_ == compute) return observer.after(streams, gradient_, begin, end);
    alignas(64) double given[kObservedPiece];
    gradients_.prepare(dtype_, gradient_, sums_, begin, end, 1.0, kInfinite, given);
    observer.after(streams, begin_of(given, begin * size_of(compute)), begin, end);
  }

  // Apart from update(), whose frame has no room for scratch.
  __attribute__((noinline)) void update_cautiously() const {
    const StepCoefficients& c = pass_.coefficients[item_.coefficients];
    const Streams given = streams(c);
    CautiousUpdate cautious(*pass_.kernels, item_, given, c, given_gradient(c), begin_);
    in_pieces(begin_, end_, [&](std::size_t from, std::size_t to) {
      lead(given, from, to);
      cautious.update(from, to);
      follow(given, from, to);
      zero(from, to);
    });
  }

  GivenGradient given_gradient(const StepCoefficients& c) const {
    return {gradient_, dtype_, sums_, c.grad_scale * item_.factor, pass_.options->max_value};
  }

  // Do gradients become zero once they have been used?
  bool zeroes() const { return pass_.options->zero_grads && item_.grad != nullptr; }

  void zero(std::size_t begin, std::size_t end) const {
    if (!zeroes()) return;
    const std::size_t bytes = size_of(item_.grad_dtype);
    std::memset(shifted(item_.grad, begin * bytes), 0, (end - begin) * bytes);
  }

  // Must gradients become something else before a kernel takes them?
  bool is_prepared() const {
    return sums_.count != 0 || pass_.options->max_value < kInfinite || (item_.is_wide() && dtype_ != DType::kFloat64);
  }

  int rule() const { return static_cast<int>(parameter_.rule); }

  int column() const {
    return find_column(parameter_.dtype, is_prepared() ? item_.compute_dtype() : dtype_, parameter_.state_format);
  }

  // Is all of it of the compute type, once gradients are prepared?
  bool is_plain() const { return column() < kPlainCount; }

  bool is_float32() const { return is_plain() && !item_.is_wide(); }

  bool is_cautious() const { return pass_.coefficients[item_.coefficients].cautious; }

  // Of cautious updates, where all is float32.
  UpdateKernel update_kernel() const {
    const KernelTable& kernels = *pass_.kernels;
    return is_cautious() ? kernels.cautious[rule()] : kernels.update[rule()][column()];
  }

  bool is_followed() const {
    return parameter_.copy != nullptr || (parameter_.average != nullptr && pass_.options->average_weight > 0.0);
  }

  double average_weight() const {
    const StepOptions& options = *pass_.options;
    return options.average_weights == nullptr ? options.average_weight : options.average_weights[index_];
  }

  // Calls work(gradient, begin, end) piece by piece, with gradients of the compute type.
  template <class Work>
  void in_prepared_pieces(double scale, double limit, Work work) const {
    alignas(64) double prepared[kPiece];
    in_pieces(begin_, end_, [&](std::size_t i, std::size_t last) {
      gradients_.prepare(dtype_, gradient_, sums_, i, last, scale, limit, prepared);
      work(begin_of(prepared, i * size_of(item_.compute_dtype())), i, last);
    });
  }

  Streams streams() const {
    return {parameter_.param,        gradient_,
            parameter_.states,       parameter_.residue,
            parameter_.shard_end,    parameter_.shard_begin / kBlock,
            parameter_.dtype,        dtype_,
            parameter_.residue_kind, {}};
  }

  Streams streams(const StepCoefficients& c) const {
    Streams given = streams();
    if (parameter_.residue_kind == Residue::kStochastic) given.key = random_key(c.seed, c.step, index_);
    return given;
  }

  // Calls work(streams, begin, end, coefficients), once or piece by piece.
  template <class Work>
  void with_gradients(Work work) const {
    StepCoefficients c = pass_.coefficients[item_.coefficients];
    Streams given = streams(c);
    c.grad_scale *= item_.factor;
    if (!is_prepared()) return with_states(given, begin_, end_, c, work);
    const double scale = c.grad_scale;
    c.grad_scale = 1.0;
    given.grad_dtype = item_.compute_dtype();
    in_prepared_pieces(scale, pass_.options->max_value, [&](const void* gradient, std::size_t i, std::size_t last) {
      given.grad = gradient;
      with_states(given, i, last, c, work);
    });
  }

  // The same, with what the formula is given in the place of states by row or column.
  template <class Work>
  void with_states(const Streams& given, std::size_t begin, std::size_t end, const StepCoefficients& c,
                   Work work) const {
    if (!item_.axes) return work(given, begin, end, c);
    with_axes(given, begin, end, c, work);
  }

  // Can it be gone through in runs, as far as formats go?
  bool goes_in_runs() const {
    return item_.axes && pass_.kernels->update_runs[rule()] != nullptr && is_plain() && !is_prepared() &&
           parameter_.copy == nullptr;
  }

  void in_runs(const AxisRunKernel* kernels, GranuleSums* sums) const {
    StepCoefficients c = pass_.coefficients[item_.coefficients];
    c.grad_scale *= item_.factor;
    go_in_runs(kernels[column()], item_, streams(), begin_, end_, c, sums);
  }

  // Apart, since other parameters have no need of so much room.
  template <class Work>
  __attribute__((noinline)) void with_axes(const Streams& given, std::size_t begin, std::size_t end,
                                           const StepCoefficients& c, Work work) const {
    const RuleInfo& rule = rule_info(parameter_.rule);
    const bool read_only = is_plain();
    alignas(64) double expanded[kMaxAxes][kPiece];
    void* states[kMaxStates];
    Streams streams = given;
    streams.states = states;
    in_pieces(begin, end, [&](std::size_t i, std::size_t last) {
      int axis = 0;
      for (int k = 0; k < rule.state_count; ++k) {
        states[k] = parameter_.states[k];
        if (rule.states[k].extent == StateExtent::kElement) continue;
        const void* const array = item_.axes->expand(parameter_, k, i, last, read_only, expanded[axis++]);
        states[k] = const_cast<void*>(begin_of(array, i * size_of(item_.compute_dtype())));
      }
      work(streams, i, last, c);
    });
  }

  Companions companions() const {
    return {parameter_.average,    parameter_.copy,  parameter_.average_dtype,
            parameter_.copy_dtype, average_weight(), static_cast<std::uint32_t>(pass_.options->average_number)};
  }

  // Brings average and copy up to date with the parameter.
  void follow(const Streams& streams, std::size_t begin, std::size_t end) const {
    if (!is_followed()) return;
    const CompanionKernel kernel = item_.is_wide() ? pass_.kernels->companions64 : pass_.kernels->companions32;
    // If this step does not update the parameter, users may have written to it.
    if (size_of(parameter_.residue_kind) != 0) pass_.kernels->settle(streams, companions(), begin, end);
    kernel(streams, companions(), begin, end);
  }

  // A state that starts at the parameter starts at what that is in the first step.
  void start() const {
    if (item_.step_count != 0) return;
    const int which = rule_info(parameter_.rule).starts_at_param;
    if (which < 0 || !pass_.options->start_states) return;
    const Streams given = streams();
    lead(given, begin_, end_);
    if (size_of(parameter_.residue_kind) != 0) pass_.kernels->settle(given, companions(), begin_, end_);
    if (!item_.is_wide()) return pass_.kernels->start(given, which, begin_, end_);
    const std::size_t bytes = size_of(parameter_.dtype);
    std::memcpy(shifted(given.states[which], begin_ * bytes), shifted(given.param, begin_ * bytes),
                (end_ - begin_) * bytes);
  }

  // Brings the parameter up to date with a copy that was written to.
  void lead(const Streams& streams, std::size_t begin, std::size_t end) const {
    if (parameter_.copy == nullptr || !pass_.options->copies_lead) return;
    pass_.kernels->settle(streams, companions(), begin, end);
  }

  const Pass& pass_;
  const Item& item_;
  const Parameter& parameter_;
  const GradientKernels& gradients_;
  // The gradient is what is at `gradient_`, and `sums_`.
  const void* gradient_;
  DType dtype_;
  Addends sums_;
  std::size_t index_;
  std::size_t begin_;
  std::size_t end_;
};

}  // namespace

void for_each_gradient(const Pass& pass, const Item& item, const std::function<void(const void*, std::size_t)>& work) {
  if (item.rows) return for_each_row_gradient(pass, item, work);
  const std::size_t begin = item.parameter.shard_begin;
  Part(pass, item, 0, begin, begin + item.extent).visit(work);
}

bool takes_part(const Item& item, const Pass& pass) {
  switch (pass.phase) {
    case Phase::kAccumulate: return item.sums && item.sums->changes_memory(item.grad != nullptr);
    case Phase::kGradients: return item.has_gradient();
    case Phase::kAxes: return item.has_gradient() && item.axes != nullptr;
    case Phase::kSums: return item.has_gradient() && rule_info(item.parameter.rule).sum_count != 0;
    case Phase::kMask: return item.has_gradient() && pass.coefficients[item.coefficients].cautious;
    case Phase::kCatchUp: return item.rows != nullptr;
    case Phase::kUpdate:
    case Phase::kObserve:
      return item.has_gradient() || item.parameter.copy != nullptr ||
             (item.parameter.average != nullptr && pass.options->average_weight > 0.0);
  }
  return false;
}

// Every array is read, and all but the gradient are written.
std::uint32_t bytes_per_element(const Parameter& parameter) {
  std::size_t bytes = 3 * size_of(parameter.dtype) + 2 * size_of(parameter.residue_kind);
  const RuleInfo& rule = rule_info(parameter.rule);
  for (int k = 0; k < rule.state_count; ++k) {
    if (rule.states[k].extent != StateExtent::kElement) continue;
    bytes += 2 * storage_of(parameter.state_format, rule.states[k].kind).block_bytes / kBlock;
  }
  if (parameter.average != nullptr) bytes += 2 * size_of(parameter.average_dtype);
  if (parameter.copy != nullptr) bytes += 2 * size_of(parameter.copy_dtype);
  return static_cast<std::uint32_t>(bytes);
}

void run_part(const Pass& pass, const Item& item, std::size_t index, std::size_t begin, std::size_t end) {
  if (item.rows) return run_sparse_update(pass, item, begin, end);
  const Part part(pass, item, index, begin, end);
  switch (pass.phase) {
    case Phase::kAccumulate: return part.accumulate();
    case Phase::kGradients: return part.measure();
    case Phase::kAxes: return part.take_axes();
    case Phase::kSums: return part.take_sums();
    case Phase::kMask: return part.count_moving();
    case Phase::kUpdate: return part.update();
    case Phase::kObserve: return part.observe();
    case Phase::kCatchUp: return;
  }
}

}  // namespace adamas
