"""The published sets of texts and sounds: samples of the real files, or files as they are written.

What writes TFRecords here shares nothing with what reads them: another checksum (bit by bit), and
messages put together by hand.
"""

import csv
import functools
import gzip
import io
import json
import struct
import tarfile
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import numpy as np

from errata.datasets.sounds import Sound
from published_made import Made, cut, data, replaced

GROUPS = [
    *("alt.atheism", "comp.graphics", "comp.os.ms-windows.misc", "comp.sys.ibm.pc.hardware"),
    *("comp.sys.mac.hardware", "comp.windows.x", "misc.forsale", "rec.autos", "rec.motorcycles"),
    *("rec.sport.baseball", "rec.sport.hockey", "sci.crypt", "sci.electronics", "sci.med"),
    *("sci.space", "soc.religion.christian", "talk.politics.guns", "talk.politics.mideast"),
    *("talk.politics.misc", "talk.religion.misc"),
]


def empty(path: Path) -> None:
    path.write_bytes(b"")


@functools.cache
def members(path: Path) -> dict[str, bytes]:
    """Return the files in an archive."""
    with tarfile.open(path) as archive:
        files = ((member.name, archive.extractfile(member)) for member in archive)
        return {name: file.read() for name, file in files if file is not None}


def pack(path: Path, files: Mapping[str, bytes]) -> None:
    """Write an archive; what it is packed with is told by its name."""
    with tarfile.open(path, f"w:{path.suffix[1:]}") as archive:  # type: ignore[call-overload]
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))


def unpack(folder: Path, files: Mapping[str, bytes]) -> None:
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)


# ---------------------------------------------------------------- 20 Newsgroups


def as_scikit_learn_has_them(folder: Path) -> tuple[list[str], list[int], list[str]]:
    """Return files, labels and texts as ``fetch_20newsgroups`` does after it has downloaded."""
    from sklearn.datasets import load_files
    from sklearn.utils import check_random_state

    bunch = load_files(folder, encoding="latin1")
    order = np.arange(len(bunch.target))
    check_random_state(42).shuffle(order)
    names = [Path(bunch.filenames[row]).relative_to(folder).as_posix() for row in order]
    return names, [bunch.target[row] for row in order], [bunch.data[row] for row in order]


def the_20news_archive(folder: Path) -> Made:
    """Pack every 40th post of the test part as published."""
    posts = members(data() / "raw/20news/20news-bydate-test.tar.xz")
    some = {name: posts[name] for name in sorted(posts)[::40]}
    unpack(folder / "aside", some)
    names, labels, texts = as_scikit_learn_has_them(folder / "aside" / "20news-bydate-test")
    archive = folder / "20news-bydate-test.tar.xz"
    pack(archive, some)
    return Made(
        name="20news",
        part="test",
        folder=folder,
        labels=labels,
        classes=GROUPS,
        ids=[f"test/{name}" for name in names],
        examples=dict(enumerate(texts[:20])),
        damages=[(archive, cut(0.5), "cut short or damaged after")],
    )


def the_20news_folder(folder: Path) -> Made:
    """Write two posts of each group of the train part, with letters that are no UTF-8."""
    below = folder / "20news-bydate-train"
    posts = {
        f"{group}/{n}": f"From: {n}\n\nÀ {group}".encode("latin-1")
        for group in GROUPS
        for n in (9, 10)
    }
    unpack(below, posts)
    names, labels, texts = as_scikit_learn_has_them(below)
    lost = (below / "sci.med" / "10", empty, r"sci\.med/10 is empty")
    return Made(
        name="20news",
        part="train",
        folder=folder,
        labels=labels,
        classes=GROUPS,
        ids=[f"train/{name}" for name in names],
        examples=dict(enumerate(texts)),
        damages=[lost],
        bad_examples=[lost],
    )


# ---------------------------------------------------------------- IMDB


def imdb_archive(folder: Path) -> Made:
    """Pack some reviews of the test part as published, with the study's list of their order."""
    listed = json.loads(
        (data() / "label_errors/indexing/imdb_test_set_index_to_filename.json").read_text()
    )[::250]
    files = members(data() / "raw/imdb/imdb_test.tar.xz")
    archive = folder / "imdb_test.tar.xz"
    pack(archive, {f"test/{name}": files[f"test/{name}"] for name in sorted(listed)})
    order = folder / "imdb_test_set_index_to_filename.json"
    order.write_text(json.dumps(listed))
    return Made(
        name="imdb",
        part="test",
        folder=folder,
        labels=[0] * 50 + [1] * 50,
        classes=["negative", "positive"],
        ids=[f"test/{name.removesuffix('.txt')}" for name in listed],
        examples={row: files[f"test/{name}"].decode("utf-8") for row, name in enumerate(listed)},
        damages=[
            (archive, cut(0.5), "cut short or damaged after"),
            (order, cut(0.5), "is no JSON, or is cut short"),
            (order, lambda path: path.write_text("{}"), "holds no list of names"),
        ],
    )


