"""The lines of a vCard file and the properties on them (RFC 6350, 3.2 and 3.3), of any version."""

from __future__ import annotations

import codecs
import quopri
import re
from collections.abc import Iterator
from dataclasses import dataclass

_LINE_END = re.compile(r"\r\n|\r|\n")
_PROPERTY = re.compile(
    r"(?:(?P<group>[\w-]+)\.)?(?P<name>[\w-]+)(?P<parameters>(?:;(?:[^\":;]|\"[^\"]*\")*)*):(?P<value>.*)",
    re.DOTALL,
)
_PARAMETER = re.compile(r";((?:[^\":;]|\"[^\"]*\")*)")
_QUOTED_PRINTABLE = re.compile(r"[^:]*;\s*(?:ENCODING\s*=)?\s*\"?QUOTED-PRINTABLE", re.IGNORECASE)
_BASE64 = re.compile(r"[^:]*;\s*(?:ENCODING\s*=)?\s*\"?(?:BASE64|B)\b", re.IGNORECASE)
_COMPONENT = re.compile(r"((?:\\.?|[^\\;])*)(?:;|$)", re.DOTALL)
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A line of text and where it begins in the file."""

    number: int
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Property:
    """One property (RFC 6350, 3.3); vCard 2.1's bare parameters count as TYPEs."""

    line: int
    group: str
    name: str  # upper case
    parameters: tuple[tuple[str, str], ...]  # names upper case, lists taken apart
    value: str

    def parameter(self, name: str) -> tuple[str, ...]:
        return tuple(value for key, value in self.parameters if key == name)

    @property
    def types(self) -> frozenset[str]:
        return frozenset(value.lower() for value in self.parameter("TYPE"))

    @property
    def text(self) -> str:
        """The value without escapes (RFC 6350, 3.4)."""
        return _unescape(self.value)

    @property
    def components(self) -> tuple[str, ...]:
        """The parts of a structured value, split at semicolons that aren't escaped."""
        return tuple(_unescape(part) for part in _COMPONENT.findall(self.value))


def file_lines(data: bytes) -> list[Line]:
    """Bytes that are no UTF-8 stay as surrogates until the charset of their property is known."""
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        text = data.decode("utf-16", errors="replace")
    else:
        text = data.removeprefix(codecs.BOM_UTF8).decode("utf-8", errors="surrogateescape")
    return [Line(number=at, text=line) for at, line in enumerate(_LINE_END.split(text), start=1)]


def unfold(lines: list[Line]) -> Iterator[Line]:
    """Join folded lines (RFC 6350, 3.2) and the soft breaks of quoted-printable; blank lines go."""
    # vCard 2.1 folds at white space, which belongs to the text; later versions insert it.
    keep = any(re.fullmatch(r"\s*VERSION\s*:\s*2\.1\s*", line.text, re.IGNORECASE) for line in lines)
    parts: list[str] = []
    start = 0
    for line in lines:
        if parts and _breaks_softly(parts):
            parts[-1] = parts[-1].rstrip()[:-1]
            parts.append(line.text)
        elif parts and line.text[:1] in (" ", "\t"):
            parts.append(line.text if keep else line.text[1:])
        elif parts and ":" not in line.text and _BASE64.match(parts[0]):
            parts.append(line.text)  # old Outlooks don't indent a photo
        elif line.text.strip():
            if parts:
                yield Line(number=start, text="".join(parts))
            parts, start = [line.text], line.number
    if parts:
        yield Line(number=start, text="".join(parts))


def _breaks_softly(parts: list[str]) -> bool:
    return parts[-1].rstrip().endswith("=") and bool(_QUOTED_PRINTABLE.match(parts[0]))


def read_property(line: Line) -> Property | None:
    match = _PROPERTY.fullmatch(line.text.strip())
    if match is None:
        return None
    parameters = tuple(_parameters(match["parameters"]))
    return Property(
        line=line.number,
        group=(match["group"] or "").lower(),
        name=match["name"].upper(),
        parameters=parameters,
        value=_decode(match["value"], parameters),
    )


def _parameters(text: str) -> Iterator[tuple[str, str]]:
    """``TYPE="voice,cell"``, ``TYPE=voice,cell`` and 2.1's bare ``VOICE``."""
    for parameter in _PARAMETER.findall(text):
        key, equals, values = parameter.partition("=")
        if not equals:
            key, values = "TYPE", parameter
        for value in values.replace('"', "").split(","):
            if value.strip():
                yield key.strip().upper(), value.strip()


def _unescape(text: str) -> str:
    return _ESCAPE.sub(lambda match: "\n" if match[1] in "nN" else match[1], text).strip()


def _decode(value: str, parameters: tuple[tuple[str, str], ...]) -> str:
    encodings = {text.upper() for _, text in parameters}
    raw = value.encode("utf-8", errors="surrogateescape")
    if "QUOTED-PRINTABLE" in encodings:
        raw = quopri.decodestring(raw)
    charsets = [text for key, text in parameters if key == "CHARSET"]
    for charset in (*charsets, "utf-8"):
        try:
            text = raw.decode(charset)
            text.encode("utf-8")  # some charsets of Python's yield half a surrogate pair
        except (LookupError, ValueError):
            continue
        return text
    return raw.decode("cp1252", errors="replace")
