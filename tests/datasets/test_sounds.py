"""Sounds: wav files of every width, other formats through soundfile, and what is wrong."""

import json
import struct
import sys
import types

import numpy as np
import pytest

from errata import FileError, InputError, MissingExtraError, Sounds
from errata.datasets.media import Clip, open_media
from errata.datasets.sounds import Sound
from published_texts import wav

VALUES = np.array([-1.0, -0.5, 0.0, 0.25, 0.5, 0.75])


def as_bytes(values, bits):
    """Write values from -1 to below 1 as whole numbers of so many bits."""
    whole = [int(value * 2 ** (bits - 1)) for value in values]
    if bits == 8:
        return bytes(value + 128 for value in whole)
    return b"".join(value.to_bytes(bits // 8, "little", signed=True) for value in whole)


@pytest.fixture
def sounds(tmp_path):
    """Return the names of wav files of 8, 16, 24 and 32 bits."""
    files = []
    for bits in (8, 16, 24, 32):
        files.append(tmp_path / f"{bits}.wav")
        files[-1].write_bytes(wav(as_bytes(VALUES, bits), bits=bits))
    return files


def test_whole_numbers_of_every_width_run_from_minus_one_to_one(sounds):
    for index in range(4):
        sound = Sounds(sounds).load(index)
        assert sound == Sound(VALUES.astype(np.float32), 8000)
        assert sound.samples.dtype == np.float32


@pytest.mark.parametrize("bits", [8, 16, 24, 32])
def test_several_channels_become_their_mean(tmp_path, bits):
    both = np.stack([VALUES, np.zeros(6)], axis=1).ravel()
    (tmp_path / "a.wav").write_bytes(wav(as_bytes(both, bits), bits=bits, channels=2, rate=44100))
    sound = Sounds([tmp_path / "a.wav"]).load(0)
    assert sound == Sound((VALUES / 2).astype(np.float32), 44100)


def test_a_sound_is_shown_as_its_file_holds_it(sounds):
    assert Sounds(sounds).show(1) == Clip(sounds[1].read_bytes(), "audio/wav", 6 / 8000)


def test_sounds_come_back_from_an_audit(tmp_path, sounds):
    media = Sounds(sounds)
    assert repr(media) == "Sounds(4 sounds, files)"
    description = json.loads(json.dumps(media.save(tmp_path / "media")))
    again = open_media(description, tmp_path / "media")
    assert isinstance(again, Sounds)
    assert [again.show(i) for i in range(4)] == [media.show(i) for i in range(4)]
    assert media.take(np.array([2, 0])).show(0) == media.show(2)


def test_missing_sounds_are_told_when_the_audit_is_made(tmp_path, sounds):
    sounds[2].unlink()
    with pytest.raises(FileError, match=r"24\.wav is missing \(1 of 4 are\)"):
        Sounds(sounds).save(tmp_path / "media")
    with pytest.raises(FileError, match=r"24\.wav cannot be read"):
        Sounds(sounds).load(2)
    assert Sounds(sounds).load(3).rate == 8000, "the others are heard all the same"


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda content: b"", "it ends inside its head, after 0 bytes"),
        (lambda content: content[:20], "it ends inside its head, after 20 bytes"),
        (lambda content: b"hello, this is no sound", "does not start with RIFF id"),
        (lambda content: content[:-4], "promises 6 samples, but it ends after 4, at byte 52"),
        (lambda content: content.replace(b"\x10\0data", b"\x28\0data"), "samples of 5 bytes"),
        (lambda content: content[:24] + bytes(4) + content[28:], "0 a second"),
    ],
)
def test_what_is_no_sound_is_named_with_the_place(sounds, spoil, message):
    sounds[1].write_bytes(spoil(sounds[1].read_bytes()))
    for look in (Sounds(sounds).load, Sounds(sounds).show):
        with pytest.raises(FileError, match=rf"16\.wav is no sound, or is cut short: .*{message}"):
            look(1)


def test_other_endings_are_refused():
    with pytest.raises(
        InputError, match=r"files\[1\] is .*b\.txt; a sound file that ends in \.wav"
    ):
        Sounds(["a.wav", "b.txt"])


# ---------------------------------------------------------------- through soundfile


def of_fractions(path):
    """Write a wav file of floating point."""
    samples = VALUES.astype("<f4").tobytes()
    content = bytearray(wav(samples, bits=32))
    content[20:22] = struct.pack("<H", 3)
    path.write_bytes(content)
    return path


def test_other_formats_say_what_to_install(tmp_path, sounds, monkeypatch):
    monkeypatch.setitem(sys.modules, "soundfile", None)
    song = tmp_path / "song.mp3"
    song.write_bytes(b"ID3")
    for look in (lambda media: media.save(tmp_path / "media"), lambda media: media.load(4)):
        with pytest.raises(
            MissingExtraError, match=r'song\.mp3 is no wav.*install "errata\[audio\]"'
        ):
            look(Sounds([*sounds, song]))
    with pytest.raises(MissingExtraError, match=r"fractions\.wav is no wav file of whole numbers"):
        Sounds([of_fractions(tmp_path / "fractions.wav")]).show(0)


def test_other_formats_are_read_by_soundfile(tmp_path, monkeypatch):
    def read(file, dtype, *, always_2d):
        if file.read() != b"fLaC":
            raise RuntimeError("Format not recognised.")
        return np.array([[0.5, 0.0], [1.0, 0.5]], dtype), 16000

    monkeypatch.setitem(sys.modules, "soundfile", types.SimpleNamespace(read=read))
    (tmp_path / "a.flac").write_bytes(b"fLaC")
    (tmp_path / "b.FLAC").write_bytes(b"what")
    media = Sounds([tmp_path / "a.flac", tmp_path / "b.FLAC"])
    assert media.load(0) == Sound(np.array([0.25, 0.75], np.float32), 16000)
    assert media.show(0) == Clip(b"fLaC", "audio/flac", 2 / 16000)
    with pytest.raises(FileError, match=r"b\.FLAC is no sound, .*: Format not recognised"):
        media.load(1)


def test_the_real_soundfile_reads_what_it_wrote(tmp_path):
    soundfile = pytest.importorskip("soundfile")
    tone = np.sin(np.arange(1600) / 10).astype(np.float32) / 2
    for name in ("a.flac", "a.ogg", "a.mp3"):
        soundfile.write(tmp_path / name, tone, 16000)
        media = Sounds([tmp_path / name])
        sound = media.load(0)
        assert sound.rate == 16000
        assert np.abs(sound.samples[: len(tone)]).max() == pytest.approx(0.5, abs=0.1)
        assert media.show(0).seconds == pytest.approx(0.1, abs=0.1)
    assert Sounds([of_fractions(tmp_path / "f.wav")]).load(0) == Sound(
        VALUES.astype(np.float32), 8000
    )


# ---------------------------------------------------------------- real data


def test_spoken_digits(data):
    from scipy.io import wavfile

    folder = data / "raw/audio/fsdd/recordings"
    files = sorted(folder.iterdir())
    media = Sounds(files)
    assert len(media) == 300
    for index in range(0, 300, 29):
        rate, samples = wavfile.read(files[index])
        sound = media.load(index)
        assert sound.rate == rate == 8000
        np.testing.assert_array_equal(sound.samples, (samples / 32768).astype(np.float32))
        assert media.show(index).seconds == len(samples) / 8000
