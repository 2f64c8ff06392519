"""spaCy: pipelines trained by ``spacy train``, with the one change, to the same scores; and gone on with."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import spacy
from spacy.training.initialize import init_nlp
from spacy.training.loop import train
from spacy_runs import CHANGE, spacy_train, write_config, write_corpora
from their_tests import run_their_tests

HERE = Path(__file__).parent


@pytest.fixture(scope="module")
def corpora(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("corpora")
    write_corpora(folder)
    return folder


@pytest.mark.parametrize(
    ("component", "score", "least", "steps", "limits"),
    [("textcat", "cats_score", 0.7, 120, (1500, 500)), ("tagger", "tag_acc", 0.8, 12, (200, 60))],
)
def test_the_one_change(
    component: str, score: str, least: float, steps: int, limits: tuple[int, int], corpora: Path, tmp_path: Path
) -> None:
    config = write_config(corpora, component, limits, max_steps=steps, eval_frequency=steps)
    theirs = spacy_train(config, tmp_path / "theirs")[score]
    ours = spacy_train(config, tmp_path / "ours", CHANGE)[score]
    assert theirs > least
    assert ours == pytest.approx(theirs, abs=0.02)
    saved = (tmp_path / "ours" / "model-last" / "config.cfg").read_text()
    assert '@optimizers = "adamas.Adam.v1"' in saved


def _run(config: Path, output: Path, **overrides: Any) -> Any:
    """Train in this process; return the pipeline."""
    loaded = spacy.util.load_config(config, overrides=overrides, interpolate=False)
    nlp = init_nlp(loaded)
    output.mkdir()
    with (output.parent / "log").open("w") as log:
        nlp, _ = train(nlp, output, stdout=log, stderr=log)
    return nlp


def _weights(nlp: Any) -> list[Any]:
    return [
        node.get_param(name)
        for node in nlp.get_pipe("textcat").model.walk()
        for name in node.param_names
        if node.has_param(name)
    ]


def test_the_optimizer_is_saved_whenever_the_pipeline_is(corpora: Path, tmp_path: Path) -> None:
    config = write_config(corpora, "textcat", (100, 50), max_steps=10, eval_frequency=5)
    changes = {
        "training.optimizer.@optimizers": "adamas.AdamW.v1",
        "training.before_to_disk": {"@callbacks": "adamas.save_optimizer.v1", "path": str(tmp_path / "optimizer")},
    }
    trained = _run(config, tmp_path / "first", **changes)
    # Another pipeline, with other nodes, goes on from the file.
    loaded = spacy.load(tmp_path / "first" / "model-last")
    assert all(np.array_equal(a, b) for a, b in zip(_weights(trained), _weights(loaded), strict=True))
    optimizer = spacy.registry.resolve(
        {
            "optimizer": {
                **{k: v for k, v in loaded.config["training"]["optimizer"].items() if not k.startswith("learn_rate")},
                "learn_rate": 0.003,
                "resume_from": str(tmp_path / "optimizer"),
            }
        }
    )["optimizer"]
    pipe = loaded.get_pipe("textcat")
    documents = list(spacy.tokens.DocBin().from_disk(corpora / "train.spacy").get_docs(loaded.vocab))[:8]
    examples = [spacy.training.Example(loaded.make_doc(doc.text), doc) for doc in documents]
    pipe.update(examples, sgd=optimizer)
    assert set(optimizer.nr_update.values()) == {12}  # spaCy takes max_steps + 1
    assert optimizer._steps.saved is None


def test_own_tests_of_spacy_pass_with_adamas_in_place(tmp_path: Path) -> None:
    modules = ["spacy.tests.pipeline.test_tagger", "spacy.tests.training.test_rehearse", "spacy.tests.test_language"]
    output = run_their_tests(modules, tmp_path)
    assert " passed" in output
    assert "updates: 0 by adamas" not in output
