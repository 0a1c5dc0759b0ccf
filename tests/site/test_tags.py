"""Tags of sounds are left out, and what is heard stays."""

import io
import struct
import wave

import numpy as np
import pytest

from errata.datasets.sounds import read_sound
from errata.site.tags import without_tags

SECRET = b"recorded at Jane's home, 12 Elm Street"
TONE = np.sin(np.arange(8000) / 20).astype(np.float32) / 2


def soundfile():
    return pytest.importorskip("soundfile", reason="needs the package soundfile")


def written(form: str) -> bytes:
    """Return the tone in a file with a title, as libsndfile writes it."""
    sf = soundfile()
    buffer = io.BytesIO()
    with sf.SoundFile(buffer, "w", 8000, 1, format=form) as file:
        file.title = file.comment = SECRET.decode()
        file.write(TONE)
    return buffer.getvalue()


def id3(size: int, flags: int = 0) -> bytes:
    """Return what ID3 has at the beginning: a head, and so many bytes."""
    length = bytes(size >> shift & 0x7F for shift in (21, 14, 7, 0))
    body = (SECRET * (size // len(SECRET) + 1))[:size]
    return b"ID3\x04\x00" + bytes([flags]) + length + body


@pytest.mark.parametrize("form", ["WAV", "FLAC", "MP3"])
def test_no_tag_is_left_and_every_sample_is(form):
    data = written(form)
    if form == "MP3":
        ape = struct.pack("<8sIIII8x", b"APETAGEX", 2000, len(SECRET) + 32, 1, 1 << 31)
        data = id3(300) + data + ape + SECRET + ape + b"TAG" + SECRET.ljust(125)
    elif form == "FLAC":
        data = id3(300) + data
    assert SECRET in data
    left = without_tags(data)
    assert SECRET not in left
    assert not any(part in left for part in (b"Jane", b"TAG", b"ID3", b"12 El"))
    sf = soundfile()
    before, after = (sf.read(io.BytesIO(one))[0] for one in (written(form), left))
    np.testing.assert_array_equal(after, before)
    assert without_tags(left) == left


def ends() -> dict[str, bytes]:
    """Return what programs write at the end of files, by its name."""
    sevens = bytes(len(SECRET) >> shift & 0x7F for shift in (21, 14, 7, 0))
    ape = struct.pack("<8sIIII8x", b"APETAGEX", 2000, len(SECRET) + 32, 1, 0)
    lyrics = b"LYRICSBEGIN" + SECRET
    return {
        "ID3v1": b"TAG" + SECRET.ljust(125),
        "TAG+": b"TAG+" + SECRET.ljust(223),
        "ID3v2 at the end": b"ID3\x04\x00\x10" + sevens + SECRET + b"3DI\x04\x00\x10" + sevens,
        "APE": SECRET + ape,
        "Lyrics3": lyrics + b"LYRICSEND",
        "Lyrics3v2": lyrics + f"{len(lyrics):06}LYRICS200".encode(),
    }


@pytest.mark.parametrize("form", ["FLAC", "MP3"])
@pytest.mark.parametrize("name", ends())
def test_what_stands_behind_the_sound_goes_too(form, name):
    data = written(form)
    left = without_tags(data + ends()[name] + ends()["ID3v1"])
    assert left == without_tags(data)
    assert SECRET not in left


@pytest.mark.parametrize("form", ["WAV", "FLAC", "MP3"])
def test_no_cut_or_broken_file_grows_and_what_seems_to_be_a_tag_empties_none(form):
    rng, data = np.random.default_rng(5), id3(60) + written(form) + ends()["APE"]
    for _ in range(200):
        cut = bytearray(data[: rng.integers(1, len(data))])
        for place in rng.integers(0, len(cut), rng.integers(0, 4)):
            cut[place] = rng.integers(0, 256)
        assert len(without_tags(bytes(cut))) <= len(cut)
    too_long = struct.pack("<8sIIII8x", b"APETAGEX", 2000, 10**6, 1, 0)
    plain = without_tags(data)
    for odd in (too_long, b"LYRICSEND", b"999999LYRICS200", b"3DI\x04\x00\x10\x7f\x7f\x7f\x7f"):
        if form != "WAV":  # of which chunks alone are kept
            assert without_tags(plain + odd) == plain + odd


@pytest.mark.parametrize("told", [36, 2**32 - 1])
def test_a_wav_file_that_nobody_closed_keeps_its_sound_and_is_closed(told):
    sound, form = bytes(range(101)) * 2, struct.pack("<IHHIIHH", 16, 1, 1, 8000, 8000, 1, 8)
    data = b"RIFF" + struct.pack("<I", told) + b"WAVEfmt " + form + b"data"
    left = without_tags(data + bytes(4) + sound)
    assert left[12:] == (data + struct.pack("<I", len(sound)) + sound)[12:]
    assert without_tags(left) == left


@pytest.mark.parametrize("footer", [False, True])
def test_of_an_mp3_file_only_its_frames_are_left(footer):
    frames = b"\xff\xfb\x90\x00" + bytes(range(256)) * 3
    head = id3(1000, 0x10 if footer else 0) + b"3DI".ljust(10) * footer
    assert without_tags(head + id3(5) + frames) == frames
    assert without_tags(frames) == frames


def test_a_wav_file_without_tags_stays_as_it_is():
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setparams((1, 1, 8000, 0, "NONE", ""))
        file.writeframes(bytes(range(101)))
    data = buffer.getvalue()
    plain = read_sound(data, "a.wav")
    tagged = data[:12] + b"LIST" + struct.pack("<I", len(SECRET)) + SECRET + data[12:]
    assert len(SECRET) % 2 == 0
    assert without_tags(tagged)[12:] == data[12:]
    assert read_sound(without_tags(tagged), "a.wav") == plain


def test_other_files_stay_as_they_are():
    for data in (b"OggS" + SECRET, b"", b"RIFF", SECRET):
        assert without_tags(data) == data
