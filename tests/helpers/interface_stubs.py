"""Stubs of the classes and functions that are made from `adamas.rules`, for type checkers and editors.

``python tests/helpers/interface_stubs.py --write`` writes them into the package, after a change of a rule;
``test_interface_stubs.py`` says when that is due. None of these libraries is needed.

Editors show the docstrings of stubs, since the classes are in no source file. Those of `adamas` itself are complete.
Those of the adapters say what a class is, and how to read the rest: written out ten times, they would be megabytes.
"""

from __future__ import annotations

import ast
import inspect
import sys
import textwrap
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import adamas
from adamas._optimizer.docstrings import numpy_docstring
from adamas._optimizer.single_update import docstring_of, signature_of
from adamas.rules import SPECS, RuleSpec
from adamas.rules.flower_classes import flower_arguments, flower_docstring, flower_name, in_flower
from adamas.rules.keras_classes import has_own_docstring, keras_arguments, keras_name
from adamas.rules.optax_functions import FUNCTIONS
from adamas.rules.thinc_classes import thinc_rules, thinc_signature, thinc_words

PACKAGE = Path(adamas.__file__).parent

_HEADER = '"""{}\n\nWritten by tests/helpers/interface_stubs.py: change the rules instead.\n"""\n\n'
_KEYWORD = inspect.Parameter.KEYWORD_ONLY


def stubs() -> dict[str, str]:
    """Return all stubs, by their places in the package."""
    return {
        "optimizers.pyi": _optimizers(),
        "reference/__init__.pyi": _reference(),
        "functional.pyi": _functional(),
        "sharded/_optimizers.pyi": _sharded(),
        "torch/_optimizers.pyi": _torch(),
        "keras/_optimizers.pyi": _keras(),
        "flower/_strategies.pyi": _flower(older=False),
        "flower/_older_strategies.pyi": _flower(older=True),
        "thinc/_optimizers.pyi": _thinc(),
        "jax/_optimizers.pyi": _jax(),
        "jax/_transforms.pyi": _transforms(),
    }


def outdated() -> list[str]:
    """Return the places of stubs that are not what the rules say."""
    return [
        place
        for place, text in stubs().items()
        if not (PACKAGE / place).exists() or (PACKAGE / place).read_text() != text
    ]


def write() -> None:
    """Write all stubs."""
    for place, text in stubs().items():
        (PACKAGE / place).write_text(text)


def _optimizers() -> str:
    head = _HEADER.format("The optimizers, stepped by the compiled core.") + _imports(
        "from typing import Any",
        "",
        "from typing_extensions import Unpack",
        "",
        "from adamas._optimizer.compiled import CompiledOptimizer as CompiledOptimizer",
        "from adamas._optimizer.evaluation import EvaluatedElsewhere",
        "from adamas._optimizer.options import Options",
        "from adamas._types import LearningRate",
    )
    classes = [_class(spec, "CompiledOptimizer", numpy_docstring(spec) or "") for spec in SPECS.values()]
    return head + _all_of(spec.name for spec in SPECS.values()) + "".join(classes)


def _reference() -> str:
    head = _HEADER.format("The optimizers in plain NumPy.") + _imports(
        "from typing import Any",
        "",
        "from typing_extensions import Unpack",
        "",
        "from adamas._optimizer.evaluation import EvaluatedElsewhere",
        "from adamas._optimizer.options import Options",
        "from adamas._types import LearningRate",
        "from adamas.reference._optimizer import ReferenceOptimizer",
    )
    classes = [
        _class(spec, "ReferenceOptimizer", _short(spec.summary, f"adamas.reference.{spec.name}"))
        for spec in SPECS.values()
    ]
    return head + _all_of(spec.name for spec in SPECS.values()) + "".join(classes)


def _sharded() -> str:
    head = _HEADER.format("The optimizers of several processes.") + _imports(
        "from typing import Any",
        "",
        "from typing_extensions import Unpack",
        "",
        "from adamas._optimizer.evaluation import EvaluatedElsewhere",
        "from adamas._optimizer.options import Options",
        "from adamas._types import LearningRate",
        "from adamas.sharded._optimizer import ShardedOptimizer",
    )
    more = [
        inspect.Parameter("comm", _KEYWORD, annotation="Any"),
        inspect.Parameter("lanes", _KEYWORD, default=None, annotation="int | None"),
    ]
    classes = []
    for spec in SPECS.values():
        *own, options = spec.signature.parameters.values()
        signature = spec.signature.replace(parameters=[*own, *more, options])
        bases = "ShardedOptimizer" if spec.evaluation is None else "EvaluatedElsewhere, ShardedOptimizer"
        classes.append(_class_of(spec.name, bases, _short(spec.summary, f"adamas.sharded.{spec.name}"), signature))
    return head + _all_of(spec.name for spec in SPECS.values()) + "".join(classes)


