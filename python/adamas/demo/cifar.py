"""CIFAR-10 (Krizhevsky 2009): 60,000 photographs of 32x32 pixels in ten classes, in both formats of its authors."""

from __future__ import annotations

import hashlib
import io
import pickle
import tarfile
from pathlib import Path

import numpy as np

from adamas.demo.mlp import Array

CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
SIDE, CHANNELS = 32, 3

#: MD5 sums as its authors publish them; those of the single files are torchvision's.
_ARCHIVES = {
    "cifar-10-binary.tar.gz": "c32a1d4ab5d03f1284b67883e8d87530",
    "cifar-10-python.tar.gz": "c58f30108f718f92721af3b95e74349a",
}
_PYTHON_FILES = {
    "data_batch_1": "c99cafc152244af753f735de768cd75f",
    "data_batch_2": "d4bba439e000b95fd0a9bffe97cbabec",
    "data_batch_3": "54ebc095f3ab1f0389bbae665268c751",
    "data_batch_4": "634d18415352ddfa80567beed471001a",
    "data_batch_5": "482c414d41f54cd18b22e5b47cb7c3cb",
    "test_batch": "40351d587109b95175f43aff81a1287e",
}
_BINARY, _PYTHON = "cifar-10-batches-bin", "cifar-10-batches-py"
_RECORD = 1 + CHANNELS * SIDE * SIDE
_PER_FILE = 10_000

#: Images as uint8 of shape (count, 3, 32, 32), and their labels.
Part = tuple[Array, Array]


def load_cifar10(folder: Path, per_file: int = _PER_FILE) -> tuple[Part, Part]:
    """Return the training and the test images.

    Args:
        folder: Contains one of the two archives, or a folder with their files.
        per_file: Images in a file; 10,000 in CIFAR-10, any number in another data set of this format.

    Raises:
        FileNotFoundError: Neither is there; the message says how to get it.
        ValueError: A file differs from the published one.
    """
    for name, expected in _ARCHIVES.items():
        if (folder / name).is_file():
            content = (folder / name).read_bytes()
            _check_sum(content, expected, folder / name)
            return _split(_members(content, folder / name), per_file, "binary" in name)
    if (folder / _PYTHON).is_dir():
        files = {name: (folder / _PYTHON / name).read_bytes() for name in _PYTHON_FILES}
        for name, expected in _PYTHON_FILES.items():
            _check_sum(files[name], expected, folder / _PYTHON / name)  # before anything is unpickled
        return _split(files, per_file, is_binary=False)
    if (folder / _BINARY).is_dir():
        names = [*(f"data_batch_{k}.bin" for k in range(1, 6)), "test_batch.bin"]
        return _split({name: (folder / _BINARY / name).read_bytes() for name in names}, per_file, is_binary=True)
    raise FileNotFoundError(
        f"{folder}: no CIFAR-10 there; get cifar-10-binary.tar.gz (162 MB) from www.cs.toronto.edu/~kriz/cifar.html "
        "and name its folder with --data-dir, or look at --quick, which makes a small data set of its own"
    )


def write_binary(folder: Path, parts: list[Part]) -> None:
    """Write five training parts and one test part in the binary format."""
    (folder / _BINARY).mkdir(parents=True, exist_ok=True)
    for k, (images, labels) in enumerate(parts, 1):
        records = np.concatenate([labels.astype(np.uint8)[:, None], images.reshape(len(images), -1)], axis=1)
        name = f"data_batch_{k}.bin" if k < len(parts) else "test_batch.bin"
        (folder / _BINARY / name).write_bytes(records.tobytes())


def _check_sum(content: bytes, expected: str, path: Path) -> None:
    if hashlib.md5(content, usedforsecurity=False).hexdigest() != expected:
        raise ValueError(f"{path}: its MD5 sum is not {expected}: damaged, or another file; get it again")


def _members(archive: bytes, path: Path) -> dict[str, bytes]:
    try:
        with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
            opened = {Path(member.name).name: tar.extractfile(member) for member in tar if member.isfile()}
            return {name: file.read() for name, file in opened.items() if file is not None}
    except tarfile.TarError as error:
        raise ValueError(f"{path}: damaged ({error}); get it again") from error


def _split(files: dict[str, bytes], per_file: int, is_binary: bool) -> tuple[Part, Part]:
    read, ending = (_from_binary, ".bin") if is_binary else (_from_python, "")
    parts = [read(files[f"data_batch_{k}{ending}"], per_file) for k in range(1, 6)]
    images, labels = zip(*parts, strict=True)
    return (np.concatenate(images), np.concatenate(labels)), read(files[f"test_batch{ending}"], per_file)


def _from_binary(content: bytes, count: int) -> Part:
    if len(content) != count * _RECORD:
        raise ValueError(f"a binary batch of CIFAR-10: expected {count * _RECORD:,} bytes, got {len(content):,}")
    records = np.frombuffer(content, np.uint8).reshape(count, _RECORD)
    if records[:, 0].max() >= len(CLASSES):
        raise ValueError(f"a binary batch of CIFAR-10: expected labels from 0 to 9, got {records[:, 0].max()}")
    return records[:, 1:].reshape(count, CHANNELS, SIDE, SIDE), records[:, 0].astype(np.int64)


def _from_python(content: bytes, count: int) -> Part:
    batch = pickle.loads(content, encoding="bytes")
    images = np.asarray(batch[b"data"], np.uint8)
    return images.reshape(count, CHANNELS, SIDE, SIDE), np.asarray(batch[b"labels"], np.int64)
