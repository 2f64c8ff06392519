// What a user sets for a group of parameters. All values are read afresh at every step; a rule reads those that its
// header in src/rules (and the docstring of the Python class) names.
#pragma once

#include <cstdint>

#include <adamas/types.hpp>

namespace adamas {

enum class Decay : std::uint8_t {
  kCoupled,      // an L2 penalty: g <- g + weight_decay * p  (Adam)
  kDecoupled,    // p <- p * (1 - lr * weight_decay), apart from the gradient  (AdamW)
  kCorrected,    // decoupled: p <- p * (1 - lr * (lr / max_lr) * weight_decay)  (AdamC)
  kIndependent,  // decoupled from lr as well: p <- p * (1 - (lr / max_lr) * weight_decay)
};

enum class EpsPlacement : std::uint8_t {
  kAfterBiasCorrection,   // sqrt(v_hat) + eps
  kBeforeBiasCorrection,  // "epsilon hat": sqrt(v) + eps, with the bias correction folded into the step size
};

struct Hyperparameters {
  double lr = 1e-3;           // >= 0
  double beta1 = 0.9;         // in [0, 1)
  double beta2 = 0.999;       // in [0, 1)
  double eps = 1e-8;          // >= 0
  double weight_decay = 0.0;  // >= 0
  Decay decay = Decay::kCoupled;
  EpsPlacement eps_placement = EpsPlacement::kAfterBiasCorrection;
  bool bias_correction = true;
  bool maximize = false;
  double max_lr = 0.0;     // the largest lr of the schedule; > 0 for Decay::kCorrected and kIndependent
  bool cautious = false;   // elements whose change goes along the gradient wait (RuleInfo::cautious)
  std::uint64_t seed = 0;  // of stochastic rounding (Residue::kStochastic)

  // Of some rules.
  double beta3 = 0.0;              // in [0, 1): Adan, AdEMAMix
  double eps_root = 0.0;           // >= 0: AdaBelief, Adan, NovoGrad
  double alpha = 0.0;              // >= 0: RMSprop and Adadelta (where it is a decay rate, below 1), AdEMAMix
  double momentum = 0.0;           // >= 0: RMSprop, SGD, LARS, Schedule-Free SGD (below 1)
  double dampening = 0.0;          // SGD
  double momentum_decay = 0.0;     // >= 0: NAdam
  double lr_decay = 0.0;           // >= 0: Adagrad
  double warmup_steps = 0.0;       // >= 0: AdEMAMix, Schedule-Free
  double weight_power = 0.0;       // >= 0: Schedule-Free
  double weight_lr_power = 0.0;    // >= 0: Schedule-Free
  double gamma = 0.0;              // >= 0: MARS
  double trust_coefficient = 1.0;  // >= 0: LARS
  double atan_a = 1.0;             // >= 0: Adam-atan2, of the angle
  double atan_b = 1.0;             // >= 0: Adam-atan2, of the root of the second moment
  double eta_minus = 0.5;          // in (0, 1): Rprop
  double eta_plus = 1.2;           // > 1: Rprop
  double step_min = 1e-6;          // >= 0: Rprop
  double step_max = 50.0;          // >= step_min: Rprop
  double beta2_decay = -0.8;       // <= 0: Adafactor, and those up to eps_in_mean
  double least_root = -1.0;        // >= 0, or -1 for the epsilon of the type that is computed with
  double least_scale = 1e-3;       // >= 0
  double clip_threshold = 1.0;     // >= 1
  bool scale_parameter = true;
  bool relative_step = true;
  bool warmup_init = false;
  bool eps_in_mean = false;
  double estimate_beta = -1.0;    // in [0, 1), or -1 for the root of beta2: Prodigy
  double d0 = 1e-6;               // > 0: Prodigy
  double d_coef = 1.0;            // >= 0: Prodigy
  double growth_rate = -1.0;      // >= 1, or -1 for no limit: Prodigy
  bool clip = true;               // ADOPT
  bool nesterov = false;          // LARS
  bool mix_by_beta2 = false;      // Adan
  bool silent_sgd_phase = true;   // Schedule-Free RAdam
  bool safeguard_warmup = false;  // Prodigy
};

// kInvalidHyperparameter if a value is out of its range, infinite or not a number. (A step looks at those that its
// rules read.)
Status check(const Hyperparameters& hyperparameters) noexcept;

}  // namespace adamas
