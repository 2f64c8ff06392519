"""Runs hostile inputs in processes of their own, which may crash or hang."""

from __future__ import annotations

import faulthandler
import json
import os
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Iterable
from pathlib import Path

from child import VARIABLES

#: Seconds after which a case counts as one that hangs.
PATIENCE = 20.0

REFUSED, CORRECT = "refused", "correct"


def outcomes(names: Iterable[str], patience: float = PATIENCE) -> dict[str, str]:
    """Try each case; return what came of it: ``"refused"``, ``"correct"``, or what went wrong."""
    pending, found = list(names), {}
    while pending:
        with tempfile.TemporaryFile("w+") as errors, _start(pending, patience, errors.fileno()) as process:
            assert process.stdout is not None
            for line in process.stdout:
                kind, name, outcome = json.loads(line)
                begun = name
                if kind == "end":
                    found[name] = outcome
            status = process.wait()
            errors.seek(0)
            said = errors.read()
        pending = [name for name in pending if name not in found]
        if pending:
            how = f"crash (signal {-status})" if status < 0 else f"the process ended with {status}"
            how = "hang" if "Timeout (" in said else how
            found[begun] = f"{how}\n{said}"
            pending.remove(begun)
        elif status != 0:
            found[begun] = f"the process ended with {status} after all\n{said}"
    return found


def _start(names: list[str], patience: float, errors: int) -> subprocess.Popen[str]:
    clean = {key: value for key, value in os.environ.items() if key not in VARIABLES}
    clean["PYTHONPATH"] = os.pathsep.join([str(Path(__file__).parents[1]), *filter(None, sys.path)])
    command = [sys.executable, "-X", "faulthandler", "-W", "error", "-m", "hostile", "--child"]
    process = subprocess.Popen(
        command, env=clean, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, text=True
    )
    assert process.stdin is not None
    process.stdin.write(json.dumps((names, patience)))
    process.stdin.close()
    return process


def try_all() -> None:
    """In the child: try the cases whose names come in, and tell before and after each."""
    from hostile.driver import attack
    from hostile.planted import PLANTED
    from hostile.table import CASES

    names, patience = json.load(sys.stdin)
    cases = {**CASES, **PLANTED}
    report = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)  # what is printed is no report
    for name in names:
        print(json.dumps(("begin", name, "")), file=report)
        faulthandler.dump_traceback_later(patience, exit=True)
        try:
            attack(cases[name])
            outcome = CORRECT if cases[name].error is None else REFUSED
        except BaseException:
            outcome = traceback.format_exc()
        faulthandler.cancel_dump_traceback_later()
        print(json.dumps(("end", name, outcome)), file=report)


def summary(found: dict[str, str]) -> str:
    """Say in a line what came of all cases."""
    wrong = [outcome for outcome in found.values() if outcome not in (REFUSED, CORRECT)]
    counts = {
        "crashes": sum(outcome.startswith("crash") for outcome in wrong),
        "hangs": sum(outcome.startswith("hang") for outcome in wrong),
        "silent changes": sum("Wrong: " in outcome and ": silent change" in outcome for outcome in wrong),
    }
    counts["other failures"] = len(wrong) - sum(counts.values())
    outcomes_of = list(found.values())
    return (
        f"hostile inputs: {len(found)}; refused with their error: {outcomes_of.count(REFUSED)}; "
        f"correct result: {outcomes_of.count(CORRECT)}; " + "; ".join(f"{name}: {n}" for name, n in counts.items())
    )
