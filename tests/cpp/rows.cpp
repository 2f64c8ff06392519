// Gradients of single rows, of every rule that takes them.
#include <memory>
#include <vector>

#include "exercise.hpp"

namespace exercise {
namespace {

constexpr std::size_t kColumns[] = {1, 3, 16, 67};
constexpr std::size_t kRows = 50;
constexpr int kSteps = 12;

struct Table {
  std::unique_ptr<Buffer> param;
  std::vector<std::unique_ptr<Buffer>> states;
  std::vector<std::uint32_t> counts = std::vector<std::uint32_t>(kRows);
  std::unique_ptr<Buffer> dense;
  std::unique_ptr<Buffer> values;
  std::vector<std::int64_t> rows;
  std::vector<std::int32_t> short_rows;
  adamas::RowGradient gradient;
};

}  // namespace

std::uint64_t rows_digest(adamas::Rule rule, adamas::RowMode mode, adamas::DType dtype, int threads) {
  const adamas::RuleInfo& info = adamas::rule_info(rule);
  const std::size_t element = adamas::size_of(dtype);
  std::vector<Table> tables(std::size(kColumns));
  adamas::Plan plan;
  Numbers numbers;
  for (std::size_t t = 0; t < tables.size(); ++t) {
    Table& table = tables[t];
    const std::size_t bytes = kRows * kColumns[t] * element;
    adamas::Parameter parameter;
    parameter.size = kRows * kColumns[t];
    parameter.columns = kColumns[t];
    parameter.row_counts = table.counts.data();
    parameter.row_mode = mode;
    parameter.rule = rule;
    parameter.dtype = dtype;
    parameter.state_format =
        dtype == adamas::DType::kFloat64 ? adamas::StateFormat::kFloat64 : adamas::StateFormat::kFloat32;
    table.param = std::make_unique<Buffer>(bytes, t % 3 * element);
    fill(numbers, dtype, *table.param);
    parameter.param = table.param->data;
    for (int k = 0; k < info.state_count; ++k) {
      table.states.push_back(std::make_unique<Buffer>(bytes, (t + 1) % 3 * element));
      parameter.states[k] = table.states.back()->data;
    }
    table.dense = std::make_unique<Buffer>(bytes, element);
    if (const adamas::Status status = plan.add(parameter); status == adamas::Status::kInvalidParameter)
      return 0;
    else
      check(status, "add");
  }
  const adamas::Hyperparameters hyperparameters = [rule] {
    adamas::Hyperparameters h = hyperparameters_for(rule);
    h.decay = adamas::Decay::kDecoupled;
    return h;
  }();
  std::vector<const void*> grads(tables.size());
  std::vector<const adamas::RowGradient*> row_grads(tables.size());
  std::vector<adamas::DType> dtypes(tables.size(), dtype);
  for (int step = 0; step < kSteps; ++step) {
    const auto value_dtype = static_cast<adamas::DType>(step % adamas::kDTypeCount);
    for (std::size_t t = 0; t < tables.size(); ++t) {
      Table& table = tables[t];
      const bool dense = (step + static_cast<int>(t)) % 5 == 4;
      grads[t] = dense ? table.dense->data : nullptr;
      row_grads[t] = dense ? nullptr : &table.gradient;
      if (dense) {
        fill(numbers, dtype, *table.dense);
        continue;
      }
      const auto count = static_cast<std::size_t>((numbers.next() + 1.0) * 10.0);  // some twice, and at times none
      table.rows.clear();
      for (std::size_t k = 0; k < count; ++k) {
        table.rows.push_back(static_cast<std::int64_t>((numbers.next() + 1.0) * (kRows / 2.0)));
      }
      table.short_rows.assign(table.rows.begin(), table.rows.end());
      const std::size_t value_bytes = count * kColumns[t] * adamas::size_of(value_dtype);
      table.values = std::make_unique<Buffer>(value_bytes, adamas::size_of(value_dtype));
      fill(numbers, value_dtype, *table.values);
      table.gradient.rows_are_64 = step % 2 == 0;
      table.gradient.rows = table.gradient.rows_are_64 ? static_cast<const void*>(table.rows.data())
                                                       : static_cast<const void*>(table.short_rows.data());
      table.gradient.values = table.values->data;
      table.gradient.count = count;
      table.gradient.dtype = value_dtype;
    }
    adamas::StepOptions options;
    if (step % 3 == 1) options.max_norm = 0.5;
    adamas::StepInputs inputs;
    inputs.grads = grads.data();
    inputs.grad_dtypes = dtypes.data();
    inputs.row_grads = row_grads.data();
    inputs.groups = &hyperparameters;
    inputs.group_count = 1;
    inputs.options = &options;
    inputs.threads = threads;
    check(plan.step(inputs), "step");
    if (step % 4 == 3) check(plan.catch_up(1, &tables[1].gradient, threads), "catch_up");
  }
  Digest digest;
  for (std::size_t t = 0; t < tables.size(); ++t) {
    check(plan.catch_up(t, nullptr, threads), "catch_up");
    digest.add(tables[t].param->data, tables[t].param->size);
    for (const auto& state : tables[t].states) digest.add(state->data, state->size);
    digest.add(tables[t].counts.data(), tables[t].counts.size() * sizeof tables[t].counts[0]);
  }
  return digest.value();
}

}  // namespace exercise
