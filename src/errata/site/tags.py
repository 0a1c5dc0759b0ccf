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
    begin = _after_id3(data)
    if data[begin : begin + 4] == b"fLaC":
        return _flac(data[begin:])
    return data if data[:4] == b"OggS" else data[begin : _before_tags(data)]


def _wav(data: bytes) -> bytes:
    kept, at = b"", 12
    while at + 8 <= len(data):
        name, size = data[at : at + 4], int.from_bytes(data[at + 4 : at + 8], "little")
        if name in _KEPT_CHUNKS:
            kept += data[at : at + 8 + size + size % 2]
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


def _after_id3(data: bytes) -> int:
    """Return where what ID3 (version 2) tells at the beginning of a file is over."""
    at = 0
    while data[at : at + 3] == b"ID3" and len(data) >= at + 10:
        size = 0
        for byte in data[at + 6 : at + 10]:  # seven bits each, so that no sound seems to begin
            size = size << 7 | byte & 0x7F
        footer = 10 if data[at + 5] & 0x10 else 0
        at += 10 + size + footer
    return at


def _before_tags(data: bytes) -> int:
    """Return where the tags at the end of an mp3 file begin: ID3 (version 1) and APE."""
    end, before = len(data), -1
    while end != before and end >= 128:  # programs write theirs behind those of others
        before = end
        if data[end - 128 : end - 125] == b"TAG":
            end -= 128
        if data[end - 32 : end - 24] == b"APETAGEX":
            size = int.from_bytes(data[end - 20 : end - 16], "little")
            header = 32 if data[end - 9] & 0x80 else 0  # the highest bit of the flags
            end -= size + header
    return max(end, 0)
