#include "engine/sparse/sparse_update.hpp"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <limits>

#include "engine/fetch.hpp"
#include "engine/formats.hpp"
#include "engine/work_queue.hpp"

namespace adamas {
namespace {

constexpr double kInfinite = std::numeric_limits<double>::infinity();
// Rows that are fetched before they are updated: they lie anywhere.
constexpr std::size_t kPrefetchRows = 8;
// Finding out what was missed after one step costs about as much as moving this many bytes.
constexpr std::uint64_t kMissedBytes = 32 * 1024;

class SparseUpdate {
 public:
  SparseUpdate(const Pass& pass, const Item& item)
      : pass_(pass),
        item_(item),
        parameter_(item.parameter),
        set_(item.rows->set),
        gradients_(gradient_kernels(*pass.kernels, item)),
        row_bytes_(item.parameter.columns * size_of(item.parameter.dtype)),
        value_bytes_(item.parameter.columns * size_of(item.grad_dtype)),
        state_count_(rule_info(item.parameter.rule).state_count) {}

  void measure(std::size_t first, std::size_t last) const {
    const MeasureKernel kernel = pass_.options->norm_type == NormType::kL2 ? gradients_.squares : gradients_.largest;
    const std::size_t granules = granules_in(parameter_.columns);
    const double scale = 1.0 / pass_.options->grad_scale;
    for (std::size_t u = first; u < last; ++u) {
      double* const measures = pass_.measures + item_.first_granule + u * granules;
      with_gradient(set_.uses()[u], 1.0, kInfinite, [&](const void* g, std::size_t i, std::size_t end) {
        kernel(item_.compute_dtype(), g, i, end, scale, measures);
      });
    }
  }

  void visit(const std::function<void(const void*, std::size_t)>& work) const {
    for (const RowSet::Use& use : set_.uses()) {
      with_gradient(use, 1.0, kInfinite, [&](const void* g, std::size_t i, std::size_t end) {
        work(shifted(g, i * size_of(item_.compute_dtype())), end - i);
      });
    }
  }

  void update(std::size_t first, std::size_t last) const {
    const DType compute = item_.compute_dtype();
    const UpdateKernel kernel =
        pass_.kernels
            ->update[static_cast<int>(parameter_.rule)][find_column(compute, compute, parameter_.state_format)];
    const double limit = pass_.options->max_value;
    for (std::size_t u = first; u < last; ++u) {
      if (u + kPrefetchRows < last) prefetch(set_.uses()[u + kPrefetchRows].row);
      const RowSet::Use& use = set_.uses()[u];
      if (use.missed != RowSet::kNone) catch_row_up(use);
      const StepCoefficients& c = pass_.coefficients[use.coefficients];
      void* states[kMaxStates];
      const auto step = [&](const StepCoefficients& used, double scale) {
        with_gradient(use, scale, limit, [&](const void* g, std::size_t i, std::size_t end) {
          kernel(streams(use.row, g, states), i, end, used);
        });
      };
      if (limit < kInfinite) {
        StepCoefficients unscaled = c;
        unscaled.grad_scale = 1.0;
        step(unscaled, c.grad_scale);
      } else {
        step(c, 1.0);
      }
      parameter_.row_counts[use.row] = static_cast<std::uint32_t>(c.step);
      if (pass_.options->zero_grads) zero(use);
    }
  }

  void catch_up(std::size_t first, std::size_t last) const {
    const auto step = static_cast<std::uint32_t>(item_.rows->history.last());
    for (std::size_t u = first; u < last; ++u) {
      const RowSet::Use& use = set_.uses()[u];
      if (use.missed == RowSet::kNone) continue;
      if (u + kPrefetchRows < last) prefetch(set_.uses()[u + kPrefetchRows].row);
      catch_row_up(use);
      parameter_.row_counts[use.row] = step;
    }
  }

 private:
  const void* values(std::uint32_t index) const { return shifted(item_.grad, index * value_bytes_); }

  // Calls work(gradient, begin, end) for the row's gradient in the compute type, summed up, times scale, within the
  // limit: as a whole where it is, or piece by piece, so that no memory has to be found for a row in the middle of a
  // step. (A limit goes with a scale; without one the scale is 1.)
  template <class Work>
  void with_gradient(const RowSet::Use& use, double scale, double limit, Work work) const {
    const bool limited = limit < kInfinite;
    const bool alone = set_.following(use.first) == RowSet::kNone;
    const std::size_t n = parameter_.columns;
    if (alone && !limited && item_.grad_dtype == item_.compute_dtype()) return work(values(use.first), 0, n);
    alignas(64) double prepared[kPiece];
    for (std::size_t i = 0; i < n; i += kPiece) {
      const std::size_t end = std::min(n, i + kPiece);
      const void* const sum = begin_of(prepared, i * size_of(item_.compute_dtype()));
      gradients_.prepare(item_.grad_dtype, values(use.first), {}, i, end, alone ? scale : 1.0,
                         alone ? limit : kInfinite, prepared);
      for (std::uint32_t k = set_.following(use.first); k != RowSet::kNone; k = set_.following(k)) {
        gradients_.prepare(item_.grad_dtype, values(k), {&sum, 1}, i, end, 1.0, kInfinite, prepared);
      }
      if (!alone && limited) gradients_.prepare(item_.compute_dtype(), sum, {}, i, end, scale, limit, prepared);
      work(sum, i, end);
    }
  }

