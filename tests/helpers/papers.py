"""Update rules written out from the papers, in Python floats, one element at a time: independent of the library.

Each is a generator: send in gradients, get parameters. `start` says how a group's decay and sign come in.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Generator
from typing import Any

Element = Generator[float, float, None]


def start(p: float, g: float, options: dict[str, Any]) -> tuple[float, float]:
    """Ascent, and weight decay: coupled, or decoupled.

    Loshchilov and Hutter 2019, times lr as in PyTorch; Defazio 2025, Algorithm 1 of AdamC; or by the schedule alone.
    """
    if options["maximize"]:
        g = -g
    if options.get("decoupled_weight_decay"):
        decay, lr = options.get("decay", "scaled"), options["lr"]
        factor = {"scaled": lr, "corrected": lr**2 / (options.get("max_lr") or lr or 1.0)}.get(decay)
        if factor is None:
            factor = lr / options["max_lr"]
        return p - factor * options["weight_decay"] * p, g
    return p, g + options["weight_decay"] * p


def cautious(paper: Callable[[float, dict[str, Any]], Element]) -> Callable[[float, dict[str, Any]], Element]:
    """Liang et al. 2024, Algorithm 1, for a parameter of one element."""

    def rule(p: float, options: dict[str, Any]) -> Element:
        several = cautious_array(paper, [p], options)
        (p,) = next(several)
        while True:
            g = yield p
            (p,) = several.send([g])

    return rule


def cautious_array(
    paper: Callable[[float, dict[str, Any]], Element], params: list[float], options: dict[str, Any]
) -> Generator[list[float], list[float], None]:
    """Liang et al. 2024, Algorithm 1, around a rule whose update does not depend on the parameter."""
    plain = {**options, "weight_decay": 0.0, "maximize": False}
    elements = [paper(0.0, plain) for _ in params]
    before = [next(element) for element in elements]
    while True:
        grads = yield params
        given = [start(p, g, options) for p, g in zip(params, grads, strict=True)]
        after = [element.send(g) for element, (_, g) in zip(elements, given, strict=True)]
        updates = [x - y for x, y in zip(before, after, strict=True)]
        mask = [u * g > 0 for u, (_, g) in zip(updates, given, strict=True)]
        share = max(sum(mask) / len(mask), 1e-3)
        params = [p - u / share if moves else p for u, moves, (p, _) in zip(updates, mask, given, strict=True)]
        before = after


def adam(p: float, options: dict[str, Any]) -> Element:
    """Kingma and Ba 2015, Algorithm 1, and the end of section 2 for epsilon hat; Reddi et al. 2018, Algorithm 2."""
    lr, (b1, b2), eps = options["lr"], options["betas"], options["eps"]
    m = v = v_max = 0.0
    t = 0
    while True:
        g = yield p
        t += 1
        p, g = start(p, g, options)
        m = b1 * m + (1 - b1) * g
        v = b2 * v + (1 - b2) * g**2
        v_max = max(v_max, v)
        second = v_max if options.get("amsgrad") else v
        c1, c2 = (1 - b1**t, 1 - b2**t) if options.get("bias_correction", True) else (1.0, 1.0)
        if options.get("eps_hat"):
            p = p - lr * math.sqrt(c2) / c1 * m / (math.sqrt(second) + eps)
        else:
            p = p - lr * (m / c1) / (math.sqrt(second / c2) + eps)


def nadam(p: float, options: dict[str, Any]) -> Element:
    """Dozat 2016, Algorithm 2, with the schedule of mu of its appendix as PyTorch has it."""
    lr, (b1, b2), eps, psi = options["lr"], options["betas"], options["eps"], options["momentum_decay"]
    m = v = 0.0
    product = 1.0
    t = 0
    while True:
        g = yield p
        t += 1
        p, g = start(p, g, options)
        now, after = (b1 * (1 - 0.5 * 0.96 ** (s * psi)) for s in (t, t + 1))
        product *= now
        m = b1 * m + (1 - b1) * g
        v = b2 * v + (1 - b2) * g**2
        m_hat = after * m / (1 - product * after) + (1 - now) * g / (1 - product)
        p = p - lr * m_hat / (math.sqrt(v / (1 - b2**t)) + eps)


def radam(p: float, options: dict[str, Any]) -> Element:
    """Liu et al. 2020, Algorithm 2, with the threshold 5 and the place of eps of PyTorch."""
    lr, (b1, b2), eps = options["lr"], options["betas"], options["eps"]
    m = v = 0.0
    t = 0
    longest = 2 / (1 - b2) - 1
    while True:
        g = yield p
        t += 1
        p, g = start(p, g, options)
        m = b1 * m + (1 - b1) * g
        v = b2 * v + (1 - b2) * g**2
        m_hat = m / (1 - b1**t)
        length = longest - 2 * t * b2**t / (1 - b2**t)
        if length > 5:
            adaptive = math.sqrt(1 - b2**t) / (math.sqrt(v) + eps)
            r = math.sqrt((length - 4) * (length - 2) * longest / ((longest - 4) * (longest - 2) * length))
            p = p - lr * r * m_hat * adaptive
        else:
            p = p - lr * m_hat


def adamax(p: float, options: dict[str, Any]) -> Element:
    """Kingma and Ba 2015, Algorithm 2."""
    lr, (b1, b2), eps = options["lr"], options["betas"], options["eps"]
    m = u = 0.0
    t = 0
    while True:
        g = yield p
        t += 1
        p, g = start(p, g, options)
        m = b1 * m + (1 - b1) * g
        u = max(b2 * u, abs(g) + eps)
        p = p - lr / (1 - b1**t) * m / u


def adabelief(p: float, options: dict[str, Any]) -> Element:
    """Zhuang et al. 2020, Algorithm 2."""
    lr, (b1, b2), eps = options["lr"], options["betas"], options["eps"]
    m = s = 0.0
    t = 0
    while True:
        g = yield p
        t += 1
        p, g = start(p, g, options)
        m = b1 * m + (1 - b1) * g
        s = b2 * s + (1 - b2) * (g - m) ** 2 + options["eps_root"]
        p = p - lr * (m / (1 - b1**t)) / (math.sqrt(s / (1 - b2**t)) + eps)


def yogi(p: float, options: dict[str, Any]) -> Element:
    """Zaheer et al. 2018, Algorithm 2, with bias correction."""
    lr, (b1, b2), eps = options["lr"], options["betas"], options["eps"]
    m = v = options["initial_accumulator_value"]
    t = 0
    while True:
        g = yield p
        t += 1
        p, g = start(p, g, options)
        m = b1 * m + (1 - b1) * g
        difference = v - g**2
        v = v - (1 - b2) * ((difference > 0) - (difference < 0)) * g**2
        p = p - lr * (m / (1 - b1**t)) / (math.sqrt(v / (1 - b2**t)) + eps)


def adagrad(p: float, options: dict[str, Any]) -> Element:
    """Duchi et al. 2011, Figure 1, diagonal."""
    total = options["initial_accumulator_value"]
    t = 0
    while True:
        g = yield p
        t += 1
        p, g = start(p, g, options)
        total += g**2
        p = p - options["lr"] / (1 + (t - 1) * options["lr_decay"]) * g / (math.sqrt(total) + options["eps"])


def rmsprop(p: float, options: dict[str, Any]) -> Element:
    """Tieleman and Hinton 2012; Graves 2013, equations 38 to 41, for the centered form."""
    lr, alpha, eps = options["lr"], options["alpha"], options["eps"]
    v = a = b = 0.0
    while True:
        g = yield p
        p, g = start(p, g, options)
        v = alpha * v + (1 - alpha) * g**2
        a = alpha * a + (1 - alpha) * g
        spread = v - a**2 if options["centered"] else v
        b = options["momentum"] * b + g / (math.sqrt(max(spread, 0.0)) + eps)
        p = p - lr * b


def lion(p: float, options: dict[str, Any]) -> Element:
    """Chen et al. 2023, Program 1."""
    lr, (b1, b2) = options["lr"], options["betas"]
    m = 0.0
    while True:
        g = yield p
        p, g = start(p, g, options)
        direction = b1 * m + (1 - b1) * g
        m = b2 * m + (1 - b2) * g
        p = p - lr * ((direction > 0) - (direction < 0))


def lamb(p: float, options: dict[str, Any]) -> Element:
    """You et al. 2020, Algorithm 2, for an array of one element, whose norm is its size."""
    lr, (b1, b2), eps = options["lr"], options["betas"], options["eps"]
    m = v = 0.0
    t = 0
    while True:
        g = yield p
        t += 1
        g = -g if options["maximize"] else g
        m = b1 * m + (1 - b1) * g
        v = b2 * v + (1 - b2) * g**2
        c1, c2 = (1 - b1**t, 1 - b2**t) if options["bias_correction"] else (1.0, 1.0)
        u = m / c1 / (math.sqrt(v / c2) + eps) + options["weight_decay"] * p
        p = p - lr * (abs(p) / abs(u) if p and u else 1.0) * u


def adan(p: float, options: dict[str, Any]) -> Element:
    """Xie et al. 2022, Algorithm 1, with 1 - beta for beta; the weight of the difference as optax or the authors do."""
    lr, (b1, b2, b3), eps = options["lr"], options["betas"], options["eps"]
    weight = b2 if options["mix_by_beta2"] else 1 - b2
    m = v = n = 0.0
    before: float | None = None
    t = 0
    while True:
        g = yield p
        t += 1
        p, g = start(p, g, options)
        e = 0.0 if before is None else g - before
        before = g
        m = b1 * m + (1 - b1) * g
        v = b2 * v + (1 - b2) * e
        n = b3 * n + (1 - b3) * (g + weight * e) ** 2
        u = m / (1 - b1**t) + weight * v / (1 - b2**t)
        p = p - lr * u / (math.sqrt(n / (1 - b3**t) + options["eps_root"]) + eps)


def adopt(p: float, options: dict[str, Any]) -> Element:
    """Taniguchi et al. 2024, Algorithm 2, with the clipping of its appendix."""
    lr, (b1, b2), eps = options["lr"], options["betas"], options["eps"]
    g = yield p
    p, g = start(p, g, options)
    m, v = 0.0, g**2
    t = 0
    while True:
        g = yield p
        t += 1
        p, g = start(p, g, options)
        u = g / max(math.sqrt(v), eps)
        if options["clip"]:
            u = min(max(u, -(t**0.25)), t**0.25)
        m = b1 * m + (1 - b1) * u
        p = p - lr * m
        v = b2 * v + (1 - b2) * g**2


def ademamix(p: float, options: dict[str, Any]) -> Element:
    """Pagliardini et al. 2024, Algorithm 1 and section 3.2."""
    lr, (b1, b2, b3), eps, steps = options["lr"], options["betas"], options["eps"], options["warmup_steps"]
    m1 = m2 = v = 0.0
    t = 0
    while True:
        g = yield p
        t += 1
        p, g = start(p, g, options)
        alpha, slow = options["alpha"], b3
        if t < steps:
            x = t / steps
            alpha = x * alpha
            slow = math.exp(math.log(b1) * math.log(b3) / ((1 - x) * math.log(b3) + x * math.log(b1)))
        m1 = b1 * m1 + (1 - b1) * g
        m2 = slow * m2 + (1 - slow) * g
        v = b2 * v + (1 - b2) * g**2
        p = p - lr * (m1 / (1 - b1**t) + alpha * m2) / (math.sqrt(v / (1 - b2**t)) + eps)


def schedule_free(y: float, options: dict[str, Any]) -> Element:
    """Defazio et al. 2024, Algorithm 1, with the average x kept; the weights of steps as in the authors' code."""
    (b1, b2), eps, steps = options["betas"], options["eps"], options["warmup_steps"]
    x = z = y
    v = total = largest = 0.0
    t = 0
    while True:
        g = yield y
        t += 1
        g = -g if options["maximize"] else g
        lr = options["lr"] * min(1.0, t / steps if steps else 1.0)
        largest = max(largest, lr)
        weight = t ** options["r"] * largest ** options["weight_lr_power"]
        total += weight
        c = weight / total
        v = b2 * v + (1 - b2) * g**2
        z = z - lr * g / (math.sqrt(v / (1 - b2**t)) + eps) - lr * options["weight_decay"] * y
        x = (1 - c) * x + c * z
        y = (1 - b1) * z + b1 * x


