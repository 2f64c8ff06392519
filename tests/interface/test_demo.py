"""The demo, as a person runs it."""

from __future__ import annotations

import functools
import re
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import pytest
from child import run_python
from fashion_files import write_idx

from adamas import checkpoint
from adamas.demo import mlp, pictures


def demo(tmp_path: Path, *options: str) -> subprocess.CompletedProcess[str]:
    return run_python("-m", "adamas", "demo", "--output-dir", str(tmp_path / "out"), *options)


def test_digits(tmp_path: Path) -> None:
    result = demo(tmp_path)
    assert result.returncode == 0, result.stderr
    accuracy = re.search(r"^test accuracy +(\S+)$", result.stdout, re.MULTILINE)
    reloaded = re.search(r"^after saving and loading +(\S+)$", result.stdout, re.MULTILINE)
    assert accuracy
    assert reloaded
    assert float(accuracy[1]) >= 0.96
    assert reloaded[1] == accuracy[1]
    assert re.search(r"^share of time in optimizer +\d+\.\d %$", result.stdout, re.MULTILINE)
    picture = tmp_path / "out" / "digits.png"
    assert str(picture) in result.stdout
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert "accuracy=" in result.stderr  # the progress bar
    states = [line for line in result.stderr.splitlines() if "%" in line]  # a line for each: no terminal is there
    assert re.match(r"digits: +0%", states[0])
    assert re.match(r"digits: 100%", states[-1])
    assert "\r" not in result.stderr
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["digits.png", "digits.safetensors"]


def test_its_checkpoint_is_one_that_inspect_reads(tmp_path: Path) -> None:
    result = demo(tmp_path, "--epochs", "2")
    named = re.search(r"^What the checkpoint contains: adamas (inspect .*)$", result.stdout, re.MULTILINE)
    assert named, result.stderr
    inspected = run_python("-m", "adamas", *shlex.split(named[1]))
    assert inspected.returncode == 0, inspected.stderr
    assert re.search(r"^optimizer +AdamW$", inspected.stdout, re.MULTILINE)
    assert re.search(r"^parameters +17,226 numbers$", inspected.stdout, re.MULTILINE)
    params = checkpoint.read(tmp_path / "out" / "digits.safetensors").params
    assert {name: array.shape for name, array in params.items() if name.endswith("w")} == {
        "0.w": (64, 128),
        "1.w": (128, 64),
        "2.w": (64, 10),
    }


def test_fashion_mnist_files(garments: Path, tmp_path: Path) -> None:
    options = ("--epochs", "1", "--batch-size", "600", "--hidden", "16", "--lr", "0.02")
    result = demo(tmp_path, "--data", "fashion-mnist", "--data-dir", str(garments), *options)
    assert result.returncode == 0, result.stderr
    assert re.search(r"^training, test images +60,000, 10,000$", result.stdout, re.MULTILINE)
    assert re.search(r"^test accuracy +(1\.0000|0\.9\d+)$", result.stdout, re.MULTILINE)


DAMAGES: dict[str, tuple[Any, str]] = {
    "missing": (lambda path: path.unlink(), "not found. On Debian or Ubuntu, 'apt-get install dataset-fashion-mnist'"),
    "truncated": (lambda path: path.write_bytes(path.read_bytes()[:-9]), "damaged (Compressed file ended"),
    "no gzip": (lambda path: path.write_bytes(b"hello"), "damaged (Not a gzipped file"),
    "flipped": (lambda path: flip(path, path.stat().st_size // 2), "get the file again"),
    "short": (
        lambda path: write_idx(path.parent, path.stem, np.zeros(9999, np.uint8)),
        "not an idx file of 10000 unsig",
    ),
    "labels": (lambda path: write_idx(path.parent, path.stem, np.full(10_000, 77, np.uint8)), "a label of t10k is 77"),
}


def flip(path: Path, at: int) -> None:
    content = bytearray(path.read_bytes())
    content[at] ^= 0xFF
    path.write_bytes(bytes(content))


@pytest.mark.parametrize("name", DAMAGES)
def test_damaged_files_are_refused(name: str, garments: Path, tmp_path: Path) -> None:
    damage, message = DAMAGES[name]
    for path in garments.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    damage(tmp_path / "t10k-labels-idx1-ubyte.gz")
    result = demo(tmp_path, "--data", "fashion-mnist", "--data-dir", str(tmp_path))
    assert result.returncode == 1
    assert result.stderr.startswith("adamas: error: ")
    assert message in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--epochs", "0"), "argument --epochs: expected a whole number >= 1, got 0"),
        (("--batch-size", "x"), "argument --batch-size: invalid"),
        (("--data", "cifar"), "argument --data: invalid choice"),
        (("--lr", "-1"), "adamas: error: --lr: expected a finite number >= 0, got -1.0"),
        (("--weight-decay", "nan"), "adamas: error: --weight-decay: expected a finite number >= 0, got nan"),
    ],
)
def test_bad_options(options: tuple[str, ...], message: str, tmp_path: Path) -> None:
    result = demo(tmp_path, *options)
    assert result.returncode in (1, 2)
    assert message in result.stderr


