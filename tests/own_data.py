"""A user's own data in every form in which it can be opened, all with the same labels.

A maker takes an empty folder, writes one form into it, and returns what was `Own`: how it is
opened, and what is in it. `EXAMPLES` are what the forms hold, by their kind.
"""

import csv
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

LABELS = ["dog", "cat", "dog", "ant", "cat", "ant"]
CLASSES = ("ant", "cat", "dog")
NUMBERS = [CLASSES.index(label) for label in LABELS]
TEXTS = ["Woof, and\nonce more", "Miaow", "Grr", "", 'Purr, "purr"', "…"]
NUMBERED = np.array([[1.5, 2], [0, 4], [2, 2], [1e-3, 6], [7, -1], [3, 3]])
PIXELS = np.arange(6 * 12, dtype=np.uint8).reshape(6, 2, 2, 3)

Damage = tuple[Path, Callable[[Path], object], str]
"""A file, what damages it, and the message that this gives."""


@dataclass(frozen=True, kw_only=True)
class Own:
    """One form of the data: what is opened, with which options, and what comes out."""

    source: Any
    kind: str
    options: Mapping[str, Any] = field(default_factory=dict)
    part: str = "all"
    rows: Sequence[int] = range(6)  # which examples it holds, in its order
    ids: Sequence[str] | None = None
    damages: Sequence[Damage] = ()  # after which nothing can be used
    bad_examples: Sequence[Damage] = ()  # after which one example cannot


def replaced(old: bytes, new: bytes) -> Callable[[Path], object]:
    def replace(path: Path) -> None:
        content = path.read_bytes()
        assert old in content
        path.write_bytes(content.replace(old, new, 1))

    return replace


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def picture(path: Path, row: int) -> Path:
    from PIL import Image

    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(PIXELS[row]).save(path)
    return path


def text(path: Path, row: int) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(TEXTS[row].encode())
    return path


# ---------------------------------------------------------------- folders of class folders


def _class_folders(folder: Path, write: Callable[[Path, int], Path], ending: str) -> list[int]:
    for row, label in enumerate(LABELS):
        write(folder / label / f"{row}{ending}", row)
    return sorted(range(6), key=lambda row: (LABELS[row], row))


def pictures_in_class_folders(folder: Path) -> Own:
    rows = _class_folders(folder, picture, ".png")
    first = folder / "ant" / "3.png"
    return Own(
        source=folder,
        kind="images",
        rows=rows,
        ids=[f"{LABELS[row]}/{row}.png" for row in rows],
        bad_examples=[(first, cut, "is no picture, or is broken")],
    )


def texts_in_class_folders(folder: Path) -> Own:
    rows = _class_folders(folder, text, ".txt")
    bad = folder / "cat" / "1.txt"
    return Own(
        source=folder,
        kind="texts",
        rows=rows,
        bad_examples=[(bad, replaced(b"ao", b"\xff\xff"), "is not UTF-8")],
    )


def pictures_in_parts(folder: Path) -> Own:
    rows = _class_folders(folder / "test", picture, ".PNG")
    for label in ("ant", "zebra"):
        picture(folder / "train" / label / "deep" / "1.png", 0)
    return Own(
        source=folder,
        kind="images",
        part="test",
        rows=rows,
        ids=[f"test/{LABELS[row]}/{row}.PNG" for row in rows],
    )


# ---------------------------------------------------------------- tables


def columns_of(kind: str, folder: Path) -> dict[str, list[Any]]:
    """Return the columns that hold the examples; pictures are written beside the table."""
    if kind == "texts":
        return {"text": TEXTS}
    if kind == "features":
        return {"x": NUMBERED[:, 0].tolist(), "y": NUMBERED[:, 1].tolist()}
    paths = [f"pictures/{row}.png" for row in range(6)]
    for row, path in enumerate(paths):
        picture(folder / path, row)
    return {"path": paths}


def write_table(path: Path, columns: Mapping[str, Sequence[Any]]) -> Path:
    """Write a table with another writer than the one that will read it, where there is one."""
    rows = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    if path.suffix in (".csv", ".tsv"):
        with path.open("w", newline="") as file:
            writer = csv.DictWriter(
                file, list(columns), delimiter="\t" if path.suffix == ".tsv" else ","
            )
            writer.writeheader()
            writer.writerows(rows)
    elif path.suffix == ".jsonl":
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    elif path.suffix == ".json":
        path.write_text(json.dumps(rows))
    else:
        import pyarrow as pa
        from pyarrow import parquet

        table = pa.table({name: list(values) for name, values in columns.items()})
        if path.suffix == ".parquet":
            parquet.write_table(table, path)
        else:
            with pa.OSFile(str(path), "wb") as file, pa.ipc.new_stream(file, table.schema) as out:
                out.write_table(table)
    return path


def texts_in_csv(folder: Path) -> Own:
    table = write_table(
        folder / "own.csv", {"id": [f"a{row}" for row in range(6)], "text": TEXTS, "label": LABELS}
    )
    return Own(
        source=table,
        kind="texts",
        ids=[f"a{row}" for row in range(6)],
        damages=[
            (table, lambda path: path.write_bytes(b""), "is cut short or damaged, or is no CSV"),
            (table, replaced(b"label", b"text"), "has two columns 'text'"),
        ],
        bad_examples=[
            (table, replaced(b"Grr", b"G\xffr"), "own.csv, row 3: .*not UTF-8"),
            (table, replaced(b"Miaow,cat", b"Miaow,"), "own.csv, row 2: Its label is missing"),
            (
                table,
                replaced(b"Miaow,cat", b"Miaow,c\xfft"),
                "own.csv, row 2: Its label is not UTF",
            ),
            (table, replaced(b"Miaow,cat", b"Mi,aow,cat"), "own.csv, row 2: It has 4 cells"),
            (table, replaced(b"a5,", b","), "own.csv, row 6: Its id is missing"),
        ],
    )


