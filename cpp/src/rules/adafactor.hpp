// Adafactor: Shazeer and Stern 2018, "Adafactor: Adaptive Learning Rates with Sublinear Memory Cost" (arXiv
// 1804.04235), Algorithms 4 and 5, as in torch.optim: e1 bounds the second moment from below. With eps_in_mean it is
// added to the squares instead, as in the paper.
//
//   w <- t^beta2_decay
//   r <- (1-w)*r + w*(mean of g*g over each row),  c <- (1-w)*c + w*(mean over each column)
//   u <- g * min(1/sqrt(r/max(mean of r, e1)) * 1/sqrt(c), 1/e1)
//   a <- max(e2, RMS(p)) * min(lr, 1/sqrt(t)) / max(1, RMS(u)/d)
//   p <- p*(1 - lr*weight_decay) - a*u          with beta1: m <- b1*m + (1-b1)*(a*u), and m in the place of a*u
//
// A parameter of fewer than two dimensions has v <- (1-w)*v + w*(g*g) for each element, and
// u <- g / max(sqrt(v), e1). RMS is the root of the mean square over all elements.
#pragma once

#include <cmath>
#include <limits>
#include <type_traits>

#include "math/elementary.hpp"
#include "rules/rule.hpp"

namespace adamas {
namespace {

template <class V>
struct FactoredStates {
  V& row_var;
  V& col_var;
};
template <class V>
struct FactoredMomentumStates {
  V& exp_avg;
  V& row_var;
  V& col_var;
};
template <class V>
struct VectorStates {
  V& variance;
};
template <class V>
struct VectorMomentumStates {
  V& exp_avg;
  V& variance;
};

// What both forms share.
template <bool kMomentum>
struct AdafactorBase : RuleDefaults {
  static constexpr bool kOwnDecay = true;
  static constexpr bool kTakesEpsilon = true;
  using Scalars = RuleDefaults::Scalars;

  static bool accepts(const Hyperparameters& h) {
    return (h.least_root == -1.0 || non_negative(h.least_root)) &&
           non_negative(h.least_scale, h.clip_threshold - 1.0, -h.beta2_decay);
  }

  template <class T>
  struct Coefficients {
    T beta1, one_minus_beta1;
    T beta2, one_minus_beta2;
    T added, least, most;  // to the squares; of a root; of its inverse
    T least_scale, clip_threshold;
    T kept, step_size;
  };

  static void coefficients(const Hyperparameters& h, std::int64_t step, Scalars, Coefficients<double&> c) {
    const auto t = static_cast<double>(step);
    c.one_minus_beta2 = real_power(t, h.beta2_decay);
    c.beta2 = 1.0 - c.one_minus_beta2;
    c.beta1 = h.beta1;
    c.one_minus_beta1 = 1.0 - h.beta1;
    c.added = h.eps_in_mean ? h.least_root : 0.0;
    c.least = h.eps_in_mean ? 0.0 : h.least_root;
    c.most = 1.0 / c.least;
    c.least_scale = h.scale_parameter ? h.least_scale : -1.0;
    c.clip_threshold = h.clip_threshold;
    c.kept = 1.0 - h.lr * h.weight_decay;
    const double most = h.warmup_init && 1e-6 * t < h.lr ? 1e-6 * t : h.lr;
    const double relative = 1.0 / std::sqrt(t);
    c.step_size = h.relative_step && relative < most ? relative : most;
  }

  template <class T>
  struct Sums {
    T param_square, direction_square;
  };
  static constexpr int kSumCount = 2;
  static constexpr bool kSumsInComputeType = true;
  static constexpr const char* kSums[kMaxSums] = {"param_square", "direction_square"};

  static void take_sums(Sums<const double&> sums, double size, Scalars, Coefficients<double&> c) {
    if (c.least_scale >= 0.0) {
      const double scale = std::sqrt(sums.param_square / size);
      c.step_size = c.step_size * (scale > c.least_scale ? scale : c.least_scale);
    }
    const double excess = std::sqrt(sums.direction_square / size) / c.clip_threshold;
    if (excess > 1.0) c.step_size = c.step_size / excess;
  }