def sgd(p: float, options: dict[str, Any]) -> Element:
    """Sutskever et al. 2013, with momentum and lr exchanged as in PyTorch."""
    lr, momentum = options["lr"], options["momentum"]
    b: float | None = None
    while True:
        g = yield p
        p, g = start(p, g, options)
        b = g if b is None else momentum * b + (1 - options["dampening"]) * g
        if options["nesterov"]:
            g = g + momentum * b
        elif momentum:
            g = b
        p = p - lr * g


def adadelta(p: float, options: dict[str, Any]) -> Element:
    """Zeiler 2012, Algorithm 1, with the learning rate of PyTorch."""
    rho, eps = options["rho"], options["eps"]
    v = a = 0.0
    while True:
        g = yield p
        p, g = start(p, g, options)
        v = rho * v + (1 - rho) * g**2
        step = math.sqrt(a + eps) / math.sqrt(v + eps) * g
        a = rho * a + (1 - rho) * step**2
        p = p - options["lr"] * step


def laprop(p: float, options: dict[str, Any]) -> Element:
    """Ziyin et al. 2020, Algorithm 1, with lr inside the momentum as in the authors' code."""
    lr, (b1, b2), eps = options["lr"], options["betas"], options["eps"]
    m = v = rate = 0.0
    t = 0
    while True:
        g = yield p
        t += 1
        p, g = start(p, g, options)
        rate = b1 * rate + (1 - b1) * lr
        v = b2 * v + (1 - b2) * g**2
        m = b1 * m + (1 - b1) * lr * g / (math.sqrt(v / (1 - b2**t)) + eps)
        p = p - m * lr / rate


