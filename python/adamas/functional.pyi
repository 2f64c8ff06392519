"""Updates of one parameter, in place.

Written by tests/helpers/interface_stubs.py: change the rules instead.
"""

from adamas._types import Array

__all__ = [
    "adabelief_",
    "adadelta_",
    "adafactor_",
    "adagrad_",
    "adam_",
    "adam_atan2_",
    "adamax_",
    "adammini_",
    "adamw_",
    "adan_",
    "ademamix_",
    "adopt_",
    "lamb_",
    "laprop_",
    "lars_",
    "lion_",
    "mars_",
    "nadam_",
    "novograd_",
    "prodigy_",
    "radam_",
    "rmsprop_",
    "rprop_",
    "schedule_free_adamw_",
    "schedule_free_radam_",
    "schedule_free_sgd_",
    "sgd_",
    "stableadamw_",
    "yogi_",
]

def adam_(
    param: Array,
    grad: Array,
    exp_avg: Array,
    exp_avg_sq: Array,
    max_exp_avg_sq: Array | None = None,
    *,
    step: int,
    lr: float = 0.001,
    betas: tuple[float, float] = (0.9, 0.999),
    eps: float = 1e-08,
    weight_decay: float = 0.0,
    maximize: bool = False,
    bias_correction: bool = True,
    eps_hat: bool = False,
    decoupled_weight_decay: bool = False,
    decay: str = "scaled",
    max_lr: float | None = None,
    cautious: bool = False,
    num_threads: int | None = None,
) -> None:
    """Update one parameter in place by the rule of `adamas.Adam`.

    Equations and arguments: ``help(adamas.functional.adam_)``.
    """

def adamw_(
    param: Array,
    grad: Array,
    exp_avg: Array,
    exp_avg_sq: Array,
    max_exp_avg_sq: Array | None = None,
    *,
    step: int,
    lr: float = 0.001,
    betas: tuple[float, float] = (0.9, 0.999),
    eps: float = 1e-08,
    weight_decay: float = 0.01,
    maximize: bool = False,
    bias_correction: bool = True,
    eps_hat: bool = False,
    decay: str = "scaled",
    max_lr: float | None = None,
    cautious: bool = False,
    num_threads: int | None = None,
) -> None:
    """Update one parameter in place by the rule of `adamas.AdamW`.

    Equations and arguments: ``help(adamas.functional.adamw_)``.
    """

def nadam_(
    param: Array,
    grad: Array,
    exp_avg: Array,
    exp_avg_sq: Array,
    *,
    step: int,
    scalars: dict[str, float],
    lr: float = 0.002,
    betas: tuple[float, float] = (0.9, 0.999),
    eps: float = 1e-08,
    weight_decay: float = 0.0,
    momentum_decay: float = 0.004,
    decoupled_weight_decay: bool = False,
    maximize: bool = False,
    decay: str = "scaled",
    max_lr: float | None = None,
    cautious: bool = False,
    num_threads: int | None = None,
) -> None:
    """Update one parameter in place by the rule of `adamas.NAdam`.

    Equations and arguments: ``help(adamas.functional.nadam_)``.
    """

def radam_(
    param: Array,
    grad: Array,
    exp_avg: Array,
    exp_avg_sq: Array,
    *,
    step: int,
    lr: float = 0.001,
    betas: tuple[float, float] = (0.9, 0.999),
    eps: float = 1e-08,
    weight_decay: float = 0.0,
    decoupled_weight_decay: bool = False,
    maximize: bool = False,
    decay: str = "scaled",
    max_lr: float | None = None,
    cautious: bool = False,
    num_threads: int | None = None,
) -> None:
    """Update one parameter in place by the rule of `adamas.RAdam`.

    Equations and arguments: ``help(adamas.functional.radam_)``.
    """