def test_missing_extras_are_named(tmp_path: Path) -> None:
    code = (
        "import importlib.util, sys; find = importlib.util.find_spec\n"
        "importlib.util.find_spec = lambda name, *rest: None if name == 'tqdm' else find(name, *rest)\n"
        "from adamas.cli import main; sys.exit(main(['demo']))"
    )
    result = run_python("-c", code)
    assert result.returncode == 1
    assert result.stderr == "adamas: error: the demo needs tqdm; install with: pip install 'adamas[demo]'\n"


def test_interrupt_ends_cleanly(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "adamas", "demo", "--epochs", "100000", "--output-dir", str(tmp_path)]
    # A runner that was itself started in the background may have handed down SIGINT as ignored.
    listen = functools.partial(signal.signal, signal.SIGINT, signal.SIG_DFL)
    with subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.PIPE, preexec_fn=listen) as process:  # noqa: PLW1509
        assert process.stderr
        while process.stderr.read(1) != b"%":  # the progress bar is up
            pass
        time.sleep(0.2)
        process.send_signal(signal.SIGINT)
        output, errors = process.communicate(timeout=30)
    assert process.returncode == 130
    assert errors.endswith(b"adamas: stopped\n")
    assert b"Traceback" not in errors
    assert output == b""
    assert list(tmp_path.iterdir()) == []


def test_gradients_by_finite_differences() -> None:
    rng = np.random.default_rng(0)
    layers = [{k: v.astype(np.float64) for k, v in layer.items()} for layer in mlp.init_mlp([5, 7, 6, 3], rng)]
    x, y = rng.standard_normal((11, 5)), rng.integers(0, 3, 11)
    _, grads = mlp.loss_and_grads(layers, x, y)
    for layer, grad in zip(layers, grads, strict=True):
        for name, array in layer.items():
            for index in list(np.ndindex(array.shape))[::5]:
                kept = array[index]
                losses = []
                for shift in (1e-6, -1e-6):
                    array[index] = kept + shift
                    losses.append(mlp.loss_and_grads(layers, x, y)[0])
                array[index] = kept
                np.testing.assert_allclose(grad[name][index], (losses[0] - losses[1]) / 2e-6, rtol=1e-4, atol=1e-8)


def test_lines_that_others_cover_are_broad_and_pale(tmp_path: Path) -> None:
    lines = {"one": [1.0, 2.0, 3.0], "the same": [1.0, 2.0, 3.001], "another": [3.0, 1.0, 2.0]}
    with pictures.new_picture(tmp_path / "lines.png", "title", 1) as (axes,):
        pictures.draw_lines(axes, lines, "value")
        widths = {line.get_label(): (line.get_linewidth(), line.get_alpha()) for line in axes.lines}
    assert widths["one"] == (7.0, 0.35)
    assert widths["the same"] == widths["another"] == (2.0, None)


def test_pictures_have_one_style_whatever_the_user_has_set(tmp_path: Path) -> None:
    contents = []
    for size in (6, 40):
        with mpl.rc_context({"font.size": size, "lines.linewidth": size}):
            with pictures.new_picture(tmp_path / "picture.png", "title") as (axes, _):
                pictures.draw_lines(axes, {"loss": [2.0, 1.0]}, "loss")
            assert mpl.rcParams["font.size"] == size
        contents.append((tmp_path / "picture.png").read_bytes())
    assert contents[0] == contents[1]
    assert contents[0].startswith(b"\x89PNG")
