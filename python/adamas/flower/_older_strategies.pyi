"""The strategies, as those of flwr.server.strategy.

Written by tests/helpers/interface_stubs.py: change the rules instead.
"""

from typing import Any

from adamas.flower._older import FedServer

__all__ = [
    "FedADOPT",
    "FedAdEMAMix",
    "FedAdaBelief",
    "FedAdadelta",
    "FedAdafactor",
    "FedAdagrad",
    "FedAdam",
    "FedAdamAtan2",
    "FedAdamMini",
    "FedAdamW",
    "FedAdamax",
    "FedAdan",
    "FedLAMB",
    "FedLARS",
    "FedLaProp",
    "FedLion",
    "FedMARS",
    "FedNAdam",
    "FedNovoGrad",
    "FedProdigy",
    "FedRAdam",
    "FedRMSprop",
    "FedRprop",
    "FedSGD",
    "FedStableAdamW",
    "FedYogi",
]

class FedAdam(FedServer):
    r"""A strategy of ``flwr.server.strategy`` whose server steps by `adamas.Adam`.

    Equations, arguments and options: ``help(adamas.flower.older.FedAdam)``.
    """

    def __init__(
        self,
        *,
        eta: Any = 0.1,
        eta_l: Any = 0.1,
        beta_1: Any = 0.9,
        beta_2: Any = 0.99,
        tau: Any = 1e-09,
        weight_decay: Any = 0.0,
        amsgrad: Any = False,
        decoupled_weight_decay: Any = False,
        decay: Any = "scaled",
        max_lr: Any = None,
        cautious: Any = False,
        mode: Any = "flower",
        averaged: Any = None,
        state_dtype: Any = None,
        num_threads: Any = None,
        **fedavg: Any,
    ) -> None: ...

class FedAdamW(FedServer):
    r"""A strategy of ``flwr.server.strategy`` whose server steps by `adamas.AdamW`.

    Equations, arguments and options: ``help(adamas.flower.older.FedAdamW)``.
    """

    def __init__(
        self,
        *,
        eta: Any = 0.1,
        beta_1: Any = 0.9,
        beta_2: Any = 0.99,
        tau: Any = 1e-09,
        weight_decay: Any = 0.01,
        amsgrad: Any = False,
        decay: Any = "scaled",
        max_lr: Any = None,
        cautious: Any = False,
        mode: Any = "flower",
        averaged: Any = None,
        state_dtype: Any = None,
        num_threads: Any = None,
        **fedavg: Any,
    ) -> None: ...

class FedNAdam(FedServer):
    r"""A strategy of ``flwr.server.strategy`` whose server steps by `adamas.NAdam`.

    Equations, arguments and options: ``help(adamas.flower.older.FedNAdam)``.
    """

    def __init__(
        self,
        *,
        eta: Any = 0.002,
        beta_1: Any = 0.9,
        beta_2: Any = 0.999,
        tau: Any = 1e-08,
        weight_decay: Any = 0.0,
        momentum_decay: Any = 0.004,
        decoupled_weight_decay: Any = False,
        decay: Any = "scaled",
        max_lr: Any = None,
        cautious: Any = False,
        averaged: Any = None,
        state_dtype: Any = None,
        num_threads: Any = None,
        **fedavg: Any,
    ) -> None: ...

class FedRAdam(FedServer):
    r"""A strategy of ``flwr.server.strategy`` whose server steps by `adamas.RAdam`.

    Equations, arguments and options: ``help(adamas.flower.older.FedRAdam)``.
    """

    def __init__(
        self,
        *,
        eta: Any = 0.001,
        beta_1: Any = 0.9,
        beta_2: Any = 0.999,
        tau: Any = 1e-08,
        weight_decay: Any = 0.0,
        decoupled_weight_decay: Any = False,
        decay: Any = "scaled",
        max_lr: Any = None,
        cautious: Any = False,
        averaged: Any = None,
        state_dtype: Any = None,
        num_threads: Any = None,
        **fedavg: Any,
    ) -> None: ...