  template <class V, class States>
  static ADAMAS_INLINE V step(V p, V direction, States state, Coefficients<const V&> c) {
    if constexpr (kMomentum) {
      state.exp_avg = c.beta1 * state.exp_avg + c.one_minus_beta1 * (c.step_size * direction);
      return p * c.kept - state.exp_avg;
    } else {
      return p * c.kept - c.step_size * direction;
    }
  }
};

// Of matrices.
template <bool kMomentum>
struct AdafactorRule : AdafactorBase<kMomentum> {
  using Base = AdafactorBase<kMomentum>;
  template <class T>
  using Coefficients = typename Base::template Coefficients<T>;
  template <class T>
  using Sums = typename Base::template Sums<T>;
  template <class V>
  using States = std::conditional_t<kMomentum, FactoredMomentumStates<V>, FactoredStates<V>>;

  static constexpr StateInfo kRowVar = {"row_var", StateKind::kExact, nullptr, StateExtent::kRow};
  static constexpr StateInfo kColVar = {"col_var", StateKind::kExact, nullptr, StateExtent::kColumn};
  static constexpr int kStateCount = kMomentum ? 3 : 2;
  static constexpr StateInfo kStates[kMaxStates] = {
      kMomentum ? StateInfo{"exp_avg", StateKind::kSigned, nullptr} : kRowVar, kMomentum ? kRowVar : kColVar, kColVar};

  static double next_square(double square, double mean, Coefficients<const double&> c) {
    return c.beta2 * square + c.one_minus_beta2 * (mean + c.added);
  }
  static double row_factor(double square, double mean, Coefficients<const double&> c) {
    return 1.0 / std::sqrt(square / (mean > c.least ? mean : c.least));
  }
  static double column_factor(double square, Coefficients<const double&>) { return 1.0 / std::sqrt(square); }

  template <class V>
  static ADAMAS_INLINE V direction(V g, States<V> state, Coefficients<const V&> c) {
    const V inverse_root = state.row_var * state.col_var;
    return g * where_greater(inverse_root, c.most, c.most, inverse_root);
  }

  template <class V>
  static ADAMAS_INLINE void products(V p, V g, States<V> state, Coefficients<const V&> c, Sums<Product<V>&> sums) {
    sums.param_square = square(p);
    sums.direction_square = square(direction(g, state, c));
  }

  template <class V>
  static ADAMAS_INLINE V update(V p, V g, States<V> state, Coefficients<const V&> c) {
    return Base::step(p, direction(g, state, c), state, c);
  }
};

// Of parameters of fewer dimensions.
template <bool kMomentum>
struct AdafactorVectorRule : AdafactorBase<kMomentum> {
  using Base = AdafactorBase<kMomentum>;
  template <class T>
  using Coefficients = typename Base::template Coefficients<T>;
  template <class T>
  using Sums = typename Base::template Sums<T>;
  template <class V>
  using States = std::conditional_t<kMomentum, VectorMomentumStates<V>, VectorStates<V>>;

  static constexpr StateInfo kVariance = {"variance", StateKind::kSquare, nullptr};
  static constexpr int kStateCount = kMomentum ? 2 : 1;
  static constexpr StateInfo kStates[kMaxStates] = {
      kMomentum ? StateInfo{"exp_avg", StateKind::kSigned, nullptr} : kVariance, kVariance};
  static constexpr bool kTakesRoot = true;

  template <class V>
  static ADAMAS_INLINE V begin(V, V g, States<V> state, Coefficients<const V&> c) {
    state.variance = c.beta2 * state.variance + c.one_minus_beta2 * (g * g + c.added);
    return square_root(state.variance);
  }

  template <class V>
  static ADAMAS_INLINE void products(V p, V g, States<V> state, Coefficients<const V&> c, Sums<Product<V>&> sums) {
    sums.param_square = square(p);
    sums.direction_square = square(g / larger(begin(p, g, state, c), c.least));
  }

  template <class V>
  static ADAMAS_INLINE V finish(V p, V g, V root, States<V> state, Coefficients<const V&> c) {
    return Base::step(p, g / larger(root, c.least), state, c);
  }
};

}  // namespace
}  // namespace adamas
