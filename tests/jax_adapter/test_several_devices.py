"""Arrays that are divided over several devices, and processes that fork. In programs of their own."""

from __future__ import annotations

import os
import subprocess
import sys

COMMON = """
import numpy as np, jax, jax.numpy as jnp
import adamas, adamas.jax
from jax.sharding import Mesh, NamedSharding, PartitionSpec as P

rng = np.random.default_rng(0)
start, grad = (rng.standard_normal((64, 32)).astype(np.float32) for _ in range(2))
expected = {"w": start.copy()}
optimizer = adamas.AdamW(expected, lr=0.1)
for _ in range(2):
    optimizer.step({"w": grad.copy()})
opt = adamas.jax.AdamW(0.1)


def train(params, grads):
    state = opt.init(params)
    for _ in range(2):
        params, state = opt.step(params, grads, state)
    return params
"""

DEVICES = """
assert len(jax.devices()) == 4
mesh = Mesh(np.array(jax.devices()), ("d",))
divided = NamedSharding(mesh, P("d"))
params, grads = ({"w": jax.device_put(array, divided)} for array in (start, grad))
assert np.asarray(jax.jit(train)(params, grads)["w"]).tobytes() == expected["w"].tobytes()
if hasattr(jax, "shard_map"):
    shard_map = jax.shard_map
else:
    from jax.experimental.shard_map import shard_map
part = shard_map(train, mesh=mesh, in_specs=({"w": P("d")}, {"w": P("d")}), out_specs={"w": P("d")})
assert np.asarray(jax.jit(part)(params, grads)["w"]).tobytes() == expected["w"].tobytes()
by_device = jax.pmap(lambda p, g: train({"w": p}, {"w": g})["w"])(start.reshape(4, 16, 32), grad.reshape(4, 16, 32))
assert np.asarray(by_device).tobytes() == expected["w"].tobytes()
print("right")
"""

MEMORY = """
n = 2**20
params, grads = {"w": jnp.ones((1024, 1024))}, {"w": jnp.ones((1024, 1024))}
step = jax.jit(opt.step, donate_argnums=(0, 2))
used = step.lower(params, grads, opt.init(params)).compile().memory_analysis()
assert used.argument_size_in_bytes < 16 * n + 100_000
assert used.alias_size_in_bytes >= 12 * n
assert used.temp_size_in_bytes < 100_000
print("right")
"""

LATER = """
import threading

step = jax.jit(train)
found = []
threads = [threading.Thread(target=lambda: found.append(step({"w": start}, {"w": grad}))) for _ in range(4)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
assert all(np.asarray(each["w"]).tobytes() == expected["w"].tobytes() for each in found)
print("right")
"""


def run(program: str, **environment: str) -> None:
    """Run a program; it says whether all is right."""
    done = subprocess.run(
        [sys.executable, "-c", COMMON + program],
        env={**os.environ, "JAX_PLATFORMS": "cpu", **environment},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "right"


def test_divided_arrays() -> None:
    run(DEVICES, XLA_FLAGS="--xla_force_host_platform_device_count=4")


def test_no_memory_but_that_of_the_arrays() -> None:
    """16 bytes for each parameter: itself, its gradient and two moments."""
    run(MEMORY)


def test_first_steps_on_several_threads() -> None:
    run(LATER)


def test_one_thread() -> None:
    run(LATER, ADAMAS_NUM_THREADS="1")