class FedAdamax(FedServer):
    r"""A strategy of ``flwr.server.strategy`` whose server steps by `adamas.Adamax`.

    Equations, arguments and options: ``help(adamas.flower.older.FedAdamax)``.
    """

    def __init__(
        self,
        *,
        eta: Any = 0.002,
        beta_1: Any = 0.9,
        beta_2: Any = 0.999,
        tau: Any = 1e-08,
        weight_decay: Any = 0.0,
        decoupled_weight_decay: Any = False,
        decay: Any = "scaled",
        max_lr: Any = None,
        cautious: Any = False,
        averaged: Any = None,
        state_dtype: Any = None,
        num_threads: Any = None,
        **fedavg: Any,
    ) -> None: ...

class FedAdaBelief(FedServer):
    r"""A strategy of ``flwr.server.strategy`` whose server steps by `adamas.AdaBelief`.

    Equations, arguments and options: ``help(adamas.flower.older.FedAdaBelief)``.
    """

    def __init__(
        self,
        *,
        eta: Any = 0.001,
        beta_1: Any = 0.9,
        beta_2: Any = 0.999,
        tau: Any = 1e-16,
        weight_decay: Any = 0.0,
        eps_root: Any = 1e-16,
        decoupled_weight_decay: Any = True,
        decay: Any = "scaled",
        max_lr: Any = None,
        cautious: Any = False,
        averaged: Any = None,
        state_dtype: Any = None,
        num_threads: Any = None,
        **fedavg: Any,
    ) -> None: ...

class FedYogi(FedServer):
    r"""A strategy of ``flwr.server.strategy`` whose server steps by `adamas.Yogi`.

    Equations, arguments and options: ``help(adamas.flower.older.FedYogi)``.
    """

    def __init__(
        self,
        *,
        eta: Any = 0.01,
        eta_l: Any = 0.0316,
        beta_1: Any = 0.9,
        beta_2: Any = 0.99,
        tau: Any = 0.001,
        weight_decay: Any = 0.0,
        decoupled_weight_decay: Any = False,
        decay: Any = "scaled",
        max_lr: Any = None,
        cautious: Any = False,
        mode: Any = "flower",
        averaged: Any = None,
        state_dtype: Any = None,
        num_threads: Any = None,
        **fedavg: Any,
    ) -> None: ...

class FedAdagrad(FedServer):
    r"""A strategy of ``flwr.server.strategy`` whose server steps by `adamas.Adagrad`.

    Equations, arguments and options: ``help(adamas.flower.older.FedAdagrad)``.
    """

    def __init__(
        self,
        *,
        eta: Any = 0.1,
        eta_l: Any = 0.1,
        tau: Any = 1e-09,
        lr_decay: Any = 0.0,
        weight_decay: Any = 0.0,
        decoupled_weight_decay: Any = False,
        decay: Any = "scaled",
        max_lr: Any = None,
        mode: Any = "flower",
        averaged: Any = None,
        state_dtype: Any = None,
        num_threads: Any = None,
        **fedavg: Any,
    ) -> None: ...

class FedRMSprop(FedServer):
    r"""A strategy of ``flwr.server.strategy`` whose server steps by `adamas.RMSprop`.

    Equations, arguments and options: ``help(adamas.flower.older.FedRMSprop)``.
    """

    def __init__(
        self,
        *,
        eta: Any = 0.01,
        tau: Any = 1e-08,
        alpha: Any = 0.99,
        weight_decay: Any = 0.0,
        momentum: Any = 0.0,
        centered: Any = False,
        decoupled_weight_decay: Any = False,
        decay: Any = "scaled",
        max_lr: Any = None,
        cautious: Any = False,
        averaged: Any = None,
        state_dtype: Any = None,
        num_threads: Any = None,
        **fedavg: Any,
    ) -> None: ...