def _class(spec: RuleSpec, base: str, docstring: str) -> str:
    bases = base if spec.evaluation is None else f"EvaluatedElsewhere, {base}"
    return _class_of(spec.name, bases, docstring, spec.signature)


def _class_of(name: str, bases: str, docstring: str, signature: inspect.Signature) -> str:
    init = textwrap.indent(_function("__init__", signature, is_method=True), "    ")
    return f"\nclass {name}({bases}):\n{_docstring(docstring)}{init}"


def _functional() -> str:
    head = _HEADER.format("Updates of one parameter, in place.") + _imports("from adamas._types import Array")
    functions = []
    for spec in SPECS.values():
        docstring = (
            f"{_summary(docstring_of(spec))}\n\nEquations and arguments: ``help(adamas.functional.{spec.function})``."
        )
        functions.append("\n" + _function(spec.function, signature_of(spec), docstring=docstring))
    return head + _all_of(spec.function for spec in SPECS.values()) + "".join(functions)


def _torch() -> str:
    head = _HEADER.format("The optimizers, as those of torch.optim.") + _imports(
        "from typing import Any",
        "",
        "from typing_extensions import Unpack",
        "",
        "from adamas._optimizer.options import Options",
        "from adamas._types import LearningRate",
        "from adamas.torch._evaluation import EvaluatedElsewhere",
        "from adamas.torch._optimizer import Optimizer",
    )
    implementations = _constant("torch/_arguments.py", "IMPLEMENTATIONS")
    more = [
        inspect.Parameter(name, _KEYWORD, default=value, annotation="Any") for name, value in implementations.items()
    ]
    classes = []
    for spec in SPECS.values():
        *own, options = spec.signature.parameters.values()
        signature = spec.signature.replace(parameters=[*own, *more, options])
        bases = "Optimizer" if spec.evaluation is None else "EvaluatedElsewhere, Optimizer"
        classes.append(_class_of(spec.name, bases, _short(spec.summary, f"adamas.torch.{spec.name}"), signature))
    return head + _all_of(spec.name for spec in SPECS.values()) + "".join(classes)


def _keras() -> str:
    head = _HEADER.format("The optimizers, as those of Keras.") + _imports(
        "from typing import Any",
        "",
        "from adamas.keras._evaluation import EvaluatedElsewhere",
        "from adamas.keras._from_words import WordedOptimizer",
    )
    of_keras, options = (_constant("keras/_arguments.py", name) for name in ("OF_KERAS", "OPTIONS"))
    kinds = inspect.Parameter
    classes = []
    for spec in SPECS.values():
        arguments = keras_arguments(spec)
        positional = {**arguments, **{name: value for name, value in of_keras.items() if name not in arguments}}
        parameters = [
            *(kinds(n, kinds.POSITIONAL_OR_KEYWORD, default=v, annotation="Any") for n, v in positional.items()),
            *(kinds(name, _KEYWORD, default=value, annotation="Any") for name, value in options.items()),
        ]
        signature = inspect.Signature(parameters, return_annotation="None")
        bases = "WordedOptimizer" if spec.evaluation is None else "EvaluatedElsewhere, WordedOptimizer"
        name = keras_name(spec)
        summary = _summary(spec.keras.__doc__ if has_own_docstring(spec) else spec.__doc__)
        classes.append(_class_of(name, bases, _short(summary, f"adamas.keras.{name}"), signature))
    return head + _all_of(map(keras_name, SPECS.values())) + "".join(classes)


def _flower(*, older: bool) -> str:
    module = "_older" if older else "_strategy"
    interface = "flwr.server.strategy" if older else "flwr.serverapp.strategy"
    head = _HEADER.format(f"The strategies, as those of {interface}.") + _imports(
        "from typing import Any",
        "",
        f"from adamas.flower.{module} import FedServer",
    )
    specs = [spec for spec in SPECS.values() if in_flower(spec)]
    classes = []
    for spec in specs:
        parameters = [
            inspect.Parameter(name, _KEYWORD, default=value, annotation="Any")
            for name, value in flower_arguments(spec, older=older).items()
        ]
        fedavg = inspect.Parameter("fedavg", inspect.Parameter.VAR_KEYWORD, annotation="Any")
        signature = inspect.Signature([*parameters, fedavg], return_annotation="None")
        name, place = flower_name(spec), "adamas.flower.older" if older else "adamas.flower"
        summary = _summary(flower_docstring(spec, {}, older=older))
        classes.append(_class_of(name, "FedServer", _short(summary, f"{place}.{name}"), signature))
    return head + _all_of(map(flower_name, specs)) + "".join(classes)


def _thinc() -> str:
    head = _HEADER.format("The optimizers, in thinc's words.") + _imports(
        "from typing import Any",
        "",
        "from adamas.thinc._optimizer import Optimizer",
    )
    specs = thinc_rules(SPECS)
    classes = []
    for spec in specs:
        words = thinc_words(spec)
        summary = spec.summary if words is None else words.summary
        short = _short(summary, f"adamas.thinc.{spec.name}")
        classes.append(_class_of(spec.name, "Optimizer", short, thinc_signature(spec)))
    return head + _all_of(spec.name for spec in specs) + "".join(classes)


