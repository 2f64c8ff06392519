"""Saves are atomic, whatever interrupts them; and the contents of files."""

from __future__ import annotations

import fcntl
import fractions
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from checkpoints import ENDINGS, assert_same_bits, make_params
from child import run_python

import adamas
from adamas import checkpoint


class TestWrite:
    def state_dict(self) -> dict[str, Any]:
        return adamas.AdamW({"w": np.ones(3, np.float32)}).state_dict()

    @pytest.mark.parametrize("ending", ENDINGS)
    def test_arrays_that_are_not_contiguous(self, ending: str, tmp_path: Path) -> None:
        array = np.arange(12, dtype=np.float32).reshape(3, 4)
        for values in (array[::-1], array.T, array[:, ::2]):
            checkpoint.write(tmp_path / f"a{ending}", self.state_dict(), {"w": values})
            assert_same_bits(checkpoint.read(tmp_path / f"a{ending}").params["w"], np.ascontiguousarray(values))

    @pytest.mark.parametrize("dtype", [">f4", "complex64", "int64", "bool", "U3"])
    def test_arrays_that_files_do_not_have(self, dtype: str, tmp_path: Path) -> None:
        with pytest.raises(TypeError, match="params/w: checkpoints have no arrays of"):
            checkpoint.write(tmp_path / "a.npz", self.state_dict(), {"w": np.zeros(3, dtype)})

    @pytest.mark.parametrize(
        "value", [np.longdouble(0.25), fractions.Fraction(1, 4), np.float32(0.25), np.float64(0.25)]
    )
    def test_numbers_of_any_type(self, value: Any, tmp_path: Path) -> None:
        adamas.AdamW({"w": np.ones(3, np.float32)}, lr=value).save(tmp_path / "a.npz")
        assert checkpoint.read(tmp_path / "a.npz").state_dict["param_groups"][0]["lr"] == 0.25


KILLED = """
import os, random, signal, sys, time
import numpy as np, adamas
path, rounds = sys.argv[1], int(sys.argv[2])
def timed():
    start = time.perf_counter()
    opt.save(path)
    return time.perf_counter() - start
params = [np.full(200_000, 1.0, np.float32)]
opt = adamas.AdamW(params, num_threads=1)
opt.save(path)
longest = 2 * sorted(timed() for _ in range(9))[4]
random.seed(int(sys.argv[3]))
seen = set()
for i in range(rounds):
    value = float(i + 2)
    child = os.fork()
    if child == 0:
        params[0][:] = value
        opt.save(path)
        os._exit(0)
    time.sleep(random.uniform(0.0, longest))
    os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    values = np.unique(adamas.checkpoint.read(path).params["0"])
    assert len(values) == 1, "a mixture"
    assert values[0] in (value, last) if i else values[0] in (value, 1.0), (values, value)
    last = values[0]
    seen.add("new" if last == value else "old")
folder = os.path.dirname(path)
for name in os.listdir(folder):
    os.utime(os.path.join(folder, name), (1.0, 1.0))  # new ones may be about to be locked
opt.save(path)
print(sorted(seen), len(os.listdir(os.path.dirname(path))))
"""


