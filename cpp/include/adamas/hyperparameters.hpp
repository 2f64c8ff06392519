/// \file
/// The hyperparameters of a group of parameters.
#pragma once

#include <cstdint>

#include <adamas/types.hpp>

namespace adamas {

/// \defgroup adamas_hyperparameters Hyperparameters
/// What a user sets for a group of parameters.
/// \{

/// How weight decay acts. `p` is the parameter, `g` its gradient.
enum class Decay : std::uint8_t {
  kCoupled,      ///< an L2 penalty: g + weight_decay * p takes the place of g (Adam)
  kDecoupled,    ///< p * (1 - lr * weight_decay) takes the place of p, apart from the gradient (AdamW)
  kCorrected,    ///< decoupled, with p * (1 - lr * (lr / max_lr) * weight_decay) (AdamC)
  kIndependent,  ///< decoupled from lr as well, with p * (1 - (lr / max_lr) * weight_decay)
};

/// Where eps is added. `v` is the second moment.
enum class EpsPlacement : std::uint8_t {
  kAfterBiasCorrection,   ///< sqrt(v_hat) + eps
  kBeforeBiasCorrection,  ///< "epsilon hat": sqrt(v) + eps, with the bias correction folded into the step size
};

/// The numbers that a step uses for a group of parameters. Each step reads all of them again, so a schedule is an
/// assignment between two steps. A rule uses those that the docstring of its Python class names.
struct Hyperparameters {
  double lr = 1e-3;                                                 ///< learning rate, at least 0
  double beta1 = 0.9;                                               ///< decay rate of the first moment, in [0, 1)
  double beta2 = 0.999;                                             ///< decay rate of the second moment, in [0, 1)
  double eps = 1e-8;                                                ///< at least 0
  double weight_decay = 0.0;                                        ///< at least 0
  Decay decay = Decay::kCoupled;                                    ///< how weight_decay acts
  EpsPlacement eps_placement = EpsPlacement::kAfterBiasCorrection;  ///< where eps is added
  bool bias_correction = true;                                      ///< divide the moments by 1 - beta^step
  bool maximize = false;                                            ///< go along the gradient instead of against it
  double max_lr = 0.0;     ///< largest lr of the schedule, above 0; for Decay::kCorrected and kIndependent
  bool cautious = false;   ///< elements that would move along the gradient, not against it, keep their value;
                           ///< only with rules that have RuleInfo::cautious
  std::uint64_t seed = 0;  ///< of stochastic rounding (Residue::kStochastic)

  double beta3 = 0.0;              ///< Adan, AdEMAMix: in [0, 1)
  double eps_root = 0.0;           ///< AdaBelief, Adan, NovoGrad: at least 0
  double alpha = 0.0;              ///< RMSprop, Adadelta: in [0, 1). AdEMAMix: at least 0
  double momentum = 0.0;           ///< RMSprop, SGD, LARS: at least 0. Schedule-Free SGD: in [0, 1)
  double dampening = 0.0;          ///< SGD
  double momentum_decay = 0.0;     ///< NAdam: at least 0
  double lr_decay = 0.0;           ///< Adagrad: at least 0
  double warmup_steps = 0.0;       ///< AdEMAMix, Schedule-Free: a whole number, at least 0
  double weight_power = 0.0;       ///< Schedule-Free: at least 0
  double weight_lr_power = 0.0;    ///< Schedule-Free: at least 0
  double gamma = 0.0;              ///< MARS: at least 0
  double trust_coefficient = 1.0;  ///< LARS: at least 0
  double atan_a = 1.0;             ///< Adam-atan2: factor of the angle, at least 0
  double atan_b = 1.0;             ///< Adam-atan2: factor of the root of the second moment, at least 0
  double eta_minus = 0.5;          ///< Rprop: in (0, 1)
  double eta_plus = 1.2;           ///< Rprop: above 1
  double step_min = 1e-6;          ///< Rprop: at least 0
  double step_max = 50.0;          ///< Rprop: at least step_min
  double beta2_decay = -0.8;       ///< Adafactor: exponent of the weight of a new square, at most 0
  double least_root = -1.0;        ///< Adafactor: at least 0, or -1 for the machine epsilon of the compute type
  double least_scale = 1e-3;       ///< Adafactor: at least 0
  double clip_threshold = 1.0;     ///< Adafactor: at least 1
  bool scale_parameter = true;     ///< Adafactor: multiply lr by the root mean square of the parameter, or least_scale
  bool relative_step = true;       ///< Adafactor: limit lr to 1 / sqrt(step)
  bool warmup_init = false;        ///< Adafactor: limit lr to 1e-6 * step
  bool eps_in_mean = false;        ///< Adafactor: add least_root to the squares
  double estimate_beta = -1.0;     ///< Prodigy: in [0, 1), or -1 for the root of beta2
  double d0 = 1e-6;                ///< Prodigy: first estimate of the distance, above 0
  double d_coef = 1.0;             ///< Prodigy: factor of the estimate, at least 0
  double growth_rate = -1.0;       ///< Prodigy: at least 1, or -1 for no limit
  bool clip = true;                ///< ADOPT: limit the normalised gradient
  bool nesterov = false;           ///< LARS: Nesterov momentum
  bool mix_by_beta2 = false;       ///< Adan: weigh the difference of gradients by beta2, not by 1 - beta2
  bool silent_sgd_phase = true;    ///< Schedule-Free RAdam: no update while the rectification is undefined
  bool safeguard_warmup = false;   ///< Prodigy: leave lr out of the denominator of the estimate
};

/// Whether all values are in their ranges. A step checks those that its rules use.
///
/// \return kInvalidHyperparameter if a value is out of range, infinite or not a number.
Status check(const Hyperparameters& hyperparameters) noexcept;

/// \}

}  // namespace adamas
