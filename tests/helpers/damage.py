"""Checkpoints and state dicts that are damaged on purpose, with lengths and checksums that are right all the same."""

from __future__ import annotations

import io
import json
import math
import random
import zipfile
import zlib
from typing import Any

import numpy as np

#: What stands where something else is expected.
HOSTILE: list[Any] = [
    *(None, True, False, -1, 0, 1, 2, 3, 2**31, 2**53, 2**62 - 1, 2**62, 2**63, 2**64, 10**400, -(10**400)),
    *(0.5, -0.0, 1e308, 5e-324, math.nan, math.inf, "", "x", "w", "float32", "bfloat16", "float64", "int8", "U8"),
    *("\ud800", "\0", "../../x", "A" * 500, "params/w", "states/w/exp_avg", "AdamW", "NAdam", [], {}, [[]], [1] * 40),
    *([0, 2**62], [2**31, 2**31], [-1], {"a": {}}, [0.9, 0.999], [None], ["w"]),
]


def spoil(rng: random.Random, tree: Any, hostile: list[Any]) -> Any:
    """Return nested dicts and lists with something changed somewhere; they are copied on the way there."""
    here = rng.random() < 0.15
    if isinstance(tree, dict) and tree and not here:
        key = rng.choice(list(tree))
        if rng.random() < 0.1:
            return {k: v for k, v in tree.items() if k != key}
        if rng.random() < 0.1:
            return {**tree, rng.choice(["w", "x", "step", "schema", "\ud800", ""]): rng.choice(hostile)}
        return {**tree, key: spoil(rng, tree[key], hostile)}
    if isinstance(tree, list | tuple) and tree and not here:
        place = rng.randrange(len(tree))
        if rng.random() < 0.1:
            return [*tree[:place], *tree[place + 1 :]]
        return [*tree[:place], spoil(rng, tree[place], hostile), *tree[place + 1 :]]
    return rng.choice(hostile)


def flip(rng: random.Random, data: bytes) -> bytes:
    """Change, remove or add some bytes anywhere."""
    changed = bytearray(data)
    for _ in range(rng.choice([1, 1, 2, 8])):
        place = rng.randrange(len(changed) + 1)
        match rng.randrange(4):
            case 0:
                changed[place : place + 1] = bytes([rng.randrange(256)])
            case 1:
                del changed[place : place + rng.choice([1, 8, 1000])]
            case 2:
                changed[place:place] = rng.randbytes(rng.choice([1, 8]))
            case 3:
                changed[place : place + 8] = rng.choice([0, 1, 2**31, 2**63, 2**64 - 1]).to_bytes(8, "little")
    return bytes(changed)


def damaged_safetensors(rng: random.Random, data: bytes) -> bytes:
    """Return a safetensors file with other contents; what is no such file is changed anyhow."""
    try:
        length = int.from_bytes(data[:8], "little")
        header, body = json.loads(data[8 : 8 + length]), data[8 + length :]
        text = json.loads(header["__metadata__"]["adamas"])
    except (ValueError, KeyError, TypeError, RecursionError):
        return flip(rng, data)
    match rng.randrange(5):
        case 0:
            return flip(rng, data)
        case 1:
            body = flip(rng, body)
        case 2:
            header = spoil(rng, header, HOSTILE)
        case _:
            text = spoil(rng, text, HOSTILE)
    if isinstance(header, dict) and isinstance(header.get("__metadata__"), dict):
        if isinstance(text, dict) and isinstance(text.get("checksums"), dict) and rng.random() < 0.8:
            text["checksums"] = {name: _checksum(entry, body) for name, entry in header.items() if name[:1] != "_"}
        described = json.dumps(text)
        header["__metadata__"] = {"adamas": described, "adamas_crc32": f"{zlib.crc32(described.encode()):08x}"}
    encoded = json.dumps(header).encode()
    return len(encoded).to_bytes(8, "little") + encoded + body


def _checksum(entry: Any, body: bytes) -> int:
    try:
        first, last = entry["data_offsets"]
        return zlib.crc32(body[first:last])
    except (TypeError, KeyError, ValueError):
        return 0


def damaged_npz(rng: random.Random, data: bytes) -> bytes:
    """Return an npz file with other members; what is no such file is changed anyhow."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = {name: archive.read(name) for name in archive.namelist()}
        content = json.loads(members["adamas.npy"][128:].rstrip(b"\0"))
        text = json.loads(content["text"])
    except Exception:  # zipfile has many kinds
        return flip(rng, data)
    match rng.randrange(6):
        case 0:
            return flip(rng, data)
        case 1:
            name = rng.choice(list(members))
            members[name] = _other_header(rng, members[name])
        case 2:
            name = rng.choice(list(members))
            members[name] = flip(rng, members[name])
        case 3:
            content = spoil(rng, content, HOSTILE)
        case _:
            text = spoil(rng, text, HOSTILE)
    if rng.random() < 0.9:
        if isinstance(content, dict) and isinstance(content.get("text"), str):
            if isinstance(text, dict) and isinstance(text.get("checksums"), dict) and rng.random() < 0.8:
                bodies = [zlib.crc32(body[128:]) for name, body in members.items() if not name.startswith("adamas")]
                text["checksums"] = dict(zip(text["checksums"], bodies, strict=False))
            content["text"] = json.dumps(text)
        encoded = json.dumps(content).encode()
        members["adamas.npy"] = _as_npy(np.frombuffer(encoded, np.uint8))
        members["adamas_crc32.npy"] = _as_npy(np.uint32(zlib.crc32(encoded)))
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", rng.choice([zipfile.ZIP_STORED] * 9 + [zipfile.ZIP_DEFLATED])) as archive:
        for name, member in members.items():
            archive.writestr(zipfile.ZipInfo(name), member)
    return file.getvalue()


def _as_npy(array: Any) -> bytes:
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


def _other_header(rng: random.Random, member: bytes) -> bytes:
    """Write another dtype or shape over that of a member."""
    descr = rng.choice(["<f4", "<f8", ">f4", "|O", "|V2", "<U5", "|b1", "<c8", "|V0", "<m8"])
    shape = rng.choice(["()", "(-1,)", "(0, 4611686018427387904)", "(1099511627776,)", "(5,)", "(1, 5)", "(True,)"])
    text = f"{{'descr': '{descr}', 'fortran_order': {rng.random() < 0.5}, 'shape': {shape}, }}"
    return member[:10] + text.ljust(117).encode() + b"\n" + member[128:]


def odd_arrays() -> list[Any]:
    """What a state dict may hold in the place of an array or a number."""
    return [
        *(np.ones(5), np.ones(5, np.float32), np.ones((5, 1), np.float32), np.ones(10, np.float32)[::2], np.ones(0)),
        *(np.array([None] * 5), np.array(3), np.int64(3), np.float32(2.5), np.uint64(2**63), np.full(5, np.nan)),
        *(np.ma.masked_array(np.ones(5, np.float32)), np.ones(5, ">f4"), b"bytes", object(), 1j, range(3), {1, 2}),
        *HOSTILE,
    ]