def texts_in_json_lines(folder: Path) -> Own:
    table = write_table(folder / "own.jsonl", {"text": TEXTS, "label": LABELS})
    return Own(
        source=table,
        kind="texts",
        ids=[str(row) for row in range(6)],
        bad_examples=[
            (table, replaced(b"Grr", b"G\xffr"), "own.jsonl, row 3: It is no UTF-8"),
            (table, replaced(b'"Grr"', b"Grr"), "own.jsonl, row 3: It is no JSON object"),
            (table, replaced(b'"Grr"', b"null"), r"own.jsonl, row 3: Its text \(text\) is missing"),
            (table, replaced(b'"label": "ant"', b'"x": 1'), "row 4: Its label is missing"),
        ],
    )


def texts_in_a_json_list(folder: Path) -> Own:
    table = write_table(folder / "own.json", {"sentence": TEXTS, "class": LABELS})
    return Own(source=table, kind="texts", damages=[(table, cut, "is no JSON")])


def pictures_in_tsv(folder: Path) -> Own:
    columns = columns_of("images", folder)
    table = write_table(folder / "own.tsv", columns | {"label": NUMBERS})
    return Own(
        source=table,
        kind="images",
        options={"classes": CLASSES},
        ids=columns["path"],
        bad_examples=[
            (folder / "pictures/4.png", Path.unlink, r"own.tsv, row 5: There is no file .*4\.png"),
            (folder / "pictures/4.png", cut, "4.png is no picture"),
            (table, replaced(b"pictures/2.png", b""), r"row 3: Its path \(path\) is missing"),
        ],
    )


def features_in_parquet(folder: Path) -> Own:
    columns = columns_of("features", folder)
    table = write_table(folder / "own.parquet", columns | {"label": LABELS})
    return Own(source=table, kind="features", damages=[(table, cut, "is cut short or damaged")])


def features_in_csv(folder: Path) -> Own:
    table = write_table(folder / "own.csv", columns_of("features", folder) | {"label": LABELS})
    return Own(
        source=table,
        kind="features",
        bad_examples=[(table, replaced(b"0.001", b""), "row 4: Its value of 'x' is missing")],
    )


def features_in_parts_of_an_arrow_file(folder: Path) -> Own:
    columns = columns_of("features", folder)
    splits = ["train", "test", "test", "train", "test", "test"]
    table = write_table(folder / "own.arrow", columns | {"label": LABELS, "split": splits})
    return Own(source=table, kind="features", part="test", rows=[1, 2, 4, 5])


def texts_in_tables_of_parts(folder: Path) -> Own:
    for part, rows in (("train", [0, 1, 2]), ("test", [3, 4, 5])):
        write_table(
            folder / f"{part}.parquet",
            {"text": [TEXTS[row] for row in rows], "label": [LABELS[row] for row in rows]},
        )
    return Own(
        source=folder,
        kind="texts",
        part="test",
        rows=[3, 4, 5],
        ids=[f"test/{row}" for row in range(3)],
    )


def texts_in_a_frame(folder: Path) -> Own:
    import pyarrow as pa

    return Own(source=pa.table({"text": TEXTS, "label": LABELS}), kind="texts")


# ---------------------------------------------------------------- arrays


def pixels_in_memory(folder: Path) -> Own:
    return Own(source=PIXELS, kind="images", options={"label": NUMBERS, "classes": CLASSES})


def texts_in_memory(folder: Path) -> Own:
    return Own(source={"X": TEXTS, "y": LABELS}, kind="texts")


def features_in_npy(folder: Path) -> Own:
    np.save(folder / "X.npy", NUMBERED)
    np.save(folder / "y.npy", np.array(LABELS))
    return Own(
        source=folder / "X.npy",
        kind="features",
        options={"label": folder / "y.npy"},
        damages=[
            (folder / "X.npy", cut, "is cut short"),
            (folder / "y.npy", lambda path: path.write_bytes(b"no array"), "is not an array file"),
        ],
    )


def features_in_npz(folder: Path) -> Own:
    np.savez(
        folder / "own.npz",
        x_train=NUMBERED[:1], y_train=LABELS[:1], x_test=NUMBERED, y_test=LABELS,
    )  # fmt: skip
    return Own(
        source=folder / "own.npz",
        kind="features",
        part="test",
        damages=[(folder / "own.npz", cut, "is cut short or damaged")],
    )


MAKERS = [
    pictures_in_class_folders,
    texts_in_class_folders,
    pictures_in_parts,
    texts_in_csv,
    texts_in_json_lines,
    texts_in_a_json_list,
    pictures_in_tsv,
    features_in_parquet,
    features_in_csv,
    features_in_parts_of_an_arrow_file,
    texts_in_tables_of_parts,
    texts_in_a_frame,
    pixels_in_memory,
    texts_in_memory,
    features_in_npy,
    features_in_npz,
]