class TestSaving:
    def test_a_save_that_is_killed_leaves_the_old_file_or_the_new_one(self, tmp_path: Path) -> None:
        """And what it left lying about, the next save removes."""
        rounds = os.environ.get("ADAMAS_TEST_KILLS", "40")
        done = run_python("-c", KILLED, str(tmp_path / "a.safetensors"), rounds, "1")
        assert done.returncode == 0, done.stderr
        assert done.stdout.split() == ["['new',", "'old']", "1"]

    @pytest.mark.parametrize("ending", ENDINGS)
    def test_a_full_disk(self, ending: str, tmp_path: Path) -> None:
        """A limit on the size of files stands for it."""
        script = (
            "import resource, signal, sys, numpy as np, adamas\n"
            "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
            "params = [np.ones(100_000, np.float32)]\n"
            "opt = adamas.AdamW(params)\n"
            "opt.save(sys.argv[1])\n"
            "old = open(sys.argv[1], 'rb').read()\n"
            "resource.setrlimit(resource.RLIMIT_FSIZE, (500_000, 500_000))\n"
            "params[0][:] = 2\n"
            "try: opt.save(sys.argv[1])\n"
            "except OSError as error: print('refused:', error)\n"
            "assert open(sys.argv[1], 'rb').read() == old\n"
        )
        done = run_python("-c", script, str(tmp_path / f"a{ending}"))
        assert done.returncode == 0, done.stderr
        assert done.stdout.startswith("refused:")
        assert f"a{ending}'" in done.stdout
        assert [file.name for file in tmp_path.iterdir()] == [f"a{ending}"]

    def test_a_missing_folder(self, tmp_path: Path) -> None:
        """The folder is named, and nothing that the user has not heard of."""
        opt = adamas.AdamW(make_params())
        with pytest.raises(FileNotFoundError) as caught:
            opt.save(tmp_path / "no" / "a.safetensors")
        assert str(caught.value) == f"[Errno 2] No such file or directory: {str(tmp_path / 'no')!r}"
        (tmp_path / "file").touch()
        with pytest.raises(NotADirectoryError) as caught_too:
            opt.save(tmp_path / "file" / "a.safetensors")
        assert str(caught_too.value) == f"[Errno 20] Not a directory: {str(tmp_path / 'file')!r}"

    @pytest.mark.parametrize("ending", ENDINGS)
    def test_a_folder_of_that_name(self, ending: str, tmp_path: Path) -> None:
        (tmp_path / f"a{ending}").mkdir()
        with pytest.raises(IsADirectoryError) as caught:
            adamas.AdamW(make_params()).save(tmp_path / f"a{ending}")
        assert str(caught.value) == f"[Errno 21] Is a directory: {str(tmp_path / f'a{ending}')!r}"
        assert [file.name for file in tmp_path.iterdir()] == [f"a{ending}"]

    def test_without_safetensors(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(sys.modules, "safetensors", None)
        opt = adamas.AdamW(make_params())
        opt.save(tmp_path / "a.safetensors")
        opt.load(tmp_path / "a.safetensors")

    def test_what_was_left_behind_is_removed_unless_it_is_held(self, tmp_path: Path) -> None:
        held, left, fresh = (tmp_path / f".adamas-{name}.tmp" for name in ("held", "left", "fresh"))
        for folder in (held, left, fresh):
            folder.mkdir()
            (folder / "new").write_bytes(b"half")
        for folder in (held, left):
            os.utime(folder, (1.0, 1.0))
        descriptor = os.open(held, os.O_RDONLY)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            adamas.AdamW(make_params()).save(tmp_path / "a.npz")
        finally:
            os.close(descriptor)
        assert sorted(file.name for file in tmp_path.iterdir()) == [".adamas-fresh.tmp", ".adamas-held.tmp", "a.npz"]

    @pytest.mark.parametrize("ending", ENDINGS)
    def test_permissions_are_those_of_the_old_file_or_of_any_new_one(self, ending: str, tmp_path: Path) -> None:
        path = tmp_path / f"a{ending}"
        (tmp_path / "any").touch()
        opt = adamas.AdamW(make_params())
        opt.save(path)
        assert path.stat().st_mode == (tmp_path / "any").stat().st_mode
        path.chmod(0o640)
        opt.save(path)
        assert path.stat().st_mode & 0o7777 == 0o640

    def test_the_old_file_is_let_go_of(self, tmp_path: Path) -> None:
        opt = adamas.AdamW(make_params())
        before = set(os.listdir("/proc/self/fd"))
        for _ in range(3):
            opt.save(tmp_path / "a.safetensors")
        end = time.monotonic() + 10.0
        while (after := set(os.listdir("/proc/self/fd"))) != before and time.monotonic() < end:
            time.sleep(0.01)  # a thread of its own does it
        assert after == before

    def test_a_link_stays_a_link(self, tmp_path: Path) -> None:
        (tmp_path / "disk").mkdir()
        link = tmp_path / "latest.npz"
        link.symlink_to(tmp_path / "disk" / "run.npz")
        adamas.AdamW(make_params()).save(link)
        assert link.is_symlink()
        assert checkpoint.read(tmp_path / "disk" / "run.npz").params

    def test_a_long_name(self, tmp_path: Path) -> None:
        adamas.AdamW(make_params()).save(tmp_path / ("x" * 251 + ".npz"))

    @pytest.mark.parametrize("ending", ENDINGS)
    def test_reading_while_another_process_saves(self, ending: str, tmp_path: Path) -> None:
        """Files of two sizes in turns; each that is read is one of them."""
        path = tmp_path / f"a{ending}"
        script = (
            "import sys, numpy as np, adamas\n"
            "opts = [adamas.AdamW({'w': np.full(n, n, np.float32)}) for n in (3000, 9)]\n"
            "for i in range(200): opts[i % 2].save(sys.argv[1])\n"
        )
        adamas.AdamW({"w": np.full(9, 9, np.float32)}).save(path)
        with subprocess.Popen([sys.executable, "-c", script, str(path)]) as process:
            reads = 0
            while process.poll() is None:
                values = checkpoint.read(path).params["w"]
                assert (values == len(values)).all()
                reads += 1
        assert process.returncode == 0
        assert reads > 5

    def test_while_evaluating(self, tmp_path: Path) -> None:
        opt = adamas.ScheduleFreeAdamW(make_params())
        opt.eval()
        with pytest.raises(RuntimeError, match="saving or loading"):
            opt.save(tmp_path / "a.npz")
