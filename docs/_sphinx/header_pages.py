"""The C++ headers: by Doxygen and breathe where Doxygen is installed, else as they are."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from generated import GENERATED, ROOT, Pages, heading

HEADERS = ROOT / "cpp" / "include" / "adamas"
XML = GENERATED / "doxygen" / "xml"
#: Comments of the headers are plain ``//`` lines before what they describe, or behind it: Doxygen is given ``///``.
_FILTER = r"sed -E 's|^( *)// ?|\1/// |; s|([;,}{] +)// |\1///< |'"
#: All that breathe shows of a header, but the namespace, which would be declared once for each header.
_SECTIONS = "briefdescription detaileddescription innerclass define enum func var typedef public-attrib public-func " \
    "public-static-func public-static-attrib"
_OPTIONS = {
    "PROJECT_NAME": "adamas",
    "INPUT": HEADERS.as_posix(),
    "FILE_PATTERNS": "*.hpp",
    "OUTPUT_DIRECTORY": XML.parent.as_posix(),
    "STRIP_FROM_PATH": HEADERS.parent.as_posix(),
    "INPUT_FILTER": f'"{_FILTER}"',
    "GENERATE_XML": "YES",
    "GENERATE_HTML": "NO",
    "GENERATE_LATEX": "NO",
    "EXTRACT_ALL": "YES",
    "QUIET": "YES",
    "WARN_IF_UNDOCUMENTED": "NO",
    "MARKDOWN_SUPPORT": "NO",
    "AUTOLINK_SUPPORT": "NO",
    "MACRO_EXPANSION": "YES",
}


def have_doxygen() -> bool:
    """Is Doxygen installed?"""
    return shutil.which("doxygen") is not None


def write_header_pages(pages: Pages) -> None:
    """Write what the page on C++ includes."""
    headers = sorted(path.name for path in HEADERS.glob("*.hpp"))
    if have_doxygen():
        _run_doxygen()
        text = "".join(heading(f"adamas/{name}", "-") + _by_doxygen(name) for name in headers)
    else:
        text = "Doxygen was not installed where this page was built: it shows the headers as they are.\n\n" + "".join(
            heading(f"adamas/{name}", "-") + _as_it_is(name) for name in headers
        )
    pages.write("headers.rst", text)


def _by_doxygen(name: str) -> str:
    return f".. doxygenfile:: {name}\n   :project: adamas\n   :sections: {_SECTIONS}\n\n"


def _as_it_is(name: str) -> str:
    return f".. literalinclude:: ../../cpp/include/adamas/{name}\n   :language: cpp\n\n"


def _run_doxygen() -> None:
    XML.parent.mkdir(parents=True, exist_ok=True)
    settings = "".join(f"{name} = {value}\n" for name, value in _OPTIONS.items())
    done = subprocess.run(["doxygen", "-"], input=settings, capture_output=True, text=True, check=True, cwd=ROOT)
    (XML.parent / "warnings.txt").write_text(done.stderr, encoding="utf-8")
    for line in done.stderr.splitlines():
        print(f"doxygen: {Path(line).as_posix() if line.startswith('/') else line}")  # shown; they do not fail the build