def imdb_folder(folder: Path) -> Made:
    """Write a few reviews of the train part as they lie unpacked, those without label too."""
    below = folder / "aclImdb" / "train"
    texts = ["Très bad.<br /><br />Bad!", "Dull.", "Fine.", "Très good."]
    names = ["neg/2_4.txt", "neg/10_1.txt", "pos/3_9.txt", "pos/20_10.txt"]
    unpack(below, {name: text.encode() for name, text in zip(names, texts, strict=True)})
    unpack(below, {"unsup/0_0.txt": b"Who knows?", "urls_neg.txt": b"http://"})
    review = below / "pos" / "20_10.txt"
    spoilt = (review, replaced(b"\xc3\xa8", b"\xe8"), r"20_10\.txt is not UTF-8 at byte 2")
    return Made(
        name="imdb",
        part="train",
        folder=folder,
        labels=[0, 0, 1, 1],
        classes=["negative", "positive"],
        ids=["train/neg/2_4", "train/neg/10_1", "train/pos/3_9", "train/pos/20_10"],
        examples=dict(enumerate(texts)),
        damages=[spoilt],
        bad_examples=[spoilt],
    )


# ---------------------------------------------------------------- Amazon Reviews


def in_gzip(spoil: Callable[[bytes], bytes]) -> Callable[[Path], object]:
    return lambda path: path.write_bytes(
        gzip.compress(spoil(gzip.decompress(path.read_bytes())), 1)
    )


def kept_reviews(lines: Iterable[str]) -> list[dict[str, object]]:
    """Return the reviews that the study would have kept, as its page says in words."""
    kept = []
    for line in lines:
        review = json.loads(line)
        up, votes = review.get("helpful", [int(review.get("vote", "0").replace(",", ""))] * 2)
        if up > votes - up and review["overall"] in (1, 3, 5) and review.get("reviewText"):
            kept.append(review)
    return kept


def as_sed_writes(text: str) -> str:
    """Return a text after the study's two commands, ``sed`` and ``tr``, letter by letter."""
    text = text.strip().replace("\n", " __newline__ ")
    marked = "".join(f" {letter} " if letter in ".!?,'/()" else letter for letter in text)
    return "".join(chr(ord(c) + 32) if "A" <= c <= "Z" else c for c in marked)


def amazon_form_of_2014(folder: Path) -> Made:
    """Copy fifty lines as published, unpacked."""
    path = folder / "Musical_Instruments_5.json"
    source = data() / "raw/amazon/Musical_Instruments_5_first50.json"
    path.write_bytes(source.read_bytes())
    kept = kept_reviews(path.read_text().splitlines())
    second = b'"reviewerID": "RD59E7AECD0524", "asin"'
    spoilt = replaced(second, second.replace(b",", b""))
    return Made(
        name="amazon",
        part="all",
        folder=folder,
        labels=[{1: 0, 3: 1, 5: 2}[one["overall"]] for one in kept],
        classes=["negative", "neutral", "positive"],
        ids=[f"{one['reviewerID']}-{one['asin']}-{one['unixReviewTime']}" for one in kept],
        examples={row: as_sed_writes(one["reviewText"]) for row, one in enumerate(kept)},
        damages=[(path, lambda path: path.write_bytes(b"\xff\xfe\n"), "line 1 is not UTF-8")],
        bad_examples=[
            (path, spoilt, "line 2 is no JSON: .* at character 33"),
            (path, replaced(second, b'"asin"'), "line 2 is no review .* 'reviewerID'"),
        ],
    )


def amazon_form_of_2018(folder: Path) -> Made:
    """Copy two categories as published, packed; some reviews stand there several times."""
    kept = []
    for name in ("AMAZON_FASHION_5.json.gz", "Gift_Cards_5.json.gz"):
        content = (data() / "raw/amazon" / name).read_bytes()
        (folder / name).write_bytes(content)
        kept += kept_reviews(gzip.decompress(content).decode().splitlines())
    last = folder / "Gift_Cards_5.json.gz"
    one = json.dumps(kept[-1]["reviewText"]).encode()
    bad = in_gzip(lambda lines: lines.replace(one, b"7", 1))
    return Made(
        name="amazon",
        part="all",
        folder=folder,
        labels=[{1: 0, 3: 1, 5: 2}[one["overall"]] for one in kept],
        classes=["negative", "neutral", "positive"],
        examples={row: as_sed_writes(one["reviewText"]) for row, one in enumerate(kept)},
        damages=[
            (last, cut(0.5), "cut short or damaged after line"),
            (last, lambda path: path.write_bytes(b"no gzip"), "cut short or damaged after line 0"),
        ],
        bad_examples=[(last, bad, "is no review of the 5-core form .*reviewText is int")],
    )


