// What one instruction set exports: a table of kernels, one for each rule and number format.
#pragma once

#include <cstddef>
#include <cstdint>

#include <adamas/formats.hpp>
#include <adamas/hyperparameters.hpp>
#include <adamas/observation.hpp>
#include <adamas/rules.hpp>

#include "math/random_key.hpp"

namespace adamas {

constexpr int kMaxCoefficients = 14;
constexpr std::size_t kCacheLine = 64;  // bytes
constexpr std::size_t kPage = 4096;     // likewise

// Elements of one parameter are cut into slices at multiples of this: whole cache lines and blocks of quantised states.
// Sums are taken granule by granule.
constexpr std::size_t kGranule = 512;

// The squares of so many elements of a column are added in the compute type, and those sums in float64.
constexpr std::size_t kRowsAtOnce = 8;

// The numbers of one step, computed in float64 by the engine and rounded once, by the kernel, to the compute type.
struct StepCoefficients {
  Decay decay_mode;
  double decay;       // weight_decay, or 1 - lr * weight_decay
  double grad_scale;  // multiplies every gradient: -1 to maximize
  double rule[kMaxCoefficients];
  std::int64_t step;  // from 1
  std::uint64_t seed;
  bool cautious;
  double mask_scale;  // if it is: multiplies the elements that move
};

// The arrays of one parameter. In the place of states by row or column there is what the formula is given for each
// element. Where all is of the compute type, that is only read.
struct Streams {
  void* param;
  const void* grad;
  void* const* states;
  void* residue;
  std::size_t size;         // where the parameter, or its shard, ends: behind its codes lie their scales
  std::size_t first_block;  // of the shard, of kBlock elements: only from there on are there states
  DType param_dtype;
  DType grad_dtype;
  Residue residue_kind;
  RandomKey key;
};

// What is kept up to date beside a parameter: an average of it over steps, and a copy in 16 bits; null for none.
struct Companions {
  void* average;
  void* copy;
  DType average_dtype;
  DType copy_dtype;
  double average_weight;         // average += average_weight * (param - average)
  std::uint32_t average_number;  // decides how averages of bfloat16 are rounded
};

// Updates elements [begin, end); begin is on a granule.
using UpdateKernel = void (*)(const Streams& streams, std::size_t begin, std::size_t end, const StepCoefficients& c);

// What a rule wants summed up, over one granule of a parameter.
struct GranuleSums {
  double values[kMaxSums];
};

// Of elements [begin, end), from a granule on: sums[i / kGranule] for each granule of elements i. Nothing is written
// but them.
using SumKernel = void (*)(const Streams& streams, std::size_t begin, std::size_t end, const StepCoefficients& c,
                           GranuleSums* sums);

// A granule of a parameter with states by row or column. In the place of such a state, the formula is given of element
// i what is at i & mask.
struct AxisRun {
  std::size_t begin;
  struct Factors {
    const void* values;
    std::size_t mask;
  } factors[kMaxStates];
};

// Granules that are gone through at once, at most.
constexpr int kRuns = 4;

// Updates `count` granules of `size` elements each; or sums them up, as SumKernel has it.
using AxisRunKernel = void (*)(const Streams& streams, const AxisRun* runs, int count, std::size_t size,
                               const StepCoefficients& c, GranuleSums* sums);

// Brings companions of elements [begin, end), from a granule on, up to date with the parameter.
using CompanionKernel = void (*)(const Streams& streams, const Companions& companions, std::size_t begin,
                                 std::size_t end);

// One of several gradients that are added. When it comes, it is added to the last so many sums before it, the last one
// first; what is left in the end is their sum.
struct Source {
  const void* array;
  DType dtype;
  int joins;
};
constexpr int kMostSums = 25;  // that wait at any time, with what comes next

// Arrays of the compute type that are added to a gradient, one after the other: sums[1] + (sums[0] + gradient); or
// sources, in its place.
struct Addends {
  const void* const* arrays = nullptr;
  int count = 0;
  const Source* sources = nullptr;
};

// (addends + gradient) * scale, within [-limit, limit], of elements [begin, end), all in the compute type; `out` takes
// the first at its beginning, and may be where one of the addends has it.
using PrepareKernel = void (*)(DType dtype, const void* grad, const Addends& addends, std::size_t begin,
                               std::size_t end, double scale, double limit, void* out);

// A measure of gradient times scale, of elements [begin, end), from a granule on: measures[i / kGranule] for each
// granule of elements i, their sum of squares or the largest magnitude.
using MeasureKernel = void (*)(DType dtype, const void* grad, std::size_t begin, std::size_t end, double scale,
                               double* measures);

// Rows of a matrix, or parts of them, of the compute type; row r begins r * stride elements after the first. Sums of
// squares go to row_sums: of each granule of row r, from r * granules on. They are added to column_sums, unless it is
// null; then whole groups of kRowsAtOnce rows are there, except for the last of those whose columns are summed up
// together.
struct AxisRows {
  const void* grad;
  std::size_t rows;
  std::size_t columns;
  std::size_t stride;
  double* row_sums;
  std::size_t granules;
  double* column_sums;
};
using AxisKernel = void (*)(const AxisRows& rows, double scale);

// Kernels for gradients, by the type that is computed with.
struct GradientKernels {
  MeasureKernel squares;
  MeasureKernel largest;  // NaN where an element is
  PrepareKernel prepare;
  AxisKernel axes;
};

// Many steps without a gradient at once (engine/sparse/row_history.hpp): their sum as a series, and, with step_count >
// 0, step by step, for rows in which an element that moves has less than least_square.
struct CatchUpStep {
  float weight;
  float scale;
  float eps;
};
constexpr int kCatchUpMoments = 6;
struct CatchUp {
  double keep;
  double momentum;
  double second;
  double threshold;
  double least_square;
  double moments[kCatchUpMoments];
  const CatchUpStep* steps;
  std::size_t step_count;
};
using CatchUpKernel = void (*)(const CatchUp& c, float* param, float* exp_avg, float* exp_avg_sq, std::size_t size);

// Of cautious updates (engine/cautious.hpp), in the compute type; all but the first over `count` elements. change: of
// the parameter.
struct CautiousKernels {
  // Of elements [begin, end), from a granule on, of a rule that follows its average: how many will move, to
  // counts[i / kGranule] for each granule of elements i. scale: multiplies the gradient; coefficients: of the rule.
  void (*count_by_average)(const void* grad, const void* average, std::size_t begin, std::size_t end, double scale,
                           const double* coefficients, double* counts);
  // grad + weight_decay * param, in place.
  void (*couple)(void* grad, const void* param, std::size_t count, double weight_decay);
  // How many elements move against the gradient, as they should; count: at most kGranule.
  double (*count)(const void* change, const void* grad, std::size_t count);
  // param * decay + change * scale, and no change of elements that move along the gradient.
  void (*move)(void* param, const void* change, const void* grad, std::size_t count, double decay, double scale);
};

// A piece of a parameter in an observed step. All arrays are of the compute type, and have element i at index i.
struct ObservedPiece {
  const void* grad;
  double grad_scale;  // multiplies the gradient that is observed
  double clip_scale;  // multiplies it in the update; what is then larger than the limit is clipped
  double limit;
  const void* before;  // the parameter
  const void* after;
  const void* moment;         // before the update; null for none
  const void* second_before;  // where second_after is the same, it is lost; null where states are not rounded
  const void* second_after;   // null for none
  double floor;               // second moments below this are small beside eps; negative for no such
  // Where parameter and moment before the update are kept meanwhile (ObservedUpdateKernel): the place of element 0,
  // modulo the page, far from those of the arrays that are gone through (engine/scratch.hpp).
  std::size_t places[2];
  // Arrays whose next pieces are to be fetched meanwhile: where what is needed next begins, for element 0, and the
  // bytes of 16 elements.
  struct Fetched {
    std::uintptr_t next;
    std::size_t step;
  };
  static constexpr int kMostFetched = 4;
  Fetched fetched[kMostFetched];
};

// Of elements [begin, end), from a granule on: out[i / kGranule] for each granule of elements i.
using ObserveKernel = void (*)(const ObservedPiece& piece, std::size_t begin, std::size_t end, Observation* out);

// An update where all is float32, observed in the same pass; how: numbers and places.
using ObservedUpdateKernel = void (*)(const Streams& streams, std::size_t begin, std::size_t end,
                                      const StepCoefficients& c, const ObservedPiece& how, Observation* out);

// One state as it is stored: all of its elements.
struct PackedState {
  void* values;
  float* scales;  // of blocks of codes
  std::size_t block_bytes;
  StateKind kind;
};

// Elements [begin, end), from a granule on, as float32, the first of them at `to`, where there is room for whole
// blocks. divisor: what the state is divided by where it is quantised, or one without values.
using UnpackStateKernel = void (*)(StateFormat format, const PackedState& state, const PackedState& divisor,
                                   std::size_t begin, std::size_t end, float* to);

// Likewise, for a state of squares in codes, what the lowest code of an element's block stands for.
using LeastOfCodesKernel = void (*)(StateFormat format, const PackedState& state, std::size_t begin, std::size_t end,
                                    float* to);

using StartKernel = void (*)(const Streams& streams, int which, std::size_t begin, std::size_t end);

struct KernelTable {
  const UpdateKernel* const* update;  // [rule][column], see engine/formats.hpp
  const SumKernel* const* sum;        // the same; a null row for rules that need no sums
  const UpdateKernel* cautious;       // [rule], where all is float32; null for rules that cannot be
  // Updates and sums by granules, for plain formats; null rows for rules without states by row or column, and
  // where vectors have a single lane.
  const AxisRunKernel* const* update_runs;
  const AxisRunKernel* const* sum_runs;
  GradientKernels gradients32;
  GradientKernels gradients64;
  CompanionKernel companions32;  // of parameters computed with in float32
  CompanionKernel companions64;
  CompanionKernel settle;  // before the update: takes over what users have written into parameter or copy
  StartKernel start;       // makes elements [begin, end) of a state what the parameter is, computed with in float32
  CatchUpKernel catch_up;
  CautiousKernels cautious32;
  CautiousKernels cautious64;
  // Makes elements [begin, end) of the parameter, computed with in float32, what `from` has from its beginning on.
  void (*store)(const Streams& streams, const float* from, std::size_t begin, std::size_t end);
  const ObservedUpdateKernel* observed_update;  // [rule]; null where vectors have a single lane
  ObserveKernel observe32;                      // of parameters computed with in float32
  ObserveKernel observe64;
  UnpackStateKernel unpack_state;
  LeastOfCodesKernel least_of_codes;
};

}  // namespace adamas