def adam_atan2(p: float, options: dict[str, Any]) -> Element:
    """Everett et al. 2024, the update of its section on atan2."""
    lr, (b1, b2), a, b = options["lr"], options["betas"], options["a"], options["b"]
    m = v = 0.0
    t = 0
    while True:
        g = yield p
        t += 1
        p, g = start(p, g, options)
        m = b1 * m + (1 - b1) * g
        v = b2 * v + (1 - b2) * g**2
        p = p - lr * a * math.atan2(m / (1 - b1**t), b * math.sqrt(v / (1 - b2**t)))


def stable_adamw(p: float, options: dict[str, Any]) -> Element:
    """Wortsman et al. 2023, for an array of one element, whose root mean square is its size."""
    (b1, b2), eps = options["betas"], options["eps"]
    m = v = 0.0
    t = 0
    while True:
        g = yield p
        t += 1
        g = -g if options["maximize"] else g
        k1, k2 = (b * (1 - b ** (t - 1)) / (1 - b**t) for b in (b1, b2))
        m = k1 * m + (1 - k1) * g
        v = k2 * v + (1 - k2) * g**2
        lr = options["lr"] / max(1.0, math.sqrt(g**2 / max(v, eps**2)))
        p = p - lr * options["weight_decay"] * p - lr * m / (math.sqrt(v) + eps)