# ---------------------------------------------------------------- AudioSet

CLASSES = {"/m/09x0r": "Speech", "/m/05zppz": "Male speech, man speaking", "/m/0jbk": "Animal"}

SEGMENTS = [  # in the order of the csv file
    ("--4gqARaEJE", 0, 10, "/m/0jbk"),
    ("ab-_cdefghi", 20, 30, "/m/09x0r,/m/05zppz"),
    ("ab1234567_8", 30, 39, "/m/09x0r"),
    ("zz---------", 120, 130, "/m/0jbk,/m/09x0r"),
]
ORDER = [2, 1, 3, 0]  # as the study lists them


def crc_bit_by_bit(content: bytes) -> int:
    """Divide by the polynomial of Castagnoli as on paper, the lowest bit first."""
    rest = 0xFFFFFFFF
    for byte in content:
        for place in range(8):
            low = (rest ^ (byte >> place)) & 1
            rest >>= 1
            if low:
                rest ^= 0x82F63B78
    return ~rest & 0xFFFFFFFF


def checksum(content: bytes) -> bytes:
    crc = crc_bit_by_bit(content)
    turned = (crc >> 15 | crc << 17) & 0xFFFFFFFF
    return struct.pack("<I", (turned + 0xA282EAD8) % 2**32)