def adamax_(
    param: Array,
    grad: Array,
    exp_avg: Array,
    exp_inf: Array,
    *,
    step: int,
    lr: float = 0.002,
    betas: tuple[float, float] = (0.9, 0.999),
    eps: float = 1e-08,
    weight_decay: float = 0.0,
    maximize: bool = False,
    decoupled_weight_decay: bool = False,
    decay: str = "scaled",
    max_lr: float | None = None,
    cautious: bool = False,
    num_threads: int | None = None,
) -> None:
    """Update one parameter in place by the rule of `adamas.Adamax`.

    Equations and arguments: ``help(adamas.functional.adamax_)``.
    """

def adabelief_(
    param: Array,
    grad: Array,
    exp_avg: Array,
    exp_avg_var: Array,
    *,
    step: int,
    lr: float = 0.001,
    betas: tuple[float, float] = (0.9, 0.999),
    eps: float = 1e-16,
    weight_decay: float = 0.0,
    eps_root: float = 1e-16,
    maximize: bool = False,
    decoupled_weight_decay: bool = True,
    decay: str = "scaled",
    max_lr: float | None = None,
    cautious: bool = False,
    num_threads: int | None = None,
) -> None:
    """Update one parameter in place by the rule of `adamas.AdaBelief`.

    Equations and arguments: ``help(adamas.functional.adabelief_)``.
    """

def yogi_(
    param: Array,
    grad: Array,
    exp_avg: Array,
    exp_avg_sq: Array,
    *,
    step: int,
    lr: float = 0.01,
    betas: tuple[float, float] = (0.9, 0.999),
    eps: float = 0.001,
    weight_decay: float = 0.0,
    initial_accumulator_value: float = 1e-06,
    maximize: bool = False,
    decoupled_weight_decay: bool = False,
    decay: str = "scaled",
    max_lr: float | None = None,
    cautious: bool = False,
    num_threads: int | None = None,
) -> None:
    """Update one parameter in place by the rule of `adamas.Yogi`.

    Equations and arguments: ``help(adamas.functional.yogi_)``.
    """

def adagrad_(
    param: Array,
    grad: Array,
    sum: Array,
    *,
    step: int,
    lr: float = 0.01,
    lr_decay: float = 0.0,
    weight_decay: float = 0.0,
    initial_accumulator_value: float = 0.0,
    eps: float = 1e-10,
    maximize: bool = False,
    decoupled_weight_decay: bool = False,
    decay: str = "scaled",
    max_lr: float | None = None,
    num_threads: int | None = None,
) -> None:
    """Update one parameter in place by the rule of `adamas.Adagrad`.

    Equations and arguments: ``help(adamas.functional.adagrad_)``.
    """

def rmsprop_(
    param: Array,
    grad: Array,
    square_avg: Array,
    grad_avg: Array | None = None,
    momentum_buffer: Array | None = None,
    *,
    step: int,
    lr: float = 0.01,
    alpha: float = 0.99,
    eps: float = 1e-08,
    weight_decay: float = 0.0,
    momentum: float = 0.0,
    centered: bool = False,
    maximize: bool = False,
    decoupled_weight_decay: bool = False,
    decay: str = "scaled",
    max_lr: float | None = None,
    cautious: bool = False,
    num_threads: int | None = None,
) -> None:
    """Update one parameter in place by the rule of `adamas.RMSprop`.

    Equations and arguments: ``help(adamas.functional.rmsprop_)``.
    """

def lion_(
    param: Array,
    grad: Array,
    exp_avg: Array,
    *,
    step: int,
    lr: float = 0.0001,
    betas: tuple[float, float] = (0.9, 0.99),
    weight_decay: float = 0.001,
    maximize: bool = False,
    decay: str = "scaled",
    max_lr: float | None = None,
    cautious: bool = False,
    num_threads: int | None = None,
) -> None:
    """Update one parameter in place by the rule of `adamas.Lion`.

    Equations and arguments: ``help(adamas.functional.lion_)``.
    """

def lamb_(
    param: Array,
    grad: Array,
    exp_avg: Array,
    exp_avg_sq: Array,
    *,
    step: int,
    lr: float = 0.001,
    betas: tuple[float, float] = (0.9, 0.999),
    eps: float = 1e-06,
    weight_decay: float = 0.0,
    maximize: bool = False,
    bias_correction: bool = True,
    num_threads: int | None = None,
) -> None:
    """Update one parameter in place by the rule of `adamas.LAMB`.

    Equations and arguments: ``help(adamas.functional.lamb_)``.
    """