def mars(p: float, options: dict[str, Any]) -> Element:
    """Yuan et al. 2024, MARS-AdamW with the last gradient, for an array of one element, whose norm is its size."""
    lr, (b1, b2), eps = options["lr"], options["betas"], options["eps"]
    m = v = 0.0
    before: float | None = None
    t = 0
    while True:
        g = yield p
        t += 1
        p, g = start(p, g, options)
        c = g if before is None else g + options["gamma"] * b1 / (1 - b1) * (g - before)
        before = g
        c = c / max(1.0, abs(c))
        m = b1 * m + (1 - b1) * c
        v = b2 * v + (1 - b2) * c**2
        p = p - lr * (m / (1 - b1**t)) / (math.sqrt(v / (1 - b2**t)) + eps)


def lars(p: float, options: dict[str, Any]) -> Element:
    """You et al. 2017, for an array of one element, whose norm is its size; lr inside the momentum, as in optax."""
    b = 0.0
    while True:
        g = yield p
        u = (-g if options["maximize"] else g) + options["weight_decay"] * p
        if p and u:
            u = u * options["trust_coefficient"] * abs(p) / (abs(u) + options["eps"])
        u = options["lr"] * u
        b = options["momentum"] * b + u
        p = p - (u + options["momentum"] * b if options["nesterov"] else b)


