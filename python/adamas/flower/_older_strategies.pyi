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
    """A strategy of ``flwr.server.strategy`` whose server steps by `adamas.Adam`."""
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
    """A strategy of ``flwr.server.strategy`` whose server steps by `adamas.AdamW`."""
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
    """A strategy of ``flwr.server.strategy`` whose server steps by `adamas.NAdam`."""
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
    """A strategy of ``flwr.server.strategy`` whose server steps by `adamas.RAdam`."""
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
    """A strategy of ``flwr.server.strategy`` whose server steps by `adamas.Adamax`."""
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
    """A strategy of ``flwr.server.strategy`` whose server steps by `adamas.AdaBelief`."""
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
    """A strategy of ``flwr.server.strategy`` whose server steps by `adamas.Yogi`."""
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
    """A strategy of ``flwr.server.strategy`` whose server steps by `adamas.Adagrad`."""
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
    """A strategy of ``flwr.server.strategy`` whose server steps by `adamas.RMSprop`."""
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
    """A strategy of ``flwr.server.strategy`` whose server steps by `adamas.Lion`."""
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
    """A strategy of ``flwr.server.strategy`` whose server steps by `adamas.LAMB`."""
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
    """A strategy of ``flwr.server.strategy`` whose server steps by `adamas.Adan`."""
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
    """A strategy of ``flwr.server.strategy`` whose server steps by `adamas.ADOPT`."""
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
    """A strategy of ``flwr.server.strategy`` whose server steps by `adamas.AdEMAMix`."""
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
    """A strategy of ``flwr.server.strategy`` whose server steps by `adamas.SGD`."""
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
    """A strategy of ``flwr.server.strategy`` whose server steps by `adamas.Adadelta`."""
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
    """A strategy of ``flwr.server.strategy`` whose server steps by `adamas.LaProp`."""
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
    """A strategy of ``flwr.server.strategy`` whose server steps by `adamas.AdamAtan2`."""
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
    """A strategy of ``flwr.server.strategy`` whose server steps by `adamas.StableAdamW`."""
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
    """A strategy of ``flwr.server.strategy`` whose server steps by `adamas.MARS`."""
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
    """A strategy of ``flwr.server.strategy`` whose server steps by `adamas.LARS`."""
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
    """A strategy of ``flwr.server.strategy`` whose server steps by `adamas.NovoGrad`."""
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
    """A strategy of ``flwr.server.strategy`` whose server steps by `adamas.Prodigy`."""
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
    """A strategy of ``flwr.server.strategy`` whose server steps by `adamas.Rprop`."""
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
    """A strategy of ``flwr.server.strategy`` whose server steps by `adamas.Adafactor`."""
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
    """A strategy of ``flwr.server.strategy`` whose server steps by `adamas.AdamMini`."""
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