def write_records(path: Path, records: Iterable[bytes]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        for record in records:
            length = struct.pack("<Q", len(record))
            file.write(length + checksum(length) + record + checksum(record))


def number(value: int) -> bytes:
    low, high = value & 127, value >> 7
    return bytes([low | 128]) + number(high) if high else bytes([low])


def message(field: int, content: bytes) -> bytes:
    return number(field << 3 | 2) + number(len(content)) + content


def feature(name: str, value: bytes) -> bytes:
    return message(1, message(1, name.encode()) + message(2, value))


def sequence_example(
    video: str, start: float, end: float, labels: list[int], frames: bytes, *, packed: bool
) -> bytes:
    """Write a segment as Google did; numbers in a row, or one by one."""
    if packed:
        listed = message(1, b"".join(map(number, labels)))
    else:
        listed = b"".join(number(1 << 3) + number(label) for label in labels)
    times = {"start_time_seconds": start, "end_time_seconds": end}
    floats = {
        name: message(1, struct.pack("<f", value))
        if packed
        else number(1 << 3 | 5) + struct.pack("<f", value)
        for name, value in times.items()
    }
    context = feature("video_id", message(1, message(1, video.encode())))
    context += feature("labels", message(3, listed))
    context += b"".join(feature(name, message(2, value)) for name, value in floats.items())
    steps = [frames[place : place + 128] for place in range(0, len(frames), 128)]
    embedded = b"".join(message(1, message(1, message(1, step))) for step in steps)
    return message(1, context) + message(2, feature("audio_embedding", embedded))


def frames_of(segment: tuple[str, int, int, str]) -> np.ndarray:
    video, start, end, _ = segment
    rng = np.random.default_rng([start, len(video)])
    return rng.integers(0, 256, (end - start, 128), dtype=np.uint8)


def audioset_lists(folder: Path, segments: list[tuple[str, int, int, str]]) -> Path:
    """Write the list of classes and that of segments; return the latter."""
    with (folder / "class_labels_indices.csv").open("w", newline="") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(["index", "mid", "display_name"])
        rows.writerows([row, mid, name] for row, (mid, name) in enumerate(CLASSES.items()))
    lines = [
        "# Segments csv created Sun Mar  5 10:54:25 2017",
        f"# num_ytids={len(segments)}, num_segs={len(segments)}, num_unique_labels=3",
        "# YTID, start_seconds, end_seconds, positive_labels",
        *(f'{v}, {start:.3f}, {end:.3f}, "{labels}"' for v, start, end, labels in segments),
    ]
    path = folder / "eval_segments.csv"
    path.write_text("\n".join(lines) + "\n")
    return path


def label_rows(segments: Iterable[tuple[str, int, int, str]]) -> np.ndarray:
    return np.array([[mid in labels.split(",") for mid in CLASSES] for *_, labels in segments])


def audioset_embeddings(folder: Path) -> Made:
    """Write the embeddings of four segments, and the order in which the study has them."""
    segments = audioset_lists(folder, SEGMENTS)
    below = folder / "audioset_v1_embeddings" / "eval"
    for start in {video[:2] for video, *_ in SEGMENTS}:
        records = [
            sequence_example(
                *(video, begin, end),
                [list(CLASSES).index(mid) for mid in labels.split(",")],
                frames_of((video, begin, end, labels)).tobytes(),
                packed=row % 2 == 0,
            )
            for row, (video, begin, end, labels) in enumerate(SEGMENTS)
            if video[:2] == start
        ]
        write_records(below / f"{start}.tfrecord", records)
    ordered = [SEGMENTS[row] for row in ORDER]
    links = [f"http://youtu.be/{v}?start={start}&end={end}" for v, start, end, _ in ordered]
    (folder / "audioset_eval_set_index_to_youtube_id.json").write_text(json.dumps(links))
    shorter = np.zeros((10, 128), np.uint8)
    shorter[:9] = frames_of(SEGMENTS[2])
    file = below / "ab.tfrecord"
    return Made(
        name="audioset",
        part="test",
        folder=folder,
        labels=label_rows(ordered),
        classes=list(CLASSES.values()),
        ids=[f"test/{video}_{start}" for video, start, *_ in ordered],
        examples={0: shorter, 1: frames_of(SEGMENTS[1]), 3: frames_of(SEGMENTS[0])},
        damages=[
            (file, cut(0.2), "record at byte 0 is cut short"),
            (file, lambda path: path.write_bytes(b"no records"), "byte 0 is cut short"),
            (file, replaced(b"\0\0\0\0", b"\0\0\1\0"), "byte 0 has a length with a wrong checks"),
            (segments, replaced(b"num_segs=4", b"num_segs=5"), "has 4 segments; .* promises 5"),
        ],
        bad_examples=[
            (file, replaced(b"ab-_cdefghi", b"ab-_cdefghj"), "byte 0 has a wrong checksum"),
            (file, cut(0.9), r"ab\.tfrecord: the record at byte 1,\d+ is cut short"),
            (segments, replaced(b"0jbk", b"0jbq"), "line 4 names the class '/m/0jbq'"),
            (segments, replaced(b"20.000", b"now"), "line 5 is .*could not convert"),
        ],
    )


def wav(samples: bytes, *, rate: int = 8000, bits: int = 16, channels: int = 1) -> bytes:
    """Write a wav file of whole numbers, from the description of the format."""
    frame = bits // 8 * channels
    head = struct.pack("<HHIIHH", 1, channels, rate, rate * frame, frame, bits)
    body = b"WAVEfmt " + struct.pack("<I", len(head)) + head
    body += b"data" + struct.pack("<I", len(samples)) + samples
    return b"RIFF" + struct.pack("<I", len(body)) + body


def audioset_clips(folder: Path) -> Made:
    """Write clips of sound beside the lists, a start of one of them as the lists write it."""
    audioset_lists(folder, SEGMENTS)
    below = folder / "wav"
    below.mkdir()
    sounds = []
    for row, (video, start, *_) in enumerate(SEGMENTS):
        values = np.arange(-4000, 4000 + row, dtype="<i2") * 8
        name = f"{video}_{start}.000.wav" if row == 1 else f"{video}_{start}.wav"
        (below / name).write_bytes(wav(values.tobytes()))
        sounds.append(Sound((values / 32768).astype(np.float32), 8000))
    clip = below / "ab1234567_8_30.wav"
    damages = [
        (clip, cut(0.5), r"promises 8,002 samples, but it ends after 3,\d+, at byte 8,024"),
        (clip, lambda path: path.write_bytes(b"no sound"), "is no sound, or is cut short"),
        (clip, Path.unlink, "is missing. Is http://youtu.be/ab1234567_8.* still there"),
    ]
    return Made(
        name="audioset",
        part="test",
        folder=folder,
        labels=label_rows(SEGMENTS),
        classes=list(CLASSES.values()),
        ids=[f"test/{video}_{start}" for video, start, *_ in SEGMENTS],
        examples=dict(enumerate(sounds)),
        damages=damages,
        bad_examples=damages,
    )


MAKERS = [
    the_20news_archive,
    the_20news_folder,
    imdb_archive,
    imdb_folder,
    amazon_form_of_2014,
    amazon_form_of_2018,
    audioset_embeddings,
    audioset_clips,
]
