"""serve_digits: a trained model, used without what trained it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from child import check_python
from example import PNG, alone, figures, refusal, run_example
from PIL import Image

import adamas


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("trained")
    figures("digits_numpy", "--quick", "--samples", 20, "--output-dir", folder)
    return folder


def test_samples_are_recognised(trained: Path, tmp_path: Path) -> None:
    samples = sorted((trained / "samples").iterdir())
    picture = tmp_path / "picture.png"
    result = run_example("serve_digits", trained / "model.safetensors", *samples, "--json", "--picture", picture)
    assert result.returncode == 0, result.stderr
    answers = json.loads(result.stdout)
    assert list(answers) == [str(path) for path in samples]
    right = 0
    for path, probabilities in answers.items():
        assert sum(probabilities.values()) == pytest.approx(1.0, abs=1e-5)
        right += max(probabilities, key=probabilities.__getitem__) == Path(path).stem.split("-")[1]
    assert right >= 17
    assert picture.read_bytes().startswith(PNG)
    shown = run_example("serve_digits", trained / "model.safetensors", samples[0], "--top", 2).stdout.split()
    assert shown[0] == str(samples[0])
    assert len(shown) == 5


def test_dark_on_bright(trained: Path, tmp_path: Path) -> None:
    sample = min((trained / "samples").iterdir())
    inverted = tmp_path / "inverted.png"
    Image.fromarray(255 - np.asarray(Image.open(sample))).convert("RGB").save(inverted)
    results: list[list[float]] = []
    for options in ((sample,), (inverted, "--invert")):
        result = run_example("serve_digits", trained / "model.safetensors", *options, "--json")
        results.append(list(next(iter(json.loads(result.stdout).values())).values()))
    assert results[0] == pytest.approx(results[1], abs=1e-4)


def test_no_training_code_is_imported(trained: Path) -> None:
    sample = next((trained / "samples").iterdir())
    arguments = [str(alone("serve_digits")), str(trained / "model.safetensors"), str(sample)]
    loaded = check_python(
        f"import sys, runpy; sys.argv = {arguments!r}\n"
        "try: runpy.run_path(sys.argv[0], run_name='__main__')\n"
        "except SystemExit as end: assert end.code == 0\n"
        "print(*sys.modules)"
    ).split()
    assert "adamas.checkpoint" in loaded
    for module in ("adamas.demo.train", "adamas.demo.data", "adamas.demo.run", "adamas.demo.images", "sklearn", "tqdm"):
        assert module not in loaded


def write(path: Path, params: object) -> Path:
    adamas.SGD(params).save(path)
    return path


def zeros(*shape: int) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    return np.zeros(shape, np.float32)


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"table": zeros(5, 2)}, "expected parameters 0.w, 0.b, 1.w, ... as digits_numpy.py has, found table"),
        ([{"w": zeros(64, 9), "b": zeros(8)}], "weights and biases of shapes (64, 9) with (8,) are no perceptron"),
        ([{"w": zeros(64), "b": zeros(64)}], "are no perceptron"),
        ([{"w": zeros(64, 9), "b": zeros(9)}, {"w": zeros(8, 10), "b": zeros(10)}], "are no perceptron"),
        ([{"w": zeros(100, 10), "b": zeros(10)}], "expected 64 (digits) or 784 (fashion-mnist) inputs"),
        ([{"w": zeros(64, 3), "b": zeros(3)}], "found 64 and 3"),
    ],
)
def test_checkpoint_of_another_model(params: object, message: str, trained: Path, tmp_path: Path) -> None:
    sample = next((trained / "samples").iterdir())
    said = refusal("serve_digits", write(tmp_path / "other.safetensors", params), sample)
    assert "is of another model" in said
    assert message in said


def test_checkpoint_missing_or_damaged(trained: Path, tmp_path: Path) -> None:
    sample = next((trained / "samples").iterdir())
    assert "there is no such file" in refusal("serve_digits", tmp_path / "none.safetensors", sample)
    damaged = tmp_path / "damaged.safetensors"
    content = bytearray((trained / "model.safetensors").read_bytes())
    content[-5] ^= 0xFF
    damaged.write_bytes(content)
    assert "is damaged" in refusal("serve_digits", damaged, sample)
    damaged.write_bytes(content[:1000])
    assert str(damaged) in refusal("serve_digits", damaged, sample)
    damaged.write_bytes(b"")
    assert str(damaged) in refusal("serve_digits", damaged, sample)


def test_bad_images(trained: Path, tmp_path: Path) -> None:
    model = trained / "model.safetensors"
    image = tmp_path / "image.png"
    assert "there is no such file" in refusal("serve_digits", model, image)
    Image.fromarray(np.zeros((28, 28), np.uint8)).save(image)
    assert "expected an image of 8 x 8 pixels" in refusal("serve_digits", model, image)
    assert "got 28 x 28; resize it first" in refusal("serve_digits", model, image)
    Image.fromarray(np.zeros((8, 8, 4), np.uint8)).save(image)
    assert "without transparency, got mode RGBA" in refusal("serve_digits", model, image)
    image.write_bytes(b"no image")
    assert "is no PNG image, or is damaged" in refusal("serve_digits", model, image)
    content = next((trained / "samples").iterdir()).read_bytes()
    image.write_bytes(content[: len(content) // 2])
    assert "is no PNG image, or is damaged" in refusal("serve_digits", model, image)