def novograd(p: float, options: dict[str, Any]) -> Element:
    """Ginsburg et al. 2019, Algorithm 1, for an array of one element, whose norm is its size."""
    b1, b2 = options["betas"]
    m = 0.0
    v: float | None = None
    while True:
        g = yield p
        g = -g if options["maximize"] else g
        v = g**2 if v is None else b2 * v + (1 - b2) * g**2
        scale = math.sqrt(v + options["eps_root"]) + options["eps"]
        m = b1 * m + (g / scale + options["weight_decay"] * p)
        p = p - options["lr"] * m


def prodigy(params: list[float], options: dict[str, Any]) -> Generator[list[float], list[float], None]:
    """Mishchenko and Defazio 2023, Algorithm 4, in the form of prodigyopt, for all parameters together."""
    lr, (b1, b2), decay = options["lr"], options["betas"], options["weight_decay"]
    b3 = b2**0.5 if options["beta3"] is None else options["beta3"]
    d0 = d = largest = options["d0"]
    r = 0.0
    start, p = list(params), list(params)
    m, v, s = ([0.0] * len(p) for _ in range(3))
    t = 0
    while True:
        g = yield list(p)
        t += 1
        # (Rounding of 1 - b**t would add up: what d is now decides how it goes on.)
        c1, c2 = (-math.expm1(t * math.log(b)) for b in (b1, b2))
        corrected = c2**0.5 / c1 if options["use_bias_correction"] else 1.0
        rate = d * lr * corrected
        g = [-x if options["maximize"] else x for x in g]
        if not options["decoupled_weight_decay"]:
            g = [x + decay * y for x, y in zip(g, p, strict=True)]
        r = b3 * r + d / d0 * rate * math.fsum(x * (a - y) for x, a, y in zip(g, start, p, strict=True))
        m = [b1 * a + (1 - b1) * d * x for a, x in zip(m, g, strict=True)]
        v = [b2 * a + (1 - b2) * (d * x) ** 2 for a, x in zip(v, g, strict=True)]
        step = d if options["safeguard_warmup"] else rate
        s = [b3 * a + d / d0 * step * x for a, x in zip(s, g, strict=True)]
        estimate = options["d_coef"] * r / math.fsum(map(abs, s))
        if d == d0:
            d = max(d, estimate)
        largest = max(largest, estimate)
        d = min(largest, d * (options["growth_rate"] or math.inf))
        shrinkage = rate * decay if options["decoupled_weight_decay"] else 0.0
        updates = [shrinkage * y + rate * a / (b**0.5 + d * options["eps"]) for y, a, b in zip(p, m, v, strict=True)]
        p = [y - u for y, u in zip(p, updates, strict=True)]


