"""The command ``adamas``."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from typing import Any

from adamas import runtime
from adamas._core import __version__
from adamas.bench import command as bench
from adamas.checkpoint import inspect
from adamas.demo import train as demo


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit status."""
    parser = argparse.ArgumentParser(prog="adamas", description="The Adam family of optimizers for the CPU.")
    parser.add_argument("--version", action="version", version=f"adamas {__version__}")
    commands = parser.add_subparsers(dest="command", required=True)
    command = commands.add_parser(
        "info",
        help="print version, instruction set, threads and OpenMP runtime",
        epilog="ADAMAS_ISA chooses the instruction set, ADAMAS_NUM_THREADS the number of threads.",
    )
    command.add_argument("--json", action="store_true", help="print JSON")
    command.set_defaults(run=_info)
    demo.add_arguments(
        commands.add_parser(
            "demo",
            help="train a network written in NumPy with adamas.AdamW",
            description="Train a multi-layer perceptron written in NumPy with adamas.AdamW, evaluate it on held-out "
            "images, and write a checkpoint (safetensors) and a picture of the curves (png) into a folder.",
        )
    )
    inspect.add_arguments(
        commands.add_parser(
            "inspect",
            help="print what a checkpoint contains",
            description="Verify the checksums of a checkpoint that opt.save() wrote, and print what it contains.",
        )
    )
    bench.add_arguments(
        commands.add_parser(
            "bench",
            help="measure on this machine what each rule and number format costs",
            description="Measure each rule and number format on this machine, alternately with the byte limit of its "
            "memory, in about a minute. Prints tables; writes bench.json and, with matplotlib, pictures into a folder.",
        )
    )
    arguments = parser.parse_args(argv)
    try:
        return int(arguments.run(arguments))
    except KeyboardInterrupt:
        print("adamas: stopped", file=sys.stderr)
        return 130
    except (ValueError, OSError, ImportError) as error:
        lines = str(error).split("\n")
        print("adamas: error:", "\n".join(map(inspect.printable, lines)), file=sys.stderr)
        return 1


def _info(arguments: argparse.Namespace) -> int:
    info = runtime.info()
    print(json.dumps(info, indent=2) if arguments.json else _table(info))
    return 0


def _table(info: dict[str, Any]) -> str:
    isa, threads = info["isa"], info["threads"]
    rows = {
        "adamas": info["version"],
        "compiler": info["compiler"],
        "instruction set": f"{isa['active']} (available: {', '.join(isa['available'])}; "
        f"compiled in: {', '.join(isa['compiled'])})",
        "threads": f"up to {threads['limit']} ({threads['because']}), "
        f"one for each {threads['bytes_per_thread'] // 1024} KiB that a step moves",
        "denormals": info["denormals"],
        "OpenMP runtime": info["openmp_runtime"] or "none",
        "rules": ", ".join(info["rules"]),
        "Python, NumPy": f"{info['python']}, {info['numpy']}",
        "platform": info["platform"],
        "CMake prefix": info["cmake_prefix"],
    }
    width = max(map(len, rows))
    return "\n".join(f"{name:<{width}}  {value}" for name, value in rows.items())
