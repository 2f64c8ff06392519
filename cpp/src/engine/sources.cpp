#include "engine/plan_impl.hpp"

namespace adamas {
namespace {

// For each source, how many of the sums before it it is added to (Source::joins): none if the levels are no tree's.
std::vector<int> find_joins(const GradientSources& sources) {
  std::vector<int> joins(sources.count, 0);
  std::uint8_t waiting[kMostSums];  // levels of the sums that wait, each below the one before
  int count = 0;
  std::uint64_t lane = 0;
  for (std::size_t s = 0; s < sources.count; ++s) {
    std::uint8_t level = sources.levels[s];
    const std::uint64_t lanes = std::uint64_t{1} << (level < kMostLevels ? level : 0);
    if (level >= kMostLevels || lane % lanes != 0 || lane >> kMostLevels != 0) return {};
    lane += lanes;
    for (; count > 0 && waiting[count - 1] == level; ++level) {
      --count;
      ++joins[s];
    }
    waiting[count++] = level;
  }
  joins.back() += count - 1;
  return joins;
}

// Sees what there is of an item's gradient, from the first element of its shard on.
Status check_sources(const Item& item, std::size_t index, std::size_t stride, const GradientSources& sources) {
  const bool given = sources.grads[index] != nullptr;
  if (!given && item.has_sums()) return Status::kInvalidParameter;
  for (std::size_t s = 0; s < sources.count; ++s) {
    const void* const grad = sources.grads[s * stride + index];
    if ((grad != nullptr) != given) return Status::kNullPointer;
    if (!given) continue;
    const DType dtype = sources.dtypes[s * stride + index];
    const bool is_sum = sources.levels[s] != 0;
    if (static_cast<int>(dtype) >= kDTypeCount || (is_sum && dtype != item.compute_dtype())) {
      return Status::kInvalidParameter;
    }
    const Status status = check_array(grad, shard_size(item.parameter), size_of(dtype));
    if (status != Status::kOk) return status;
  }
  return Status::kOk;
}

bool is_same(const Source& a, const Source& b) {
  return a.array == b.array && a.dtype == b.dtype && a.joins == b.joins;
}

}  // namespace

Status Plan::Impl::accept_sources(const Items& part) {
  const GradientSources& given = *sources;
  if (given.grads == nullptr || given.dtypes == nullptr || given.levels == nullptr) return Status::kNullPointer;
  const std::vector<int> joins = find_joins(given);
  if (joins.empty()) return Status::kInvalidParameter;
  const std::size_t stride = part.last - part.first;
  bool known_to_be_apart = written_is_apart;
  for (std::size_t i = part.first; i < part.last; ++i) {
    Item& item = items[i];
    if (item.rows) return Status::kInvalidParameter;
    const std::size_t index = i - part.first;
    if (const Status status = check_sources(item, index, stride, given); status != Status::kOk) return status;
    item.grad = nullptr;
    item.extent = shard_size(item.parameter);
    if (given.grads[index] == nullptr) continue;
    if (!item.sums) item.sums = std::make_unique<Accumulated>();
    std::vector<Source>& kept = item.sums->sources;
    bool same = item.sums->sources_are_apart && kept.size() == given.count;
    kept.resize(given.count);
    for (std::size_t s = 0; s < given.count; ++s) {
      const DType dtype = given.dtypes[s * stride + index];
      const void* const from = begin_of(given.grads[s * stride + index], item.parameter.shard_begin * size_of(dtype));
      const Source source{from, dtype, joins[s]};
      same = same && is_same(kept[s], source);
      kept[s] = source;
    }
    item.sums->uses_sources = true;
    item.sums->sources_are_apart = same;
    item.grad = kept[0].array;
    item.grad_dtype = item.compute_dtype();
    known_to_be_apart = known_to_be_apart && same;
  }
  return known_to_be_apart ? Status::kOk : check_overlap_of_sources(part);
}

Status Plan::Impl::check_overlap_of_sources(const Items& part) {
  if (written_overlaps()) return Status::kOverlap;
  read.clear();
  for (std::size_t i = part.first; i < part.last; ++i) {
    const Item& item = items[i];
    if (item.grad == nullptr || item.extent == 0) continue;
    for (const Source& source : item.sums->sources) {
      if (item.sums->is_memory(source.array)) continue;  // what was accumulated, which a step does not write
      const std::size_t bytes = size_of(source.dtype);
      read.push_back(extent(shifted(source.array, item.parameter.shard_begin * bytes), item.extent * bytes));
    }
  }
  if (sort_and_find_overlap(read) || overlap_between(read, written)) return Status::kOverlap;
  const bool all = part.last - part.first == items.size();
  for (std::size_t i = part.first; i < part.last; ++i) {
    items[i].apart = nullptr;
    if (items[i].grad != nullptr) items[i].sums->sources_are_apart = all;
  }
  return Status::kOk;
}

void Plan::Impl::stop_sharing() {
  sources = nullptr;
  exchange = nullptr;
  for (Item& item : items) {
    if (item.sums) item.sums->uses_sources = false;
  }
}

Status Plan::Impl::gather_shards(const Items& part, void* records, std::size_t bytes) const {
  if (exchange == nullptr) return Status::kInvalidParameter;
  std::size_t first = granules;
  std::size_t last = granules;
  for (std::size_t i = part.first; i < part.last; ++i) {
    const Item& item = items[i];
    if (!item.has_gradient() || item.parameter.shard_begin == item.parameter.shard_end) continue;
    const std::size_t begin = item.first_granule + item.parameter.shard_begin / kGranule;
    if (first == granules) first = last = begin;
    if (begin != last) return Status::kInvalidParameter;  // the shards are no run of the parameters
    last = item.first_granule + granules_in(item.parameter.shard_end);
  }
  return exchange->gather(exchange->context, records, bytes, first, last, granules) ? Status::kOk
                                                                                    : Status::kExchangeFailed;
}

}  // namespace adamas