class FedLion(FedServer):
    r"""A strategy of ``flwr.server.strategy`` whose server steps by `adamas.Lion`.

    Equations, arguments and options: ``help(adamas.flower.older.FedLion)``.
    """

    def __init__(
        self,
        *,
        eta: Any = 0.0001,
        beta_1: Any = 0.9,
        beta_2: Any = 0.99,
        weight_decay: Any = 0.001,
        decay: Any = "scaled",
        max_lr: Any = None,
        cautious: Any = False,
        averaged: Any = None,
        state_dtype: Any = None,
        num_threads: Any = None,
        **fedavg: Any,
    ) -> None: ...

class FedLAMB(FedServer):
    r"""A strategy of ``flwr.server.strategy`` whose server steps by `adamas.LAMB`.

    Equations, arguments and options: ``help(adamas.flower.older.FedLAMB)``.
    """

    def __init__(
        self,
        *,
        eta: Any = 0.001,
        beta_1: Any = 0.9,
        beta_2: Any = 0.999,
        tau: Any = 1e-06,
        weight_decay: Any = 0.0,
        bias_correction: Any = True,
        averaged: Any = None,
        state_dtype: Any = None,
        num_threads: Any = None,
        **fedavg: Any,
    ) -> None: ...

class FedAdan(FedServer):
    r"""A strategy of ``flwr.server.strategy`` whose server steps by `adamas.Adan`.

    Equations, arguments and options: ``help(adamas.flower.older.FedAdan)``.
    """

    def __init__(
        self,
        *,
        eta: Any = 0.001,
        beta_1: Any = 0.98,
        beta_2: Any = 0.92,
        beta_3: Any = 0.99,
        tau: Any = 1e-08,
        weight_decay: Any = 0.0,
        eps_root: Any = 1e-08,
        mix_by_beta2: Any = False,
        decay: Any = "scaled",
        max_lr: Any = None,
        cautious: Any = False,
        averaged: Any = None,
        state_dtype: Any = None,
        num_threads: Any = None,
        **fedavg: Any,
    ) -> None: ...

class FedADOPT(FedServer):
    r"""A strategy of ``flwr.server.strategy`` whose server steps by `adamas.ADOPT`.

    Equations, arguments and options: ``help(adamas.flower.older.FedADOPT)``.
    """

    def __init__(
        self,
        *,
        eta: Any = 0.001,
        beta_1: Any = 0.9,
        beta_2: Any = 0.9999,
        tau: Any = 1e-06,
        weight_decay: Any = 0.0,
        clip: Any = True,
        decoupled_weight_decay: Any = False,
        decay: Any = "scaled",
        max_lr: Any = None,
        cautious: Any = False,
        averaged: Any = None,
        state_dtype: Any = None,
        num_threads: Any = None,
        **fedavg: Any,
    ) -> None: ...

class FedAdEMAMix(FedServer):
    r"""A strategy of ``flwr.server.strategy`` whose server steps by `adamas.AdEMAMix`.

    Equations, arguments and options: ``help(adamas.flower.older.FedAdEMAMix)``.
    """

    def __init__(
        self,
        *,
        eta: Any = 0.001,
        beta_1: Any = 0.9,
        beta_2: Any = 0.999,
        beta_3: Any = 0.9999,
        tau: Any = 1e-08,
        weight_decay: Any = 0.0,
        alpha: Any = 5.0,
        warmup_steps: Any = 0,
        decay: Any = "scaled",
        max_lr: Any = None,
        cautious: Any = False,
        averaged: Any = None,
        state_dtype: Any = None,
        num_threads: Any = None,
        **fedavg: Any,
    ) -> None: ...

class FedSGD(FedServer):
    r"""A strategy of ``flwr.server.strategy`` whose server steps by `adamas.SGD`.

    Equations, arguments and options: ``help(adamas.flower.older.FedSGD)``.
    """

    def __init__(
        self,
        *,
        eta: Any = 0.001,
        momentum: Any = 0.0,
        dampening: Any = 0.0,
        weight_decay: Any = 0.0,
        nesterov: Any = False,
        decoupled_weight_decay: Any = False,
        decay: Any = "scaled",
        max_lr: Any = None,
        cautious: Any = False,
        averaged: Any = None,
        state_dtype: Any = None,
        num_threads: Any = None,
        **fedavg: Any,
    ) -> None: ...

