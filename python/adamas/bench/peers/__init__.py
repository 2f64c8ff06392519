"""Other libraries' optimizers; each is imported only when it starts."""

from __future__ import annotations

from adamas.bench.peers._base import Peer, Run
from adamas.bench.peers.adamas import Adamas
from adamas.bench.peers.jax_and_keras import Keras, Optax
from adamas.bench.peers.numpy_based import Autograd, ScikitLearn, Thinc
from adamas.bench.peers.textbook import PlainNumpy
from adamas.bench.peers.torch import TorchCompiled, TorchForeach, TorchFused, TorchSingle
from adamas.bench.peers.torch_extensions import Bitsandbytes8bit, DeepSpeed, Torchao4bit, Torchao8bit, TorchaoFp8

__all__ = ["PEERS", "Adamas", "Peer", "Run"]

#: All that adamas is compared with, by name, in the order of tables.
PEERS: dict[str, Peer] = {
    peer.name: peer
    for peer in (
        TorchFused(),
        TorchForeach(),
        TorchSingle(),
        TorchCompiled(),
        DeepSpeed(),
        Optax(),
        Keras(),
        ScikitLearn(),
        Thinc(),
        Autograd(),
        PlainNumpy(),
        Torchao8bit(),
        TorchaoFp8(),
        Torchao4bit(),
        Bitsandbytes8bit(),
    )
}
