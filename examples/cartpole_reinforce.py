"""A policy in NumPy learns to balance a pole: REINFORCE with a baseline, on gymnasium's CartPole-v1.

After each batch of episodes, the policy raises the probability of actions that went better than the value network
expected, and the value network learns what to expect (Williams 1992; Sutton and Barto 2018, 13.4). Shows two networks
in one optimizer, each with a learning rate of its own. Their losses and gradients are written by hand. CartPole counts
as solved when 100 episodes in a row have a mean return of 475; the largest possible return is 500.

Copy this file alone: it needs ``pip install 'adamas[examples]'``.
"""

from __future__ import annotations

import argparse
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

import adamas
from adamas.demo.command_line import make_parser, non_negative, parse, positive_int
from adamas.demo.extras import require
from adamas.demo.mlp import Array, Layers, backward, forward, init_mlp, softmax
from adamas.demo.pictures import GREY, new_picture, series_look
from adamas.demo.program import run_program
from adamas.demo.run import Run
from adamas.demo.table import check_reloaded, print_table

SOLVED = 475.0
#: Divides position, speed, angle and angular speed, so that all are about 1.
_SCALES = np.array([2.4, 2.0, 0.21, 2.0], np.float32)


@dataclass(frozen=True)
class Episodes:
    """What some episodes have gone through, one after another.

    Attributes:
        states: What the policy saw at each step.
        actions: What it did.
        targets: Discounted sums of the rewards that followed.
        returns: Plain sum of the rewards of each episode.
    """

    states: Array
    actions: Array
    targets: Array
    returns: Array


def make_environment(render_mode: str | None = None) -> Any:
    """Make the environment of one episode after another."""
    import gymnasium

    return gymnasium.make("CartPole-v1", render_mode=render_mode)


def play(
    environments: list[Any], policy: Layers, value: Layers, gamma: float, rng: np.random.Generator, greedy: bool = False
) -> Episodes:
    """Play one episode in each environment, all in step, so that the policy is asked once for all of them."""
    count = len(environments)
    seeds = rng.integers(0, 1 << 31, count)
    now = np.stack(
        [environment.reset(seed=int(seed))[0] for environment, seed in zip(environments, seeds, strict=True)]
    )
    states: list[list[Array]] = [[] for _ in range(count)]
    actions: list[list[int]] = [[] for _ in range(count)]
    cut_short = np.zeros(count, bool)
    active = list(range(count))
    while active:
        seen = now[active].astype(np.float32) / _SCALES
        right = softmax(forward(policy, seen)[-1])[:, 1]
        chosen = (right > (0.5 if greedy else rng.random(len(active)))).astype(np.int64)
        going_on = []
        for i, state, action in zip(active, seen, chosen, strict=True):
            states[i].append(state)
            actions[i].append(int(action))
            now[i], _, ended, truncated, _ = environments[i].step(int(action))
            cut_short[i] = truncated and not ended
            if not (ended or truncated):
                going_on.append(i)
        active = going_on
    # The reward is 1 at each step. Where the time limit ended an episode, the value network says what would have come.
    rest = forward(value, now.astype(np.float32) / _SCALES)[-1][:, 0] * cut_short * horizon(gamma)
    targets = []
    for visited, after in zip(states, rest, strict=True):
        steps_left = np.arange(len(visited), 0, -1)
        targets.append((1.0 - gamma**steps_left) / (1.0 - gamma) + gamma**steps_left * after)
    return Episodes(
        np.concatenate([np.stack(visited) for visited in states]),
        np.concatenate(actions),
        np.concatenate(targets).astype(np.float32),
        np.array([len(visited) for visited in states], np.float64),
    )


def horizon(gamma: float) -> float:
    """Return the largest discounted sum there is: what the value network predicts is a share of it."""
    return 1.0 / (1.0 - gamma)


def policy_grads(policy: Layers, played: Episodes, advantages: Array, entropy_weight: float) -> tuple[Layers, float]:
    """Return the gradients of -mean(advantage * log p(action)) - entropy_weight * entropy, and the entropy."""
    activations = forward(policy, played.states)
    p = softmax(activations[-1])
    log_p = np.log(np.maximum(p, np.float32(1e-12)))
    entropy = -(p * log_p).sum(axis=1, keepdims=True)
    delta = p * advantages[:, None]
    delta[np.arange(len(p)), played.actions] -= advantages
    delta += np.float32(entropy_weight) * p * (log_p + entropy)
    return backward(policy, activations, delta / np.float32(len(p))), float(entropy.mean())


def value_grads(value: Layers, played: Episodes, scale: float) -> tuple[Layers, Array]:
    """Return the gradients of half the mean squared error, and what was expected of each state."""
    activations = forward(value, played.states)
    expected = activations[-1][:, 0]
    delta = (expected - played.targets / np.float32(scale)) / np.float32(len(expected))
    return backward(value, activations, delta[:, None]), expected * np.float32(scale)


def new_model(arguments: argparse.Namespace) -> tuple[Layers, Layers, adamas.Adam]:
    """Make both networks, and one optimizer with a group for each."""
    rng = np.random.default_rng(arguments.seed)
    policy, value = init_mlp([4, arguments.hidden, 2], rng), init_mlp([4, arguments.hidden, 1], rng)
    policy[-1]["w"] *= np.float32(0.01)  # at first, left and right are equally likely
    groups = [
        {"params": {"policy": policy}, "lr": arguments.lr},
        {"params": {"value": value}, "lr": arguments.value_lr},
    ]
    return policy, value, adamas.Adam(groups, max_norm=1.0)