class FedAdadelta(FedServer):
    r"""A strategy of ``flwr.server.strategy`` whose server steps by `adamas.Adadelta`.

    Equations, arguments and options: ``help(adamas.flower.older.FedAdadelta)``.
    """

    def __init__(
        self,
        *,
        eta: Any = 1.0,
        tau: Any = 1e-06,
        rho: Any = 0.9,
        weight_decay: Any = 0.0,
        decoupled_weight_decay: Any = False,
        decay: Any = "scaled",
        max_lr: Any = None,
        averaged: Any = None,
        state_dtype: Any = None,
        num_threads: Any = None,
        **fedavg: Any,
    ) -> None: ...

class FedLaProp(FedServer):
    r"""A strategy of ``flwr.server.strategy`` whose server steps by `adamas.LaProp`.

    Equations, arguments and options: ``help(adamas.flower.older.FedLaProp)``.
    """

    def __init__(
        self,
        *,
        eta: Any = 0.0004,
        beta_1: Any = 0.9,
        beta_2: Any = 0.999,
        tau: Any = 1e-15,
        weight_decay: Any = 0.0,
        decoupled_weight_decay: Any = True,
        decay: Any = "scaled",
        max_lr: Any = None,
        cautious: Any = False,
        averaged: Any = None,
        state_dtype: Any = None,
        num_threads: Any = None,
        **fedavg: Any,
    ) -> None: ...

class FedAdamAtan2(FedServer):
    r"""A strategy of ``flwr.server.strategy`` whose server steps by `adamas.AdamAtan2`.

    Equations, arguments and options: ``help(adamas.flower.older.FedAdamAtan2)``.
    """

    def __init__(
        self,
        *,
        eta: Any = 0.001,
        beta_1: Any = 0.9,
        beta_2: Any = 0.999,
        a: Any = 1.27,
        b: Any = 1.0,
        weight_decay: Any = 0.0,
        decoupled_weight_decay: Any = True,
        decay: Any = "scaled",
        max_lr: Any = None,
        cautious: Any = False,
        averaged: Any = None,
        state_dtype: Any = None,
        num_threads: Any = None,
        **fedavg: Any,
    ) -> None: ...

class FedStableAdamW(FedServer):
    r"""A strategy of ``flwr.server.strategy`` whose server steps by `adamas.StableAdamW`.

    Equations, arguments and options: ``help(adamas.flower.older.FedStableAdamW)``.
    """

    def __init__(
        self,
        *,
        eta: Any = 0.001,
        beta_1: Any = 0.9,
        beta_2: Any = 0.99,
        tau: Any = 1e-06,
        weight_decay: Any = 0.01,
        averaged: Any = None,
        state_dtype: Any = None,
        num_threads: Any = None,
        **fedavg: Any,
    ) -> None: ...

class FedMARS(FedServer):
    r"""A strategy of ``flwr.server.strategy`` whose server steps by `adamas.MARS`.

    Equations, arguments and options: ``help(adamas.flower.older.FedMARS)``.
    """

    def __init__(
        self,
        *,
        eta: Any = 0.003,
        beta_1: Any = 0.9,
        beta_2: Any = 0.99,
        tau: Any = 1e-08,
        gamma: Any = 0.025,
        weight_decay: Any = 0.0,
        decay: Any = "scaled",
        max_lr: Any = None,
        cautious: Any = False,
        averaged: Any = None,
        state_dtype: Any = None,
        num_threads: Any = None,
        **fedavg: Any,
    ) -> None: ...

