"""Leaves out of a sound file what it tells besides its sound: names, places, pictures, comments.

Knows how wav, flac and mp3 files are laid out, and decodes none of them. In an ogg file the
comments stand among the sound, so it stays as it is.
"""

_KEPT_CHUNKS = (b"fmt ", b"fact", b"data")
"""What a player needs of a wav file."""

_KEPT_BLOCKS = (0, 3)
"""What a player needs of a flac file: what the stream is, and where to find a second in it."""


def without_tags(data: bytes) -> bytes:
    r"""Return a sound file without its tags; an ogg file as it is.

    Examples
    --------
    >>> without_tags(b"ID3\x04\x00\x00\x00\x00\x00\x02me" + b"\xff\xfbsound" + b"TAG".ljust(128))
    b'\xff\xfbsound'
    """
    if data[:4] == b"RIFF" and data[8:12] == b"WAVE":
        return _wav(data)
    if data[:4] == b"OggS":
        return data
    begin = _after_tags(data)
    sound = data[begin : _before_tags(data, begin)]
    return _flac(sound) if sound[:4] == b"fLaC" else sound


def _wav(data: bytes) -> bytes:
    kept, at = b"", 12
    ends = 8 + int.from_bytes(data[4:8], "little")
    while at + 8 <= len(data):
        name, size = data[at : at + 4], int.from_bytes(data[at + 4 : at + 8], "little")
        if name == b"data" and size == 0 and (ends <= at + 8 or ends > len(data)):
            # who wrote the sound did not come to say how long it is
            size = len(data) - at - 8
        if name in _KEPT_CHUNKS:
            kept += name + size.to_bytes(4, "little") + data[at + 8 : at + 8 + size + size % 2]
        at += 8 + size + size % 2  # chunks begin at even places
    return b"RIFF" + (4 + len(kept)).to_bytes(4, "little") + b"WAVE" + kept


def _flac(data: bytes) -> bytes:
    kept: list[bytes] = []
    at, last = 4, False
    while not last and at + 4 <= len(data):
        last, kind = bool(data[at] & 0x80), data[at] & 0x7F
        size = int.from_bytes(data[at + 1 : at + 4], "big")
        if kind in _KEPT_BLOCKS:
            kept.append(bytes([kind]) + data[at + 1 : at + 4 + size])
        at += 4 + size
    kept[-1:] = [bytes([one[0] | 0x80]) + one[1:] for one in kept[-1:]]  # now it is the last
    return b"".join((b"fLaC", *kept, data[at:]))


def _after_tags(data: bytes) -> int:
    """Return where the tags at the beginning of a file are over: ID3 (version 2) and APE."""
    at = 0
    while True:
        if data[at : at + 3] == b"ID3" and len(data) >= at + 10:
            footer = 10 if data[at + 5] & 0x10 else 0
            at += 10 + _sevens(data[at + 6 : at + 10]) + footer
        elif data[at : at + 8] == b"APETAGEX":
            at += 32 + int.from_bytes(data[at + 12 : at + 16], "little")
        else:
            return at


def _before_tags(data: bytes, begin: int) -> int:
    """Return where the tags at the end of a file begin: ID3 (both versions), APE and Lyrics3.

    A tag that would be longer than the file is none.
    """
    end = len(data)
    while True:  # programs write theirs behind those of others
        size = _last_tag(data, end)
        if size == 0 or end - size < begin:
            return end
        end -= size


def _last_tag(data: bytes, end: int) -> int:
    """Return how long the tag is that ends there; 0 where there is none."""
    if data[max(end - 128, 0) : end].startswith(b"TAG"):
        return 128
    if data[max(end - 227, 0) : end].startswith(b"TAG+"):  # stands before the other
        return 227
    last = data[max(end - 32, 0) : end]
    if last.startswith(b"APETAGEX"):
        header = 32 if last[23] & 0x80 else 0  # the highest bit of the flags
        return int.from_bytes(last[12:16], "little") + header
    if last[-10:-7] == b"3DI":
        return 20 + _sevens(last[-4:])
    if last[-9:] == b"LYRICS200" and last[-15:-9].isdigit():
        return 15 + int(last[-15:-9])
    # the first version of lyrics does not say how long it is, but is never longer than this
    begin = data.rfind(b"LYRICSBEGIN", max(end - 5120, 0), end)
    return end - begin if last[-9:] == b"LYRICSEND" and begin >= 0 else 0


def _sevens(data: bytes) -> int:
    """Return a number of seven bits in each byte, so that in it no sound seems to begin."""
    number = 0
    for byte in data:
        number = number << 7 | byte & 0x7F
    return number