def adan_(
    param: Array,
    grad: Array,
    exp_avg: Array,
    exp_avg_diff: Array,
    exp_avg_sq: Array,
    previous_grad: Array,
    *,
    step: int,
    lr: float = 0.001,
    betas: tuple[float, float, float] = (0.98, 0.92, 0.99),
    eps: float = 1e-08,
    weight_decay: float = 0.0,
    eps_root: float = 1e-08,
    mix_by_beta2: bool = False,
    maximize: bool = False,
    decay: str = "scaled",
    max_lr: float | None = None,
    cautious: bool = False,
    num_threads: int | None = None,
) -> None:
    """Update one parameter in place by the rule of `adamas.Adan`.

    Equations and arguments: ``help(adamas.functional.adan_)``.
    """

def adopt_(
    param: Array,
    grad: Array,
    exp_avg: Array,
    exp_avg_sq: Array,
    *,
    step: int,
    lr: float = 0.001,
    betas: tuple[float, float] = (0.9, 0.9999),
    eps: float = 1e-06,
    weight_decay: float = 0.0,
    clip: bool = True,
    maximize: bool = False,
    decoupled_weight_decay: bool = False,
    decay: str = "scaled",
    max_lr: float | None = None,
    cautious: bool = False,
    num_threads: int | None = None,
) -> None:
    """Update one parameter in place by the rule of `adamas.ADOPT`.

    Equations and arguments: ``help(adamas.functional.adopt_)``.
    """

def ademamix_(
    param: Array,
    grad: Array,
    exp_avg: Array,
    exp_avg_slow: Array,
    exp_avg_sq: Array,
    *,
    step: int,
    lr: float = 0.001,
    betas: tuple[float, float, float] = (0.9, 0.999, 0.9999),
    eps: float = 1e-08,
    weight_decay: float = 0.0,
    alpha: float = 5.0,
    warmup_steps: int = 0,
    maximize: bool = False,
    decay: str = "scaled",
    max_lr: float | None = None,
    cautious: bool = False,
    num_threads: int | None = None,
) -> None:
    """Update one parameter in place by the rule of `adamas.AdEMAMix`.

    Equations and arguments: ``help(adamas.functional.ademamix_)``.
    """

def schedule_free_adamw_(
    param: Array,
    grad: Array,
    z: Array,
    exp_avg_sq: Array,
    *,
    step: int,
    scalars: dict[str, float],
    lr: float = 0.0025,
    betas: tuple[float, float] = (0.9, 0.999),
    eps: float = 1e-08,
    weight_decay: float = 0.0,
    warmup_steps: int = 0,
    r: float = 0.0,
    weight_lr_power: float = 2.0,
    maximize: bool = False,
    num_threads: int | None = None,
) -> None:
    """Update one parameter in place by the rule of `adamas.ScheduleFreeAdamW`.

    Equations and arguments: ``help(adamas.functional.schedule_free_adamw_)``.
    """

def schedule_free_sgd_(
    param: Array,
    grad: Array,
    z: Array,
    *,
    step: int,
    scalars: dict[str, float],
    lr: float = 1.0,
    momentum: float = 0.9,
    weight_decay: float = 0.0,
    warmup_steps: int = 0,
    r: float = 0.0,
    weight_lr_power: float = 2.0,
    maximize: bool = False,
    num_threads: int | None = None,
) -> None:
    """Update one parameter in place by the rule of `adamas.ScheduleFreeSGD`.

    Equations and arguments: ``help(adamas.functional.schedule_free_sgd_)``.
    """