def _jax() -> str:
    head = _HEADER.format("The optimizers, as functions of pytrees.") + _imports(
        "from typing import Any",
        "",
        "from adamas.jax._optimizer import Optimizer",
    )
    options = ("mask", *_constant("jax/_arguments.py", "OPTIONS"))
    more = [inspect.Parameter(name, _KEYWORD, default=None, annotation="Any") for name in options]
    classes = []
    for spec in SPECS.values():
        _, *own, _ = spec.signature.parameters.values()
        parameters = [*(each.replace(annotation="Any") for each in own), *more]
        signature = inspect.Signature(parameters, return_annotation="None")
        classes.append(_class_of(spec.name, "Optimizer", _short(spec.summary, f"adamas.jax.{spec.name}"), signature))
    return head + _all_of(spec.name for spec in SPECS.values()) + "".join(classes)


def _transforms() -> str:
    head = _HEADER.format("Optimizers under the names and arguments of optax's.") + _imports(
        "from typing import Any",
        "",
        "from adamas.jax._optimizer import Optimizer",
    )
    kinds = inspect.Parameter
    text = "\ndef transformation(optimizer: Optimizer) -> Any: ...\n"
    for name, function in FUNCTIONS.items():
        arguments = {"learning_rate": kinds.empty, **function.arguments}
        named = [*arguments].index(function.named) if function.named else len(arguments)
        options = (*_constant("jax/_arguments.py", "OPTIONS"), *function.neutral)
        parameters = [
            *(
                kinds(n, kinds.POSITIONAL_OR_KEYWORD if i < named else _KEYWORD, default=v, annotation="Any")
                for i, (n, v) in enumerate(arguments.items())
            ),
            *(kinds(n, _KEYWORD, default=function.neutral.get(n), annotation="Any") for n in options),
        ]
        docstring = f"Return `adamas.jax.{function.rule}` as a transformation, with the arguments of ``optax.{name}``."
        text += ("" if text.endswith("...\n") else "\n") + _function(
            name, inspect.Signature(parameters, return_annotation="Any"), docstring=docstring
        )
    return head + _all_of(["transformation", *FUNCTIONS]) + text


def _imports(*lines: str) -> str:
    return "\n".join([*lines, "", ""])


def _all_of(names: Iterable[str]) -> str:
    """As the formatter has it: names in capitals, then those that begin with one, then others."""
    ordered = sorted(names, key=lambda name: (not name.isupper(), not name[0].isupper(), name))
    return "__all__ = [\n" + "".join(f'    "{name}",\n' for name in ordered) + "]\n"


def _short(summary: str, name: str) -> str:
    return f"{summary}\n\nEquations, arguments and options: ``help({name})``."


def _summary(docstring: str | None) -> str:
    return (docstring or "").strip().split("\n", 1)[0]


def _docstring(text: str) -> str:
    quoted = f'    r"""{inspect.cleandoc(text)}' if "\n" in text else f'    """{text}"""\n'
    if "\n" not in text:
        return quoted
    return textwrap.indent(quoted.lstrip(), "    ", lambda line: bool(line.strip())) + '\n    """\n\n'


def _function(name: str, signature: inspect.Signature, *, is_method: bool = False, docstring: str = "") -> str:
    lines = ["    self,"] if is_method else []
    starred = False
    for parameter in signature.parameters.values():
        if parameter.kind is _KEYWORD and not starred:
            lines.append("    *,")
            starred = True
        default = "" if parameter.default is parameter.empty else f" = {parameter.default!r}".replace("'", '"')
        stars = "**" if parameter.kind is parameter.VAR_KEYWORD else ""
        lines.append(f"    {stars}{parameter.name}: {parameter.annotation}{default},")
    body = ": ...\n"
    if docstring:
        text = textwrap.indent(docstring, "    ", lambda line: bool(line.strip())).lstrip()
        body = f':\n    """{text}"""\n' if "\n" not in text else f':\n    """{text}\n    """\n'
    return f"def {name}(\n" + "\n".join(lines) + f"\n) -> {signature.return_annotation}{body}"


def _constant(place: str, name: str) -> Mapping[str, Any]:
    """Return a table of a module that cannot be imported without its framework."""
    for node in ast.parse((PACKAGE / place).read_text()).body:
        targets = (
            node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
        )
        if any(isinstance(target, ast.Name) and target.id == name for target in targets):
            value: Mapping[str, Any] = ast.literal_eval(node.value)  # type: ignore[attr-defined]
            return value
    raise LookupError(f"{place}: no {name}")


if __name__ == "__main__":
    if sys.argv[1:] == ["--write"]:
        write()
    elif changed := outdated():
        sys.exit(f"outdated: {', '.join(changed)}; run: python tests/helpers/interface_stubs.py --write")
