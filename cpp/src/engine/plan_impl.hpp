// What a Plan keeps, and the course of a step.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include <adamas/plan.hpp>

#include "engine/gradient_norm.hpp"
#include "engine/overlap.hpp"
#include "engine/parameter.hpp"
#include "engine/pass.hpp"

namespace adamas {

struct Plan::Impl {
  std::vector<Item> items;
  std::size_t group_count = 0;
  std::vector<Extent> written;  // memory that steps write, of non-empty arrays
  bool written_is_apart = false;
  bool written_is_current = true;     // no array of theirs has been bound elsewhere
  const RuleInfo* sharing = nullptr;  // a rule of theirs that keeps shared scalars
  double shared[kMaxSharedScalars] = {};
  std::uint32_t accumulated = 0;  // how many gradients of each parameter, since the last step
  SumOrder sum_order = SumOrder::kInTurn;
  std::uint32_t first_lane = 0;  // of a tree
  std::vector<Parameter> added;  // as they were, if some have shards of their own; else empty

  // Of the step under way.
  std::vector<Extent> read;  // memory of gradients, where it has to be looked at; kept, so that none is allocated
  std::vector<std::uint64_t> work_end;
  std::vector<StepCoefficients> coefficients;
  std::vector<std::array<double, kMaxScalars>> next_scalars;
  double next_shared[kMaxSharedScalars];
  Hyperparameters of_all;  // those that concern all parameters with shared scalars
  std::vector<GranuleSums> sums;
  bool any_axes = false;     // some item that is stepped has states by row or column
  std::size_t granules = 0;  // of all gradients
  std::vector<double> measures;
  bool any_cautious = false;
  const GradientSources* sources = nullptr;  // of step_together()
  const Exchange* exchange = nullptr;        // likewise
  std::vector<Observation> observed;         // of each granule; empty in other steps

  // What the one entry of `coefficients` was computed from, if it was computed from nothing else: libraries that step
  // one parameter after the other need the same coefficients again.
  struct Remembered {
    bool any = false;
    Rule rule;
    DType compute_dtype;
    std::int64_t step_count;
    Hyperparameters group;
    bool are_of(const Item& item, const Hyperparameters& its_group) const;
  };
  Remembered remembered;

  // The hyperparameters of all groups, or, if there is one alone, of the group of all items that are stepped.
  struct Groups {
    const Hyperparameters* all;
    bool is_one;
    const Hyperparameters& of(const Item& item) const { return all[is_one ? 0 : item.parameter.group]; }
  };

  // As it was added.
  const Parameter& parameter(std::size_t i) const { return added.empty() ? items[i].parameter : added[i]; }

  // What there is beside gradients.
  Status check_inputs(const StepInputs& inputs) const;

  // All else, of a step of all items.
  Status check(const StepInputs& inputs);

  // What a check of these inputs finds, and where.
  Problem diagnose(const StepInputs& inputs);

  // Steps items [first, last), or changes nothing. The inputs are those of these items.
  Status step(std::size_t first, std::size_t last, const StepInputs& inputs, StepInfo* info);

  // Brings rows of an item to its last step; null for all rows.
  Status catch_up(std::size_t index, const RowGradient* rows, const Crew& crew);

  // After step_together().
  void stop_sharing();

  Status accumulate(const void* const* grads, const DType* grad_dtypes, SumOrder order, const Crew& crew);
  Addition next_addition(SumOrder order) const;
  int accumulated_sums(int* levels, int* slots) const;
  void drop_accumulated();

 private:
  Items range(std::size_t first, std::size_t last) { return {items, work_end, first, last}; }

  // Those of StepInputs that are gradients.
  Status accept_gradients(const Items& part, const void* const* grads, const DType* grad_dtypes,
                          const RowGradient* const* row_grads);
  Status accept_rows(Item& item, const RowGradient& gradient);
  Status accept_sources(const Items& part);
  bool written_overlaps();
  Status check_overlap(const Items& part);
  void find_overlap(Problem* problem) const;
  Status check_overlap_of_sources(const Items& part);
  void list_written();
  Status join_groups(const Items& part, const Groups& groups);
  Status prepare(const Items& part, const Groups& groups);
  Status add_coefficients(const Item& item, const Hyperparameters& group, std::int64_t step);
  void remember_coefficients(const Item& item, const Hyperparameters& group);
  Status prepare_rows(Item& item, const Hyperparameters& group);
  // Brings together what plans have found out about granules of their shards.
  Status gather(const Items& part, void* records, std::size_t bytes) const {
    return exchange == nullptr && added.empty() ? Status::kOk : gather_shards(part, records, bytes);
  }
  Status gather_shards(const Items& part, void* records, std::size_t bytes) const;
  Status measure_tiny(const Pass& pass, const Items& part, GradientNorm* found) const;
  Status measure_gradients(Pass pass, const Items& part, const Crew& crew, StepInfo* info);
  void finish_coefficients(const Items& part);
  Status take_masks(Pass pass, const Items& part, const Crew& crew, StepInfo* info);
  void report_observed(const Pass& pass, const Items& part, const Groups& groups);
  Status update(Pass pass, const Items& part, const Groups& groups, const Crew& crew, StepInfo* info);
};

}  // namespace adamas