def schedule_free_radam_(
    param: Array,
    grad: Array,
    z: Array,
    exp_avg_sq: Array,
    *,
    step: int,
    scalars: dict[str, float],
    lr: float = 0.0025,
    betas: tuple[float, float] = (0.9, 0.999),
    eps: float = 1e-08,
    weight_decay: float = 0.0,
    r: float = 0.0,
    weight_lr_power: float = 2.0,
    silent_sgd_phase: bool = True,
    maximize: bool = False,
    num_threads: int | None = None,
) -> None:
    """Update one parameter in place by the rule of `adamas.ScheduleFreeRAdam`.

    Equations and arguments: ``help(adamas.functional.schedule_free_radam_)``.
    """

def sgd_(
    param: Array,
    grad: Array,
    momentum_buffer: Array | None = None,
    *,
    step: int,
    lr: float = 0.001,
    momentum: float = 0.0,
    dampening: float = 0.0,
    weight_decay: float = 0.0,
    nesterov: bool = False,
    maximize: bool = False,
    decoupled_weight_decay: bool = False,
    decay: str = "scaled",
    max_lr: float | None = None,
    cautious: bool = False,
    num_threads: int | None = None,
) -> None:
    """Update one parameter in place by the rule of `adamas.SGD`.

    Equations and arguments: ``help(adamas.functional.sgd_)``.
    """

def adadelta_(
    param: Array,
    grad: Array,
    square_avg: Array,
    acc_delta: Array,
    *,
    step: int,
    lr: float = 1.0,
    rho: float = 0.9,
    eps: float = 1e-06,
    weight_decay: float = 0.0,
    maximize: bool = False,
    decoupled_weight_decay: bool = False,
    decay: str = "scaled",
    max_lr: float | None = None,
    num_threads: int | None = None,
) -> None:
    """Update one parameter in place by the rule of `adamas.Adadelta`.

    Equations and arguments: ``help(adamas.functional.adadelta_)``.
    """

def laprop_(
    param: Array,
    grad: Array,
    exp_avg: Array,
    exp_avg_sq: Array,
    *,
    step: int,
    scalars: dict[str, float],
    lr: float = 0.0004,
    betas: tuple[float, float] = (0.9, 0.999),
    eps: float = 1e-15,
    weight_decay: float = 0.0,
    maximize: bool = False,
    decoupled_weight_decay: bool = True,
    decay: str = "scaled",
    max_lr: float | None = None,
    cautious: bool = False,
    num_threads: int | None = None,
) -> None:
    """Update one parameter in place by the rule of `adamas.LaProp`.

    Equations and arguments: ``help(adamas.functional.laprop_)``.
    """

def adam_atan2_(
    param: Array,
    grad: Array,
    exp_avg: Array,
    exp_avg_sq: Array,
    *,
    step: int,
    lr: float = 0.001,
    betas: tuple[float, float] = (0.9, 0.999),
    a: float = 1.27,
    b: float = 1.0,
    weight_decay: float = 0.0,
    maximize: bool = False,
    decoupled_weight_decay: bool = True,
    decay: str = "scaled",
    max_lr: float | None = None,
    cautious: bool = False,
    num_threads: int | None = None,
) -> None:
    """Update one parameter in place by the rule of `adamas.AdamAtan2`.

    Equations and arguments: ``help(adamas.functional.adam_atan2_)``.
    """

def stableadamw_(
    param: Array,
    grad: Array,
    exp_avg: Array,
    exp_avg_sq: Array,
    *,
    step: int,
    lr: float = 0.001,
    betas: tuple[float, float] = (0.9, 0.99),
    eps: float = 1e-06,
    weight_decay: float = 0.01,
    maximize: bool = False,
    num_threads: int | None = None,
) -> None:
    """Update one parameter in place by the rule of `adamas.StableAdamW`.

    Equations and arguments: ``help(adamas.functional.stableadamw_)``.
    """

def mars_(
    param: Array,
    grad: Array,
    exp_avg: Array,
    exp_avg_sq: Array,
    previous_grad: Array,
    *,
    step: int,
    lr: float = 0.003,
    betas: tuple[float, float] = (0.9, 0.99),
    eps: float = 1e-08,
    gamma: float = 0.025,
    weight_decay: float = 0.0,
    maximize: bool = False,
    decay: str = "scaled",
    max_lr: float | None = None,
    cautious: bool = False,
    num_threads: int | None = None,
) -> None:
    """Update one parameter in place by the rule of `adamas.MARS`.

    Equations and arguments: ``help(adamas.functional.mars_)``.
    """

