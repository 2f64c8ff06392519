"""Look for checkpoints and state dicts that are read in a wrong way, by mutation guided by coverage.

::

    pip install atheris                                          # libFuzzer for Python
    python tests/fuzz/fuzz_checkpoint.py --seconds 60            # shared out among the three targets
    python tests/fuzz/fuzz_checkpoint.py --target npz crash-...  # once more what was found

Whatever is read must be refused with the error that is documented, and leave the optimizer as it was, or be in order
(see ``tests/helpers/judging.py``). What is found stays in the folder ``fuzz-findings``.
"""

from __future__ import annotations

import argparse
import os
import random
import re
import resource
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

sys.path[:0] = [str(Path(__file__).parents[1] / "helpers")]

TARGETS = ["safetensors", "npz", "state_dict"]
#: More than any of this needs; what files claim is more than that.
MEMORY = 1 << 30
WHERE = Path("fuzz-findings")


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=int, default=60, help="in all (default: 60)")
    parser.add_argument("--target", choices=TARGETS, help="only this one")
    parser.add_argument("file", nargs="?", type=Path, help="an input to be tried once; needs --target")
    parser.add_argument("--corpus", type=Path, help=argparse.SUPPRESS)
    return parser.parse_args()


def main() -> int:
    chosen = arguments()
    if chosen.corpus is not None or chosen.file is not None:
        return fuzz(chosen.target, chosen.corpus, chosen.file, chosen.seconds)
    targets = [chosen.target] if chosen.target else TARGETS
    WHERE.mkdir(exist_ok=True)
    found = 0
    for target in targets:
        with tempfile.TemporaryDirectory() as corpus:
            command = [sys.executable, __file__, "--target", target, "--corpus", corpus]
            command += ["--seconds", str(max(1, chosen.seconds // len(targets)))]
            result = subprocess.run(command, capture_output=True, text=True, check=False)
        output = result.stdout + result.stderr
        done = re.findall(r"^#(\d+)\s+\w+\s+cov: (\d+) ft: (\d+)", output, re.MULTILINE)
        if result.returncode != 0 or not done:
            found += 1
            print(output[-6000:], file=sys.stderr)
        executions, covered, features = done[-1] if done else ("0", "0", "0")
        outcomes = re.findall(r"^outcomes: (.*)$", output, re.MULTILINE)[-1:]
        print(f"{target}: {executions} executions, coverage {covered}, features {features};", *outcomes, flush=True)
    print(f"{found} of {len(targets)} targets with a finding" + (f", in {WHERE}" if found else ""))
    return 1 if found else 0


def fuzz(target: str, corpus: Path | None, file: Path | None, seconds: int) -> int:
    """Fuzz in this process, which libFuzzer ends."""
    try:
        import atheris  # type: ignore[import-untyped]
    except ImportError:
        sys.exit("fuzz_checkpoint: needs the package atheris; install it with: pip install atheris")
    with atheris.instrument_imports(include=["adamas", "zipfile", "json", "numpy.lib"]):
        import adamas  # noqa: F401
    from collections import Counter

    from damage import damaged_npz, damaged_safetensors
    from judging import KINDS, judge_file, judge_state_dict, trained

    folder = Path(tempfile.mkdtemp(dir="/dev/shm" if os.access("/dev/shm", os.W_OK) else None))
    outcomes: Counter[str] = Counter()
    damage: Any = {"safetensors": damaged_safetensors, "npz": damaged_npz}.get(target)

    def count(outcome: str) -> None:
        outcomes[outcome] += 1
        if outcomes.total() % 50 == 0:  # libFuzzer ends the process without a word to Python
            print("outcomes:", ", ".join(f"{n} {what}" for what, n in outcomes.items()), flush=True)

    def try_file(data: bytes) -> None:
        """The last byte says what the file is loaded into, and how."""
        choice = data[-1] if data else 0
        path = folder / f"a.{target}"
        path.write_bytes(data[:-1])
        flags = {name: bool(choice >> k & 1) for k, name in enumerate(("strict", "convert", "check_finite"), 5)}
        count(judge_file(path, KINDS[choice % len(KINDS)], flags))

    def try_state_dict(data: bytes) -> None:
        rng = random.Random(data)
        count(judge_state_dict(rng, rng.choice(KINDS)))

    def mutated(data: bytes, most: int, seed: int) -> bytes:
        """Mostly with lengths and checksums repaired, so that what is behind them is reached."""
        rng = random.Random(seed)
        if damage is None or rng.random() < 0.2:
            return bytes(atheris.Mutate(data, most))
        changed = damage(rng, data[:-1]) + bytes([data[-1] if data and rng.random() < 0.8 else rng.randrange(256)])
        return changed if len(changed) <= most else data

    if corpus is not None:
        for k, kind in enumerate(KINDS):
            path = folder / f"whole.{'npz' if target == 'state_dict' else target}"
            trained(kind).save(path)
            (corpus / kind).write_bytes(bytes([k]) if target == "state_dict" else path.read_bytes() + bytes([k + 32]))

    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + MEMORY, resource.RLIM_INFINITY))
    inputs = [str(file if file is not None else corpus)]
    flags = [
        f"-max_total_time={seconds}",
        "-max_len=20000",
        "-timeout=20",
        f"-artifact_prefix={WHERE}/",
        "-verbosity=1",
    ]
    atheris.Setup(
        [sys.argv[0], *flags, *inputs],
        try_state_dict if damage is None else try_file,
        custom_mutator=mutated,
    )
    atheris.Fuzz()
    return 0


if __name__ == "__main__":
    sys.exit(main())