def schedule_free_sgd(y: float, options: dict[str, Any]) -> Element:
    """Defazio et al. 2024, Algorithm 1's form for SGD, with the average x kept."""
    beta, steps = options["momentum"], options["warmup_steps"]
    x = z = y
    total = largest = 0.0
    t = 0
    while True:
        g = yield y
        t += 1
        g = -g if options["maximize"] else g
        lr = options["lr"] * min(1.0, t / steps if steps else 1.0)
        largest = max(largest, lr)
        weight = t ** options["r"] * largest ** options["weight_lr_power"]
        total += weight
        z = z - lr * (g + options["weight_decay"] * y)
        x = x + weight / total * (z - x)
        y = (1 - beta) * z + beta * x


def schedule_free_radam(y: float, options: dict[str, Any]) -> Element:
    """Defazio et al. 2024 with Liu et al. 2020, Algorithm 2, as the authors of the first put them together."""
    (b1, b2), eps = options["betas"], options["eps"]
    longest = 2 / (1 - b2) - 1
    x = z = y
    v = total = largest = 0.0
    t = 0
    while True:
        g = yield y
        t += 1
        g = -g if options["maximize"] else g
        v = b2 * v + (1 - b2) * g**2
        length = longest - 2 * t * b2**t / (1 - b2**t)
        lr, u = 0.0 if options["silent_sgd_phase"] else options["lr"], g
        if length > 4:
            r = math.sqrt((length - 4) * (length - 2) * longest / ((longest - 4) * (longest - 2) * length))
            lr, u = options["lr"] * r, g / (math.sqrt(v / (1 - b2**t)) + eps)
        largest = max(largest, lr)
        weight = t ** options["r"] * largest ** options["weight_lr_power"]
        total += weight
        z = z - lr * (u + options["weight_decay"] * y)
        x = x + (weight / total if total else 0.0) * (z - x)
        y = (1 - b1) * z + b1 * x


def rprop(p: float, options: dict[str, Any]) -> Element:
    """Riedmiller and Braun 1993, without going back, as in PyTorch."""
    (down, up), (least, largest) = options["etas"], options["step_sizes"]
    before, size = 0.0, options["lr"]
    while True:
        g = yield p
        g = -g if options["maximize"] else g
        agreement = g * before
        size = min(max(size * (up if agreement > 0 else down if agreement < 0 else 1.0), least), largest)
        g = 0.0 if agreement < 0 else g
        p = p - size * ((g > 0) - (g < 0))
        before = g


def adafactor(p: float, options: dict[str, Any]) -> Element:
    """Shazeer and Stern 2018, Algorithm 5, for a vector of one element, with epsilon as torch.optim or they have it."""
    lr, (e1, e2), b1 = options["lr"], options["eps"], options["beta1"]
    e1 = 2.0**-52 if e1 is None else e1
    m = v = 0.0
    t = 0
    while True:
        g = yield p
        t += 1
        g = -g if options["maximize"] else g
        rate = t ** options["beta2_decay"]
        most = min(lr, 1e-6 * t) if options["warmup_init"] else lr
        size = min(most, 1 / math.sqrt(t)) if options["relative_step"] else most
        size *= max(e2, abs(p)) if options["scale_parameter"] else 1.0
        v = (1 - rate) * v + rate * (g**2 + (e1 if options["eps_in_mean"] else 0.0))
        u = g / (math.sqrt(v) if options["eps_in_mean"] else max(math.sqrt(v), e1))
        u = size * u / max(1.0, abs(u) / options["d"])
        m = b1 * m + (1 - b1) * u
        p = p * (1 - lr * options["weight_decay"]) - m