def lars_(
    param: Array,
    grad: Array,
    momentum_buffer: Array,
    *,
    step: int,
    lr: float = 1.0,
    momentum: float = 0.9,
    weight_decay: float = 0.0,
    trust_coefficient: float = 0.001,
    eps: float = 0.0,
    nesterov: bool = False,
    maximize: bool = False,
    num_threads: int | None = None,
) -> None:
    """Update one parameter in place by the rule of `adamas.LARS`.

    Equations and arguments: ``help(adamas.functional.lars_)``.
    """

def novograd_(
    param: Array,
    grad: Array,
    exp_avg: Array,
    *,
    step: int,
    scalars: dict[str, float],
    lr: float = 0.001,
    betas: tuple[float, float] = (0.9, 0.25),
    eps: float = 1e-06,
    eps_root: float = 0.0,
    weight_decay: float = 0.0,
    maximize: bool = False,
    num_threads: int | None = None,
) -> None:
    """Update one parameter in place by the rule of `adamas.NovoGrad`.

    Equations and arguments: ``help(adamas.functional.novograd_)``.
    """

def prodigy_(
    param: Array,
    grad: Array,
    exp_avg: Array,
    exp_avg_sq: Array,
    s: Array,
    p0: Array,
    *,
    step: int,
    scalars: dict[str, float],
    lr: float = 1.0,
    betas: tuple[float, float] = (0.9, 0.999),
    beta3: float | None = None,
    eps: float = 1e-08,
    weight_decay: float = 0.0,
    use_bias_correction: bool = False,
    safeguard_warmup: bool = False,
    d0: float = 1e-06,
    d_coef: float = 1.0,
    growth_rate: float | None = None,
    decoupled_weight_decay: bool = True,
    maximize: bool = False,
    num_threads: int | None = None,
) -> None:
    """Update one parameter in place by the rule of `adamas.Prodigy`.

    Equations and arguments: ``help(adamas.functional.prodigy_)``.
    """

def rprop_(
    param: Array,
    grad: Array,
    prev: Array,
    step_size: Array,
    *,
    step: int,
    lr: float = 0.01,
    etas: tuple[float, float] = (0.5, 1.2),
    step_sizes: tuple[float, float] = (1e-06, 50.0),
    maximize: bool = False,
    num_threads: int | None = None,
) -> None:
    """Update one parameter in place by the rule of `adamas.Rprop`.

    Equations and arguments: ``help(adamas.functional.rprop_)``.
    """

def adafactor_(
    param: Array,
    grad: Array,
    exp_avg: Array | None = None,
    row_var: Array | None = None,
    col_var: Array | None = None,
    variance: Array | None = None,
    *,
    step: int,
    lr: float = 0.01,
    beta2_decay: float = -0.8,
    eps: tuple[float | None, float] = (None, 0.001),
    d: float = 1.0,
    weight_decay: float = 0.0,
    maximize: bool = False,
    beta1: float = 0.0,
    scale_parameter: bool = True,
    relative_step: bool = True,
    warmup_init: bool = False,
    eps_in_mean: bool = False,
    num_threads: int | None = None,
) -> None:
    """Update one parameter in place by the rule of `adamas.Adafactor`.

    Equations and arguments: ``help(adamas.functional.adafactor_)``.
    """

def adammini_(
    param: Array,
    grad: Array,
    exp_avg: Array,
    exp_avg_sq: Array,
    *,
    step: int,
    lr: float = 0.001,
    betas: tuple[float, float] = (0.9, 0.999),
    eps: float = 1e-08,
    weight_decay: float = 0.0,
    maximize: bool = False,
    blocks: str | int = "rows",
    decay: str = "scaled",
    max_lr: float | None = None,
    num_threads: int | None = None,
) -> None:
    """Update one parameter in place by the rule of `adamas.AdamMini`.

    Equations and arguments: ``help(adamas.functional.adammini_)``.
    """