class FedLARS(FedServer):
    r"""A strategy of ``flwr.server.strategy`` whose server steps by `adamas.LARS`.

    Equations, arguments and options: ``help(adamas.flower.older.FedLARS)``.
    """

    def __init__(
        self,
        *,
        eta: Any = 1.0,
        tau: Any = 0.0,
        momentum: Any = 0.9,
        weight_decay: Any = 0.0,
        trust_coefficient: Any = 0.001,
        nesterov: Any = False,
        averaged: Any = None,
        state_dtype: Any = None,
        num_threads: Any = None,
        **fedavg: Any,
    ) -> None: ...

class FedNovoGrad(FedServer):
    r"""A strategy of ``flwr.server.strategy`` whose server steps by `adamas.NovoGrad`.

    Equations, arguments and options: ``help(adamas.flower.older.FedNovoGrad)``.
    """

    def __init__(
        self,
        *,
        eta: Any = 0.001,
        beta_1: Any = 0.9,
        beta_2: Any = 0.25,
        tau: Any = 1e-06,
        eps_root: Any = 0.0,
        weight_decay: Any = 0.0,
        averaged: Any = None,
        state_dtype: Any = None,
        num_threads: Any = None,
        **fedavg: Any,
    ) -> None: ...

class FedProdigy(FedServer):
    r"""A strategy of ``flwr.server.strategy`` whose server steps by `adamas.Prodigy`.

    Equations, arguments and options: ``help(adamas.flower.older.FedProdigy)``.
    """

    def __init__(
        self,
        *,
        eta: Any = 1.0,
        beta_1: Any = 0.9,
        beta_2: Any = 0.999,
        tau: Any = 1e-08,
        beta3: Any = None,
        weight_decay: Any = 0.0,
        use_bias_correction: Any = False,
        safeguard_warmup: Any = False,
        d0: Any = 1e-06,
        d_coef: Any = 1.0,
        growth_rate: Any = None,
        decoupled_weight_decay: Any = True,
        averaged: Any = None,
        state_dtype: Any = None,
        num_threads: Any = None,
        **fedavg: Any,
    ) -> None: ...

class FedRprop(FedServer):
    r"""A strategy of ``flwr.server.strategy`` whose server steps by `adamas.Rprop`.

    Equations, arguments and options: ``help(adamas.flower.older.FedRprop)``.
    """

    def __init__(
        self,
        *,
        eta: Any = 0.01,
        etas: Any = (0.5, 1.2),
        step_sizes: Any = (1e-06, 50.0),
        averaged: Any = None,
        state_dtype: Any = None,
        num_threads: Any = None,
        **fedavg: Any,
    ) -> None: ...

class FedAdafactor(FedServer):
    r"""A strategy of ``flwr.server.strategy`` whose server steps by `adamas.Adafactor`.

    Equations, arguments and options: ``help(adamas.flower.older.FedAdafactor)``.
    """

    def __init__(
        self,
        *,
        eta: Any = 0.01,
        beta2_decay: Any = -0.8,
        eps: Any = (None, 0.001),
        d: Any = 1.0,
        weight_decay: Any = 0.0,
        beta1: Any = 0.0,
        scale_parameter: Any = True,
        relative_step: Any = True,
        warmup_init: Any = False,
        eps_in_mean: Any = False,
        averaged: Any = None,
        state_dtype: Any = None,
        num_threads: Any = None,
        **fedavg: Any,
    ) -> None: ...

class FedAdamMini(FedServer):
    r"""A strategy of ``flwr.server.strategy`` whose server steps by `adamas.AdamMini`.

    Equations, arguments and options: ``help(adamas.flower.older.FedAdamMini)``.
    """

    def __init__(
        self,
        *,
        eta: Any = 0.001,
        beta_1: Any = 0.9,
        beta_2: Any = 0.999,
        tau: Any = 1e-08,
        weight_decay: Any = 0.0,
        blocks: Any = "rows",
        decay: Any = "scaled",
        max_lr: Any = None,
        averaged: Any = None,
        state_dtype: Any = None,
        num_threads: Any = None,
        **fedavg: Any,
    ) -> None: ...