  void zero(const RowSet::Use& use) const {
    for (std::uint32_t i = use.first; i != RowSet::kNone; i = set_.following(i)) {
      std::memset(shifted(item_.grad, i * value_bytes_), 0, value_bytes_);
    }
  }

  Streams streams(std::uint32_t row, const void* gradient, void** states) const {
    for (int k = 0; k < state_count_; ++k) states[k] = shifted(parameter_.states[k], row * row_bytes_);
    Streams streams{};
    streams.param = shifted(parameter_.param, row * row_bytes_);
    streams.grad = gradient;
    streams.states = states;
    streams.size = parameter_.columns;
    streams.param_dtype = streams.grad_dtype = parameter_.dtype;
    return streams;
  }

  void catch_row_up(const RowSet::Use& use) const {
    const std::size_t at = use.row * parameter_.columns;
    const CatchUp& missed = item_.rows->missed[use.missed].sum;
    pass_.kernels->catch_up(missed, static_cast<float*>(parameter_.param) + at,
                            static_cast<float*>(parameter_.states[0]) + at,
                            static_cast<float*>(parameter_.states[1]) + at, parameter_.columns);
  }

  void prefetch(std::uint32_t row) const {
    const std::size_t most = std::min<std::size_t>(row_bytes_, 16 * kCacheLine);
    fetch_for_writing(shifted(parameter_.param, row * row_bytes_), most);
    for (int k = 0; k < state_count_; ++k) fetch_for_writing(shifted(parameter_.states[k], row * row_bytes_), most);
  }

  const Pass& pass_;
  const Item& item_;
  const Parameter& parameter_;
  const RowSet& set_;
  const GradientKernels& gradients_;
  std::size_t row_bytes_;
  std::size_t value_bytes_;
  int state_count_;
};

struct Search {
  Rows& rows;
  std::atomic<bool> out_of_memory{false};
};

// Runs on any thread, from which no exception may come.
void find_slice(void* context, std::uint64_t slice, std::uint64_t slices) try {
  Rows& rows = static_cast<Search*>(context)->rows;
  const std::uint64_t count = rows.missed_from.size();
  for (std::uint64_t k = slice_begin(count, slice, slices); k < slice_begin(count, slice + 1, slices); ++k) {
    rows.history.find(rows.missed_from[k], rows.history.last(), &rows.missed[k]);
  }
} catch (...) {
  static_cast<Search*>(context)->out_of_memory.store(true, std::memory_order_relaxed);
}

}  // namespace

Status find_missed(Item& item, const Crew& crew) {
  Rows& rows = *item.rows;
  const auto last = static_cast<std::uint32_t>(rows.history.last());
  const auto first = static_cast<std::uint32_t>(rows.history.first());
  const std::size_t length = last - first + std::size_t{1};
  if (rows.found.size() < length) rows.found.resize(2 * length, RowSet::kNone);
  rows.missed_from.clear();
  // Room for all of them now: what stands in `found` is to be taken back below, come what may.
  const std::size_t most = std::min(length, rows.set.uses().size());
  if (rows.missed_from.capacity() < most) rows.missed_from.reserve(2 * most);
  for (RowSet::Use& use : rows.set.uses()) {
    const std::uint32_t count = std::max(item.parameter.row_counts[use.row], first);
    use.missed = RowSet::kNone;
    if (count >= last) continue;
    std::uint32_t& found = rows.found[last - count];
    if (found == RowSet::kNone) {
      found = static_cast<std::uint32_t>(rows.missed_from.size());
      rows.missed_from.push_back(count);
    }
    use.missed = found;
  }
  for (const std::uint32_t from : rows.missed_from) rows.found[last - from] = RowSet::kNone;
  if (rows.missed_from.empty()) return Status::kOk;
  if (rows.missed.size() < rows.missed_from.size()) rows.missed.resize(rows.missed_from.size());
  int used = 0;
  Search search{rows};
  const Status status = run_slices(rows.missed_from.size() * kMissedBytes, crew, find_slice, &search, &used);
  return search.out_of_memory.load(std::memory_order_relaxed) ? Status::kOutOfMemory : status;
}

void for_each_row_gradient(const Pass& pass, const Item& item,
                           const std::function<void(const void*, std::size_t)>& work) {
  SparseUpdate(pass, item).visit(work);
}

void run_sparse_update(const Pass& pass, const Item& item, std::size_t begin, std::size_t end) {
  // A row belongs to the part in which its first element lies.
  const std::size_t columns = item.parameter.columns;
  const std::size_t first = (begin + columns - 1) / columns;
  const std::size_t last = (end + columns - 1) / columns;
  if (first >= last) return;
  SparseUpdate part(pass, item);
  switch (pass.phase) {
    case Phase::kGradients: return part.measure(first, last);
    case Phase::kUpdate:
    case Phase::kObserve: return part.update(first, last);
    case Phase::kCatchUp: return part.catch_up(first, last);
    case Phase::kAccumulate:
    case Phase::kAxes:
    case Phase::kSums:
    case Phase::kMask: return;
  }
}

}  // namespace adamas
