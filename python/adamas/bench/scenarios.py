"""The sizes, formats and phases that are compared; the parameter lists are those of real models."""

from __future__ import annotations

import itertools
from dataclasses import replace

from adamas.bench.workload import Phase, Workload

__all__ = [
    "SCENARIOS",
    "SELECTED",
    "SIZES",
    "TENSOR_COUNTS",
    "find_workload",
    "gpt2_small",
    "mlp",
    "resnet50",
    "with_tensors",
]

Shapes = tuple[tuple[int, ...], ...]


def mlp(sizes: tuple[int, ...] = (784, 512, 512, 10)) -> Shapes:
    """Return weights and biases of a multi-layer perceptron."""
    return tuple(shape for n, m in itertools.pairwise(sizes) for shape in ((n, m), (m,)))


def resnet50() -> Shapes:
    """Return the 161 parameters of ResNet-50 (He et al., arXiv:1512.03385): 25,557,032 numbers."""

    def convolution(inputs: int, outputs: int, kernel: int) -> Shapes:
        return ((outputs, inputs, kernel, kernel), (outputs,), (outputs,))  # with its batch normalisation

    shapes: Shapes = convolution(3, 64, 7)
    inputs = 64
    for blocks, width in ((3, 64), (4, 128), (6, 256), (3, 512)):
        for block in range(blocks):
            shapes += convolution(inputs, width, 1) + convolution(width, width, 3) + convolution(width, 4 * width, 1)
            if block == 0:
                shapes += convolution(inputs, 4 * width, 1)
            inputs = 4 * width
    return (*shapes, (1000, inputs), (1000,))


def gpt2_small() -> Shapes:
    """Return the 148 parameters of GPT-2 small (Radford et al., 2019): 124,439,808 numbers."""
    width = 768
    norm: Shapes = ((width,), (width,))
    layer: Shapes = (
        *norm,
        *((width, 3 * width), (3 * width,), (width, width), (width,)),  # attention
        *norm,
        *((width, 4 * width), (4 * width,), (4 * width, width), (width,)),
    )
    return ((50_257, width), (1_024, width), *(layer * 12), *norm)


def with_tensors(count: int, size: int) -> Shapes:
    """Return so many tensors with so many numbers altogether."""
    return tuple((size // count + (i < size % count),) for i in range(count))


_16M = ((1 << 24,),)
_200 = with_tensors(200, 1 << 24)
_WHOLE = Phase(unscale=True, clip="all", zero=True)
_FOLLOWED = replace(_WHOLE, average=True, copies=True)

SCENARIOS: dict[str, Workload] = {
    "1 tensor of 1,000": Workload(((1_000,),)),
    "1,000 tensors of 1,000": Workload(((1_000,),) * 1_000),
    "MLP 784-512-512-10": Workload(mlp()),
    "ResNet-50": Workload(resnet50()),
    "GPT-2 small": Workload(gpt2_small()),
    "embedding 50,000 x 300": Workload(((50_000, 300),)),
    "1M": Workload(((1_000_000,),)),
    "16.7M": Workload(_16M),
    "64M": Workload(((64_000_000,),)),
    "256M": Workload(((256_000_000,),)),
    "16.7M, all bfloat16": Workload(_16M, params="bfloat16", states="bfloat16"),
    "16.7M, bfloat16 states": Workload(_16M, states="bfloat16"),
    "16.7M, 8-bit states": Workload(_16M, states="int8"),
    "16.7M, bfloat16, split32, 8-bit states": Workload(_16M, params="bfloat16", states="int8", master="split32"),
    "16.7M, bfloat16, split24, 8-bit states": Workload(_16M, params="bfloat16", states="int8", master="split24"),
    "16.7M, fp8 states": Workload(_16M, states="fp8"),
    "16.7M, 4-bit states": Workload(_16M, states="int4"),
    "16.7M, whole phase": Workload(_16M, phase=_WHOLE),
    "200 tensors, 16.7M, whole phase": Workload(_200, phase=_WHOLE),
    "16.7M, whole phase, average, copies": Workload(_16M, phase=_FOLLOWED),
    "200 tensors, 16.7M, whole phase, average, copies": Workload(_200, phase=_FOLLOWED),
    "1,000 tensors of 1,000, whole phase": Workload(((1_000,),) * 1_000, phase=_WHOLE),
    "16.7M, clip each, average": Workload(_16M, phase=Phase(clip="each", average=True, zero=True), weight_decay=0.0),
}

#: Those in the short tables: small, many, real, large, in low precision, and everything that comes with an update.
SELECTED: tuple[str, ...] = (
    "1 tensor of 1,000",
    "1,000 tensors of 1,000",
    "GPT-2 small",
    "64M",
    "16.7M, 8-bit states",
    "200 tensors, 16.7M, whole phase, average, copies",
)

#: Of the curve over parameters (the scenario of 256 million is its last point), and of that over tensors of 10 million
#: parameters altogether.
SIZES: tuple[int, ...] = tuple(1 << k for k in range(10, 27, 2))
TENSOR_COUNTS: tuple[int, ...] = (1, 10, 100, 1_000, 10_000)
TENSORS_SIZE = 10_000_000


def find_workload(name: str) -> Workload:
    """Return the workload of a scenario, or of a point of a curve: ``size 1024``, ``tensors 100``.

    Raises:
        ValueError: There is no such scenario.
    """
    if name in SCENARIOS:
        return SCENARIOS[name]
    kind, _, number = name.partition(" ")
    if kind in ("size", "tensors") and number.isdigit():
        return Workload(((int(number),),) if kind == "size" else with_tensors(int(number), TENSORS_SIZE))
    raise ValueError(f"scenario: there is no {name!r}; there are {', '.join(SCENARIOS)}, size N, tensors N")
