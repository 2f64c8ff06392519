"""Exchange of data: gradients are sent to the processes that own them, and parameters are sent back."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from adamas import _core
from adamas._types import Array
from adamas.sharded._layout import Layout, Pieces
from adamas.sharded._team import Message, Team

__all__ = ["NONE", "EarlyGradients", "Traffic"]

#: In the place of the dtype of a gradient that there is not.
NONE = 255

_LINE = 64
#: Bytes of a piece that travels by itself, from where it lies to where it is to lie; smaller ones are packed together.
_LARGE = 1 << 18


class _Parcel(NamedTuple):
    """Pieces that travel from one process to another, one after the other, each from a cache line on.

    With bytes that lie so already, nothing is copied.
    """

    #: Numbers of the parameters.
    owned: Array
    #: Of the first element, in bytes from the beginning of the parameter.
    begin: Array
    nbytes: Array
    #: Where each lies in the parcel.
    places: Array
    #: Numbers of the pieces at which a message begins, and the number of all.
    bounds: list[int]

    @property
    def size(self) -> int:
        """Bytes of the parcel."""
        return int(self.places[-1] + self.nbytes[-1]) if len(self.owned) else 0

    def messages(self) -> Iterator[tuple[slice, int, int]]:
        """Yield the pieces of each message, where it begins in the parcel, and its bytes."""
        for first, last in itertools.pairwise(self.bounds):
            begin = int(self.places[first])
            yield slice(first, last), begin, int(self.places[last - 1] + self.nbytes[last - 1]) - begin

    def is_large(self, pieces: slice) -> bool:
        """Tell whether a message is one large piece."""
        return pieces.stop - pieces.start == 1 and int(self.nbytes[pieces.start]) >= _LARGE

    def tag(self, pieces: slice) -> int:
        """Return the tag of a message: the parameter that it begins with, of which no other message has a part."""
        return int(self.owned[pieces.start])


def _parcel(pieces: Pieces, itemsizes: Array) -> _Parcel:
    sizes = itemsizes[pieces.index]
    begin, nbytes = pieces.begin * sizes, (pieces.end - pieces.begin) * sizes
    padded = -(-nbytes // _LINE) * _LINE
    places = np.cumsum(padded) - padded
    large = nbytes >= _LARGE
    starts = np.ones(len(nbytes), bool)
    starts[1:] = large[1:] | large[:-1]
    bounds = [*np.flatnonzero(starts).tolist(), len(nbytes)]
    return _Parcel(pieces.index, begin.astype(np.uint64), nbytes.astype(np.uint64), places, bounds)


class Traffic:
    """What a process sends and receives in a step.

    Args:
        team: The processes.
        layout: What each of them owns.
    """

    def __init__(self, team: Team, layout: Layout) -> None:
        self._team = team
        self._layout = layout
        self._others = [rank for rank in range(team.size) if rank != team.rank]
        self._parcels: dict[tuple[int, bytes, bytes], _Parcel] = {}
        self._memory: dict[object, Array] = {}

    def gradients(
        self,
        own: Sequence[Array],
        counts: Sequence[int],
        codes: Array,
        itemsizes: Array,
        are_there: bool,
        others: Sequence[int] | None = None,
    ) -> list[list[Array]]:
        """Send gradients to their owners; return where those lie that this process owns.

        Args:
            own: What this process has computed, in the order of its lanes: addresses of whole gradients.
            counts: How many such each process has.
            codes: For each parameter the dtype of its gradient, or 255 for none; the same everywhere.
            itemsizes: Bytes of an element of each.
            are_there: Large ones have travelled already (`EarlyGradients`).
            others: The processes to send to and receive from. None: all.

        Returns:
            For each process its gradients, in order: addresses of the first elements that this process owns.
        """
        team, present = self._team, codes != NONE
        begin = self.begin_of_own(itemsizes)
        found: list[list[Array]] = [[] for _ in counts]
        sent: list[Message] = []
        received: list[Message] = []
        parcel = self._find_parcel(team.rank, present, itemsizes)
        for other in self._others if others is None else others:
            for k in range(counts[other]):
                memory = self._room(("gradients", other, k), parcel.size)
                addresses = np.full(len(codes), memory, np.uint64)
                addresses[parcel.owned] += parcel.places.astype(np.uint64)
                found[other].append(addresses)
                received += [
                    Message(other, parcel.tag(pieces) + k * len(codes), memory + place, size)
                    for pieces, place, size in parcel.messages()
                    if not (are_there and parcel.is_large(pieces))
                ]
            theirs = self._find_parcel(other, present, itemsizes)
            for k, addresses in enumerate(own):
                spans = self._packed(theirs, addresses, ("sent", other, k))
                sent += [
                    Message(other, theirs.tag(pieces) + k * len(codes), *span)
                    for pieces, span in spans
                    if not (are_there and theirs.is_large(pieces))
                ]
        found[team.rank] = [addresses + begin for addresses in own]
        team.finish(team.begin(sent, received))
        return found

    def begin_of_own(self, itemsizes: Array) -> Array:
        """Return for each array, of elements of these sizes, where what this process owns of it begins, in bytes."""
        begin = np.zeros(len(itemsizes), np.uint64)
        mine = self._layout.pieces[self._team.rank]
        begin[mine.index] = (mine.begin * itemsizes[mine.index]).astype(np.uint64)
        return begin

    def spread(
        self,
        addresses: Array,
        itemsizes: Array,
        present: Array,
        targets: Sequence[int] | None = None,
        sources: Sequence[int] | None = None,
    ) -> None:
        """Bring what each process owns of some arrays to others.

        Args:
            addresses: Of each whole array.
            itemsizes: Bytes of an element of each.
            present: Which of them are meant.
            targets: To whom this process sends. None: to all others.
            sources: From whom it receives. None: from all others.
        """
        targets, sources = self._others if targets is None else targets, self._others if sources is None else sources
        team = self._team
        parcel = self._find_parcel(team.rank, present, itemsizes)
        spans = list(self._packed(parcel, addresses, "spread"))
        sent = [Message(other, parcel.tag(pieces), *span) for other in targets for pieces, span in spans]
        received: list[Message] = []
        unpacked: list[tuple[Array, Array, Array]] = []
        for other in sources:
            theirs = self._find_parcel(other, present, itemsizes)
            places = addresses[theirs.owned] + theirs.begin
            together = _lie_together(theirs, places)
            memory = 0 if together.all() else self._room(("spread", other), theirs.size)
            for pieces, place, size in theirs.messages():
                if together[pieces.start : pieces.stop - 1].all():
                    received.append(Message(other, theirs.tag(pieces), int(places[pieces.start]), size))
                    continue
                received.append(Message(other, theirs.tag(pieces), memory + place, size))
                arrived = theirs.places[pieces].astype(np.uint64) + np.uint64(memory)
                unpacked.append((places[pieces], arrived, theirs.nbytes[pieces]))
        team.finish(team.begin(sent, received))
        for piece in unpacked:
            _core.copy_pieces(*piece)

    def _find_parcel(self, owner: int, present: Array, itemsizes: Array) -> _Parcel:
        """Return what a process owns of arrays with such elements."""
        key = owner, present.tobytes(), itemsizes.tobytes()
        if key not in self._parcels:
            if len(self._parcels) > 8 * self._team.size:  # gradients that come and go
                self._parcels.clear()
            self._parcels[key] = _parcel(self._layout.pieces[owner].of(present), itemsizes)
        return self._parcels[key]

    def _packed(self, parcel: _Parcel, addresses: Array, room: object) -> Iterator[tuple[slice, tuple[int, int]]]:
        """Yield the pieces of each message, address and bytes; pieces are copied together where they must be."""
        sources = addresses[parcel.owned] + parcel.begin
        together = _lie_together(parcel, sources)
        memory = 0 if together.all() else self._room(room, parcel.size)
        for pieces, place, size in parcel.messages():
            if together[pieces.start : pieces.stop - 1].all():
                yield pieces, (int(sources[pieces.start]), size)
                continue
            targets = parcel.places[pieces].astype(np.uint64) + np.uint64(memory)
            _core.copy_pieces(targets, sources[pieces], parcel.nbytes[pieces])
            yield pieces, (memory + place, size)

    def early(self, itemsizes: Array) -> EarlyGradients:
        """Begin to receive large gradients, which may come while others are being computed.

        Args:
            itemsizes: Bytes of an element of each parameter's gradient: every one has one.
        """
        everything = np.ones(len(itemsizes), bool)
        parcel = self._find_parcel(self._team.rank, everything, itemsizes)
        received = []
        for other in self._others:
            memory = self._room(("gradients", other, 0), parcel.size)
            received += [
                Message(other, parcel.tag(pieces), memory + place, size)
                for pieces, place, size in parcel.messages()
                if parcel.is_large(pieces)
            ]
        sent: dict[int, list[tuple[int, int, int]]] = {}
        for other in self._others:
            theirs = self._find_parcel(other, everything, itemsizes)
            for pieces, _, size in theirs.messages():
                if theirs.is_large(pieces):
                    sent.setdefault(theirs.tag(pieces), []).append((other, int(theirs.begin[pieces.start]), size))
        return EarlyGradients(self._team, sent, self._team.begin([], received))

    def _room(self, purpose: object, size: int) -> int:
        """Return the address of memory of at least so many bytes, which is kept for that purpose."""
        kept = self._memory.get(purpose)
        if kept is None or kept.size < size + _LINE:
            kept = self._memory[purpose] = np.empty(size + _LINE, np.uint8)
        return -(-kept.ctypes.data // _LINE) * _LINE


class EarlyGradients:
    """Large gradients that travel while others are being computed. Made by `Traffic.early`.

    Args:
        team: The processes.
        sent: For each parameter, what is to be sent of its gradient: to whom, from which byte on, and how many.
        begun: What is being received.
    """

    def __init__(self, team: Team, sent: dict[int, list[tuple[int, int, int]]], begun: list[Any]) -> None:
        self._team = team
        self._waiting = sent
        self._begun = begun

    def send(self, index: int, address: int) -> None:
        """Send the gradient of a parameter, which is complete, and must stay as it is until `finish`."""
        messages = [Message(other, index, address + begin, size) for other, begin, size in self._waiting.pop(index, ())]
        self._begun += self._team.begin(messages, [])

    def finish(self, addresses: Array) -> None:
        """Wait until all has travelled. What has not been sent comes from ``addresses``: somebody waits for it."""
        for index in list(self._waiting):
            self.send(index, int(addresses[index]))
        self._team.finish(self._begun)


def _lie_together(parcel: _Parcel, addresses: Array) -> Array:
    """Tell of each piece but the last whether the next one lies right behind it, as in the parcel.

    With gaps they would not do: who knows what lies there.
    """
    apart = np.diff(parcel.places)
    together: Array = (np.diff(addresses.view(np.int64)) == apart) & (parcel.nbytes[:-1].view(np.int64) == apart)
    return together
