"""The C++ headers: by Doxygen and breathe where Doxygen is installed, else as they are."""

from __future__ import annotations

import shutil
import subprocess
from collections import Counter
from xml.etree import ElementTree

from generated import GENERATED, ROOT, Pages, heading

HEADERS = ROOT / "cpp" / "include" / "adamas"
XML = GENERATED / "doxygen" / "xml"
_OPTIONS = {
    "PROJECT_NAME": "adamas",
    "INPUT": HEADERS.as_posix(),
    "FILE_PATTERNS": "*.hpp",
    "OUTPUT_DIRECTORY": XML.parent.as_posix(),
    "STRIP_FROM_PATH": HEADERS.as_posix(),
    "GENERATE_XML": "YES",
    "GENERATE_HTML": "NO",
    "GENERATE_LATEX": "NO",
    "QUIET": "YES",
    "WARN_IF_UNDOCUMENTED": "NO",
    "AUTOLINK_SUPPORT": "NO",
    "MACRO_EXPANSION": "YES",
}
_DIRECTIVES = {"enum": "doxygenenum", "variable": "doxygenvariable", "function": "doxygenfunction"}


def have_doxygen() -> bool:
    """Is Doxygen installed?"""
    return shutil.which("doxygen") is not None


def write_header_pages(pages: Pages) -> None:
    """Write what the page on C++ includes."""
    if have_doxygen():
        _run_doxygen()
        sections = _by_doxygen()
        text = "".join(heading(name, "-") + content for name, content in sorted(sections.items()))
    else:
        text = "Doxygen was not installed where this page was built: it shows the headers as they are.\n\n" + "".join(
            f"{heading(path.name, '-')}.. literalinclude:: ../../cpp/include/adamas/{path.name}\n   :language: cpp\n\n"
            for path in sorted(HEADERS.glob("*.hpp"))
        )
    pages.write("headers.rst", text)


def _by_doxygen() -> dict[str, str]:
    """Return directives of breathe for all that each header declares: types first, then functions and constants."""
    namespace = ElementTree.parse(XML / "namespaceadamas.xml").getroot()
    sections: dict[str, str] = {}
    for inner in namespace.iter("innerclass"):
        compound = ElementTree.parse(XML / f"{inner.get('refid')}.xml").getroot().find("compounddef")
        assert compound is not None
        kind = "doxygenclass" if compound.get("kind") == "class" else "doxygenstruct"
        place = compound.find("location")
        assert place is not None
        text = f".. {kind}:: {inner.text}\n   :project: adamas\n   :members:\n   :undoc-members:\n\n"
        sections[_header(place)] = sections.get(_header(place), "") + text
    members = [*namespace.iter("memberdef")]
    names = Counter(member.findtext("name") for member in members)
    for member in members:
        name, place = member.findtext("name"), member.find("location")
        directive = _DIRECTIVES.get(str(member.get("kind")))
        if directive is None or place is None:
            continue
        arguments = str(member.findtext("argsstring")).removesuffix(" noexcept") if names[name] > 1 else ""
        text = f".. {directive}:: adamas::{name}{arguments}\n   :project: adamas\n\n"
        sections[_header(place)] = sections.get(_header(place), "") + text
    return sections


def _header(location: ElementTree.Element) -> str:
    return str(location.get("file")).rsplit("/", 1)[-1]


def _run_doxygen() -> None:
    XML.parent.mkdir(parents=True, exist_ok=True)
    settings = "".join(f"{name} = {value}\n" for name, value in _OPTIONS.items())
    done = subprocess.run(["doxygen", "-"], input=settings, capture_output=True, text=True, check=True, cwd=ROOT)
    for line in done.stderr.splitlines():
        print(f"doxygen: {line.replace(ROOT.as_posix(), '.')}")  # shown; they do not fail the build
