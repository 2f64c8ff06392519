"""ELF files: segments, dynamic section, symbols. Read in Python, so that tests need no tool."""

from __future__ import annotations

import struct
from pathlib import Path

#: Types of segments.
LOAD, DYNAMIC, GNU_STACK, GNU_RELRO = 1, 2, 0x6474E551, 0x6474E552

#: Permissions of segments.
EXECUTE, WRITE = 1, 2

#: Entries of the dynamic section.
NEEDED, STRTAB, SYMTAB, SONAME, RPATH, TEXTREL, RUNPATH, FLAGS, FLAGS_1 = 1, 5, 6, 14, 15, 22, 29, 30, 0x6FFFFFFB

#: Bits of FLAGS, and of FLAGS_1.
HAS_TEXTREL, BIND_NOW, NOW = 4, 8, 1


class Elf:
    """A shared library for a 64-bit little-endian machine."""

    def __init__(self, path: Path) -> None:
        self._bytes = path.read_bytes()
        assert self._bytes[:6] == b"\x7fELF\x02\x01", "not such a file"
        headers, sections = struct.unpack_from("<QQ", self._bytes, 32)
        size, count, section_size, section_count = struct.unpack_from("<HHHH", self._bytes, 54)
        #: (type, flags, offset, address, bytes in the file) of each segment.
        self.segments = []
        for at in range(headers, headers + count * size, size):
            kind, flags, offset, address, _, length = struct.unpack_from("<IIQQQQ", self._bytes, at)
            self.segments.append((kind, flags, offset, address, length))
        self._sections = [
            struct.unpack_from("<IIQQQQIIQQ", self._bytes, at)
            for at in range(sections, sections + section_count * section_size, section_size)
        ]
        #: (tag, value) of each entry of the dynamic section.
        self.dynamic = []
        for _, _, offset, _, length in self.of_kind(DYNAMIC):
            self.dynamic += list(struct.iter_unpack("<QQ", self._bytes[offset : offset + length]))

    def of_kind(self, kind: int) -> list[tuple[int, int, int, int, int]]:
        """Return the segments of a type."""
        return [segment for segment in self.segments if segment[0] == kind]

    def values(self, tag: int) -> list[int]:
        """Return the values of a tag in the dynamic section."""
        return [value for entry, value in self.dynamic if entry == tag]

    def strings(self, tag: int) -> list[str]:
        """Return the values of a tag whose values are strings."""
        return [self._string(value) for value in self.values(tag)]

    def symbols(self) -> dict[str, bool]:
        """Return the dynamic symbols by name: is it defined here?"""
        kind_of_dynsym = 11
        [table] = [section for section in self._sections if section[1] == kind_of_dynsym]
        offset, size = table[4:6]
        found = {}
        for name, _, _, section, _, _ in struct.iter_unpack("<IBBHQQ", self._bytes[offset : offset + size]):
            if name:
                found[self._string(name)] = section != 0
        return found

    def _string(self, index: int) -> str:
        [address] = self.values(STRTAB)
        start = self._offset(address) + index
        return self._bytes[start : self._bytes.index(b"\0", start)].decode()

    def _offset(self, address: int) -> int:
        for _, _, offset, start, length in self.of_kind(LOAD):
            if start <= address < start + length:
                return offset + address - start
        raise AssertionError(f"nothing is loaded at {address:#x}")
