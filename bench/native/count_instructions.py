"""The number of instructions of a step: a measure of speed that can be checked on any machine, even a busy one.

The program ``instructions`` is run under valgrind, which counts what is executed inside one of its functions, a number
of steps: the same program gives the same count each time. Run it with ``python bench/native/count_instructions.py
BUILD/instructions``; it needs valgrind.

``--check`` compares with the counts of a file, which names the compiler that they are of: another one makes other code,
and is not compared. Exit status: 0 if nothing has grown by more than the margin, 1 if something has, 2 if it cannot be
said. The margin leaves room for another C library, which copies the end of an array in its own way, and for small
changes that are meant.

The file has the instructions of one more element, too, of the rule that is counted in every format: what a loop takes,
without what a step takes once. ``bench/floors.py`` sets times beside them.

The cases are asked for under valgrind too: so they are those of the instruction sets that it emulates. Valgrind 3.19
does not emulate AVX-512.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

#: Every rule is counted in this format, and this rule in every format.
FORMAT, RULE = "float32", "adam"

#: So many steps are counted.
STEPS = 8

#: The key of the counts in the file.
COUNTS = "instructions_of_a_step"

#: The key of those of one more element, and the sizes between which they are counted: whole blocks.
SLOPES = "instructions_of_an_element"
_SIZES = (4096, 8192)

_VALGRIND = ("valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", "--toggle-collect=counted_steps")


class Uncountable(Exception):  # noqa: N818
    """There is nothing to compare; the message says why."""


def run(*command: str) -> subprocess.CompletedProcess[str]:
    """Run a command.

    Raises:
        Uncountable: It cannot be run, or has failed.
    """
    try:
        return subprocess.run(command, check=True, capture_output=True, text=True)
    except OSError as error:
        raise Uncountable(f"{command[0]}: {error.strerror}") from error
    except subprocess.CalledProcessError as error:
        raise Uncountable(f"{' '.join(command)}:\n{error.stderr}") from error


def describe(program: str) -> dict[str, Any]:
    """Return what two counts must have in common to be compared."""
    compiler, elements = run(program, "--about").stdout.strip().rsplit(", ", 1)
    isas = {case.split()[2] for case in cases(program)}
    return {"compiler": compiler, "isas": sorted(isas), "elements": int(elements.split()[0])}


def cases(program: str, everything: bool = True) -> list[str]:
    """Return rule, format and instruction set of each case."""
    lines = run(*_VALGRIND, program, "--list").stdout.splitlines()
    if everything:
        return lines
    return [line for line in lines if line.split()[0] == RULE or line.split()[1] == FORMAT]


def count(program: str, names: list[str], jobs: int) -> dict[str, int]:
    """Return the instructions of one step of each case."""
    with ThreadPoolExecutor(jobs) as pool:
        return dict(zip(names, pool.map(lambda case: instructions(program, case), names), strict=True))


def slopes(program: str, names: list[str], jobs: int) -> dict[str, float]:
    """Return the instructions of one more element of each case."""
    few, many = ({f"{case} {size}": case for case in names} for size in _SIZES)
    counts = count(program, [*few, *many], jobs)
    return {
        case: round((counts[larger] - counts[smaller]) / (_SIZES[1] - _SIZES[0]), 3)
        for (smaller, case), larger in zip(few.items(), many, strict=True)
    }


def instructions(program: str, case: str) -> int:
    """Return the instructions of one step."""
    rule, form, isa, *size = case.split()
    report = run(*_VALGRIND, program, rule, form, isa, str(STEPS), *size).stderr
    found = re.search(r"Collected : (\d+)", report)
    if found is None or int(found[1]) == 0:
        raise Uncountable(f"valgrind: no count in its report:\n{report}")
    return round(int(found[1]) / STEPS)


def differences(before: dict[str, int], after: dict[str, int], margin: float) -> tuple[list[str], list[str]]:
    """Compare two counts; return what is wrong, and what else there is to say."""
    wrong = [f"not in the file: {case}; write it anew" for case in after if case not in before]
    wrong += [f"in the file alone: {case}; write it anew" for case in before if case not in after]
    notes = []
    for case in [case for case in after if case in before]:
        line = f"{case}: {before[case]:,} -> {after[case]:,} instructions ({after[case] / before[case] - 1:+.1%})"
        if after[case] > before[case] * (1 + margin):
            wrong.append(f"grew: {line}")
        elif after[case] < before[case] * (1 - margin):
            notes.append(f"fell: {line}")
    return wrong, notes


def check(stored: dict[str, Any], program: str, everything: bool, jobs: int, margin: float) -> int:
    """Compare with stored counts; print what is wrong, and return the exit status."""
    now = describe(program)
    for key, value in now.items():
        if stored[key] != value:
            raise Uncountable(f"not comparable: the file has {key} {stored[key]!r}, and this is {value!r}")
    counts = count(program, cases(program, everything), jobs)
    wrong, notes = differences(stored[COUNTS], counts, margin)
    for line in [*notes, *wrong]:
        print(line)
    print(f"{len(counts)} cases, {now['compiler']}: {len(wrong)} wrong")
    return 1 if wrong else 0


def main() -> int:
    """Count, and print, store or check the counts."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program", type=Path, help="the built program `instructions`")
    parser.add_argument("--all", action="store_true", help=f"all rules in all formats; else {RULE} and {FORMAT}")
    parser.add_argument("--jobs", type=int, default=len(os.sched_getaffinity(0)), help="processes at a time")
    parser.add_argument("--margin", type=float, default=0.01, help="growth that passes; default: %(default)s")
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--check", type=Path, metavar="FILE", help="compare with the counts of a file")
    what.add_argument("--write", type=Path, metavar="FILE", help="store the counts")
    arguments = parser.parse_args()
    program = str(arguments.program.resolve())
    try:
        if arguments.check is not None:
            stored = json.loads(arguments.check.read_text())
            return check(stored, program, arguments.all, arguments.jobs, arguments.margin)
        names = cases(program, arguments.all)
        counts = count(program, names, arguments.jobs)
        lines = slopes(program, [name for name in names if name.split()[0] == RULE], arguments.jobs)
        text = json.dumps({**describe(program), COUNTS: counts, SLOPES: lines}, indent=2) + "\n"
        if arguments.write is None:
            sys.stdout.write(text)
        else:
            arguments.write.write_text(text)
    except (Uncountable, OSError) as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
