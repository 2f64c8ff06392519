"""Tables of docs/optimizers.md, made from the specifications of the rules.

``python tests/helpers/optimizers_page.py --write`` writes them between their marks in the page; without ``--write`` it
says whether that would change anything. ``tests/docs/test_docs_optimizers.py`` asks the same.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from pathlib import Path

from adamas._numerics.formats import StateFormat
from adamas.rules import SPECS, Formula, RuleSpec
from adamas.rules.memory import FORMATS, bytes_per_element, shown_bytes
from adamas.rules.peer_defaults import PEER_DEFAULTS

PAGE = Path(__file__).parents[2] / "docs" / "optimizers.md"


def table(rows: list[list[str]]) -> str:
    """Return a table of Markdown; the first row has the headings."""
    lines = [rows[0], ["---"] * len(rows[0]), *rows[1:]]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def default_formula(spec: RuleSpec) -> Formula:
    """Return the form of a rule with its default hyperparameters, for a matrix."""
    return spec.formula_for({each.name: each.default for each in spec.hyperparameters})


def paper(spec: RuleSpec) -> str:
    """Return authors and year of the first paper of a rule, with a link if it is on arXiv."""
    text = spec.papers[0]
    authors = [author.strip().rsplit(" ", 1)[-1] for author in text.split(": ", 1)[0].split(", ")]
    names = authors[0] if len(authors) == 1 else " and ".join(authors) if len(authors) == 2 else f"{authors[0]} et al."
    year = re.findall(r"\b(?:19|20)\d\d\b(?!\.\d)", text)[-1]
    found = re.search(r"arXiv:(\d{4}\.\d+)", text)
    if found is None:
        return f"{names} {year}"
    return f"[{names} {year}](https://arxiv.org/abs/{found[1]})"


def states(spec: RuleSpec) -> str:
    """Return the states that a rule keeps by default, and those that arguments turn on."""
    formula = default_formula(spec)
    kept = [f"`{name}`" for name in formula.states] or ["none"]
    more = [f"`{name}` with `{_cause(spec, name)}`" for name in spec.states if _cause(spec, name)]
    numbers = len(formula.scalars) + len(formula.shared_scalars)
    if numbers:
        more.append(f"{numbers} number{'s' * (numbers > 1)}")
    return "; ".join([", ".join(kept), *more])


def _cause(spec: RuleSpec, state: str) -> str:
    return next((each.name for each in spec.arguments if each.state == state), "")


def memory(spec: RuleSpec, state_format: StateFormat) -> str:
    """Return the bytes of the states for each element of a float32 matrix."""
    formula = default_formula(spec)
    count = shown_bytes(bytes_per_element(formula, state_format))
    by_axis = [formula.states[name] for name in formula.axes]
    return " + ".join([count, *(f"4/{'columns' if kind == 'row' else 'rows'}" for kind in by_axis)])


def rules() -> str:
    """One line for each rule."""
    rows = [["rule", "paper", "states", *(f"{each.value}" for each in FORMATS), "when to use it"]]
    for spec in SPECS.values():
        counts = [memory(spec, each) for each in FORMATS]
        rows.append([f"`{spec.name}`", paper(spec), states(spec), *counts, spec.advice])
    return table(rows)


def defaults() -> str:
    """One line for each optimizer of another library whose defaults differ."""
    rows = [["rule", "in", "defaults there", "defaults here"]]
    for name, peers in PEER_DEFAULTS.items():
        for peer, differing in peers.items():
            if differing:
                here = SPECS[name].by_name
                theirs = ", ".join(f"`{each}={value!r}`" for each, value in differing.items())
                ours = ", ".join(f"`{each}={here[each].default!r}`" for each in differing)
                rows.append([f"`{name}`", f"`{peer}`", theirs, ours])
    return table(rows)


def peers() -> str:
    """The optimizers of other libraries whose defaults are all the same."""
    same = [peer for found in PEER_DEFAULTS.values() for peer, differing in found.items() if not differing]
    return ", ".join(f"`{peer}`" for peer in same) + "."


BLOCKS: dict[str, Callable[[], str]] = {block.__name__: block for block in (rules, defaults, peers)}


def rewritten(text: str) -> str:
    """Return the page with all its blocks made anew."""

    def replace(match: re.Match[str]) -> str:
        return f"<!-- begin {match[1]} -->\n{BLOCKS[match[1]]()}\n<!-- end {match[1]} -->"

    return re.sub(r"<!-- begin (\w+) -->\n.*?<!-- end \1 -->", replace, text, flags=re.DOTALL)


if __name__ == "__main__":
    page = PAGE.read_text(encoding="utf-8")
    if sys.argv[1:] == ["--write"]:
        PAGE.write_text(rewritten(page), encoding="utf-8")
    elif rewritten(page) != page:
        sys.exit(f"{PAGE.name} is out of date; run: python tests/helpers/optimizers_page.py --write")