def test(policy: Layers, value: Layers, count: int, arguments: argparse.Namespace) -> Array:
    """Return the returns of some new episodes, in which the policy does what it thinks best."""
    environments = [make_environment() for _ in range(count)]
    rng = np.random.default_rng([arguments.seed, 3])
    return play(environments, policy, value, arguments.gamma, rng, greedy=True).returns


def scores(policy: Layers) -> tuple[float, ...]:
    """Return what the policy makes of some states, to tell one policy from another."""
    states = np.random.default_rng(0).standard_normal((50, 4)).astype(np.float32)
    return tuple(forward(policy, states)[-1].ravel().tolist())


def write_gif(policy: Layers, path: Path, arguments: argparse.Namespace) -> None:
    """Render an episode; every second frame."""
    from PIL import Image

    environment = make_environment("rgb_array")
    state, _ = environment.reset(seed=arguments.seed)
    frames: list[Any] = []
    steps, done = 0, False
    while not done:
        if steps % 2 == 0:
            frames.append(Image.fromarray(environment.render()).resize((300, 200)))
        preferences = forward(policy, state.astype(np.float32)[None] / _SCALES)[-1]
        state, _, ended, truncated, _ = environment.step(int(preferences[0].argmax()))
        steps, done = steps + 1, ended or truncated
    frames[0].save(path, save_all=True, append_images=frames[1:], duration=40, loop=0)
    environment.close()


def draw(returns: list[float], path: Path) -> None:
    """Draw the return of each episode, and the mean of the last 100."""
    episodes = range(1, len(returns) + 1)
    means = [np.mean(returns[max(0, i - 100) : i]) for i in episodes]
    with new_picture(path, "CartPole-v1: REINFORCE with a baseline", 1) as (axes,):
        axes.plot(episodes, returns, ".", color=series_look(1)["color"], markersize=4, label="episode")
        axes.plot(episodes, means, "-", color=series_look(0)["color"], linewidth=3, label="mean of the last 100")
        axes.axhline(SOLVED, color=GREY, linestyle=":", label="solved: 475")
        axes.set(xlabel="episode", ylabel="return", ylim=(0, 520))
        axes.legend(loc="lower right")


def options() -> argparse.Namespace:
    """Read the command line."""
    parser = make_parser(
        "cartpole_reinforce", __doc__, epochs=300, batch_size=16, lr=1e-2, epoch="batches of episodes, at most"
    )
    add = parser.add_argument
    add("--value-lr", type=non_negative, default=1e-2, help="learning rate of the value network; default: %(default)s")
    add("--hidden", type=positive_int, default=64, help="size of the hidden layers; default: %(default)s")
    add("--gamma", type=non_negative, default=0.99, help="discount, below 1; default: %(default)s")
    add("--entropy", type=non_negative, default=0.01, help="weight of the policy's entropy; default: %(default)s")
    add("--gif", action="store_true", help="render an episode of the trained policy as GIF")
    arguments = parse(parser, quick={"epochs": 25})
    if arguments.gamma >= 1.0:
        parser.error("--gamma is less than 1")
    if arguments.epochs * arguments.batch_size < 100:
        parser.error("--epochs times --batch-size is at least 100: a policy is judged by 100 episodes")
    return arguments


def main() -> None:
    """Train until solved, read the best back, test it, and report."""
    arguments = options()
    require("this example", ("gymnasium", *(("pygame", "PIL") if arguments.gif else ())), "examples")
    policy, value, opt = new_model(arguments)
    rng = np.random.default_rng([arguments.seed, 2])
    environments = [make_environment() for _ in range(arguments.batch_size)]
    returns: list[float] = []
    best, steps = -1.0, 0
    saved: tuple[float, ...] = ()
    start = time.perf_counter()

    with Run(arguments, arguments.epochs, "CartPole-v1") as run:
        checkpoint, picture, gif = run.path("model.safetensors"), run.path("curve.png"), run.path("episode.gif")
        for _ in range(arguments.epochs):
            played = play(environments, policy, value, arguments.gamma, rng)
            to_value, expected = value_grads(value, played, horizon(arguments.gamma))
            advantages = played.targets - expected
            advantages = (advantages - advantages.mean()) / (advantages.std() + np.float32(1e-6))
            to_policy, entropy = policy_grads(policy, played, advantages, arguments.entropy)
            opt.step([{"policy": to_policy}, {"value": to_value}])
            run.step()

            returns.extend(played.returns)
            steps += len(played.actions)
            recent = float(np.mean(returns[-100:]))
            run.epoch(mean_return=float(played.returns.mean()), mean_of_100=recent, entropy=entropy)
            if len(returns) >= 100 and recent > best:
                best, saved = recent, scores(policy)
                opt.save(checkpoint)
                if best >= SOLVED:
                    break
    seconds = time.perf_counter() - start

    policy, value, opt = new_model(arguments)
    opt.load(checkpoint)
    check_reloaded(saved, scores(policy), checkpoint)
    tested = test(policy, value, 100, arguments)
    draw(returns, picture)
    if arguments.gif:
        write_gif(policy, gif, arguments)
    print_table(
        {
            "episodes, steps": f"{len(returns):,}, {steps:,}",
            "mean return of 100, training": f"{best:.1f}" + (", solved" if best >= SOLVED else ""),
            "mean return of 100, tested": f"{tested.mean():.1f}",
            "policy after reloading": "the same",
            "seconds": f"{seconds:.1f}",
        },
        checkpoint,
        picture,
        *((gif,) if arguments.gif else ()),
    )


if __name__ == "__main__":
    sys.exit(run_program(main))
