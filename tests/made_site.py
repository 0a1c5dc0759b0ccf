"""A site made up: data files as `errata site` writes them, of any size, for the pages' tests.

The pages know nothing but these files, so a hundred thousand examples need no audit.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jinja2
import numpy as np

import errata

SITE = Path(errata.__file__).parent / "site"
PAGES = {
    "index": "home",
    **{name: name for name in ("gallery", "example", "confusion", "benchmark")},
}
VERDICTS = ["non_error", "correctable", "multi_label", "neither", "non_agreement", "open"]
ANSWERS = ["given", "suggested", "both", "neither", "other"]
CHUNK, SEARCH_CHUNK = 200, 5000
HOSTILE = "<img src=x onerror=\"document.title='run'\"> & <b>bold</b> ΩЖ中"
"""A text that would do something if a page took it for HTML."""
WORDS = (
    "a film of great length in which nobody says what the plot would need them to say".split()  # noqa: SIM905
)


def make_site(
    out: Path,
    rows: int = 450,
    *,
    classes: int = 10,
    kind: str | None = "images",
    **changed: Any,
) -> Path:
    """Write a site of made-up examples into a new folder, which it returns.

    ``changed`` replaces entries of ``data/audit.js``.
    """
    it = made(kind, rows, classes=classes)
    audit = it.audit() | changed
    write_pages(out, audit["name"])
    data = out / "data"
    data.mkdir(parents=True)
    for name, value in [("audit", audit), *it.files()]:
        (data / f"{name}.js").write_text(put(name, value), encoding="utf-8")
    (out / "examples").mkdir()
    for number in it.row[:3]:
        (out / "examples" / f"{number}.json").write_text(json.dumps({"index": int(number)}))
    if kind == "images":
        it.draw_pictures(out / "media")
    elif kind == "sounds":
        (out / "media").mkdir()
        (out / "media" / "tone.wav").write_bytes(b"")
    return out


def made(kind: str | None = "images", rows: int = 450, *, classes: int = 10) -> "Made":
    """Return what `make_site` writes of such a set."""
    return Made(rows, classes, kind, np.random.default_rng(0))


def make_list(out: Path) -> Path:
    """Write a site of two audits into a new folder, which it returns."""
    sets = {"birds": "images", "posts": "texts"}
    entries = []
    for slug, kind in sets.items():
        others = [{"name": other, "href": f"../{other}/"} for other in sets if other != slug]
        make_site(out / slug, kind=kind, name=slug, others=others)
        (out / slug / "assets").rename(out / "assets") if not (out / "assets").exists() else None
        write_pages(out / slug, slug, root="../")
        it = made(kind)
        audit = it.audit() | {"name": slug, "href": f"{slug}/index.html"}
        audit["sample"] = [
            it.details(place)
            | {"given": it.name(it.given[place]), "suggested": it.name(it.suggested[place])}
            for place in range(4)
        ]
        for one in audit["sample"]:
            if "src" in one:
                one["src"] = f"{slug}/{one['src']}"
        entries.append(audit)
    (out / "data").mkdir()
    (out / "data" / "audits.js").write_text(put("audits", entries), encoding="utf-8")
    page = environment().get_template("audits.html").render(root="")
    (out / "index.html").write_text(page, encoding="utf-8")
    return out


def environment() -> jinja2.Environment:
    loader = jinja2.FileSystemLoader(SITE / "templates")
    return jinja2.Environment(loader=loader, autoescape=True, undefined=jinja2.StrictUndefined)


def write_pages(out: Path, name: str, root: str = "") -> None:
    out.mkdir(parents=True, exist_ok=True)
    for page, template in PAGES.items():
        text = environment().get_template(f"{template}.html").render(root=root, name=name)
        (out / f"{page}.html").write_text(text, encoding="utf-8")
    if not root:
        (out / "assets").mkdir()
        for file in (SITE / "static").iterdir():
            (out / "assets" / file.name).write_bytes(file.read_bytes())


def put(name: str, value: Any) -> str:
    words = json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    return f'errata.put("{name}", {words});\n'


class Made:
    """Made-up candidates: columns as the pages read them."""

    def __init__(self, rows: int, classes: int, kind: str | None, rng: np.random.Generator) -> None:
        self.rows, self.kind = rows, kind
        self.classes = [f"class {number}" for number in range(classes)]
        self.row = np.sort(rng.choice(4 * rows, rows, replace=False))
        rng.shuffle(self.row)
        # a few pairs of classes make up most of the confusion
        self.given = np.minimum(rng.geometric(2 / classes, rows) - 1, classes - 1)
        self.suggested = (self.given + np.minimum(rng.geometric(0.5, rows), classes - 1)) % classes
        self.votes = rng.multinomial(5, [0.3, 0.45, 0.1, 0.1, 0.05], rows)
        self.votes[-rows // 20 :] = 0  # nobody was asked yet
        self.verdicts = [self._verdicts(needed) for needed in (3, 4, 5)]
        self.models = [f"model_{letter}" for letter in "abcdefgh"]
        self.hits = rng.integers(5, 40, (3, 8))

    def _verdicts(self, needed: int) -> np.ndarray:
        verdict = np.full(self.rows, VERDICTS.index("non_agreement"))
        for answer in (3, 2, 1, 0):
            verdict[self.votes[:, answer] >= needed] = answer
        verdict[self.votes.sum(axis=1) == 0] = VERDICTS.index("open")
        return verdict

    def name(self, label: int) -> str:
        return self.classes[label]

    def audit(self) -> dict[str, Any]:
        counts = [np.bincount(one, minlength=6).tolist() for one in self.verdicts]
        wrong = sum(counts[0][1:5])
        return {
            "name": "made-up set",
            "slug": "made-up-set",
            "n": 4 * self.rows,
            "kind": self.kind,
            "multilabel": False,
            "choice": False,
            "classes": self.classes,
            "thresholds": [3, 4, 5],
            "threshold": 3,
            "votes": 5,
            "verdicts": VERDICTS,
            "answers": ANSWERS,
            "planned": True,
            "candidates": self.rows,
            "rows": self.rows,
            "chunk": CHUNK,
            "search": {"chunk": SEARCH_CHUNK, "parts": -(-self.rows // SEARCH_CHUNK)},
            "score": {"name": "normalized_margin", "words": "the lowest normalized margin first"},
            "table1": {
                "size": 4 * self.rows,
                "kind": "images",
                "model": "a made-up model",
                "flagged": self.rows,
                "checked": self.rows,
                "wrong": wrong,
                "estimated": None,
                "percent": 100 * wrong / (4 * self.rows),
                "every": "",
                "words": "Of the labels that were checked, so many were not confirmed.",
            },
            "counts": counts,
            "rate": None,
            "notices": [],
            "striking": np.flatnonzero(self.verdicts[0] == 1)[:4].tolist(),
            "release": {"version": "1.0.0", "by": "3 votes"},
            "report": {"to": "mailto:labels@example.org?subject={title}&body={body}"},
            "others": [],
            "made": {"errata": errata.__version__},
            "has": {"benchmark": True, "media": self.kind is not None},
        }

    def files(self) -> Iterator[tuple[str, Any]]:
        kinds, of = np.unique(self.votes, axis=0, return_inverse=True)
        most = self.votes.max(axis=1)
        yield (
            "index",
            {
                "row": self.row.tolist(),
                "given": self.given.tolist(),
                "suggested": self.suggested.tolist(),
                "v": [one.tolist() for one in self.verdicts],
                "votes": {"kinds": kinds.tolist(), "of": of.reshape(-1).tolist()},
                "score": "rank",
                "disagreement": np.round(1 - most / 5, 3).tolist(),
            },
        )
        for part, start in enumerate(range(0, self.rows, CHUNK)):
            places = range(start, min(start + CHUNK, self.rows))
            yield f"rows-{part:04d}", [self.details(place) for place in places]
            yield f"more-{part:04d}", [self.more(place) for place in places]
        for part, start in enumerate(range(0, self.rows, SEARCH_CHUNK)):
            places = range(start, min(start + SEARCH_CHUNK, self.rows))
            yield f"search-{part:04d}", [f"id-{self.row[p]} {self.text(p)}".lower() for p in places]
        yield "confusion", self.confusion()
        yield "benchmark", self.benchmark()
        yield (
            "exemplars",
            {
                str(label): [self.details(place) | {"row": int(self.row[place])} for place in held]
                for label in range(len(self.classes))
                if len(held := np.flatnonzero(self.given == label)[:6].tolist())
            },
        )

    def text(self, place: int) -> str:
        if place == 1:
            return HOSTILE
        rng = np.random.default_rng(place)
        return " ".join(rng.choice(WORDS, 60))  # as long as an excerpt is

    def details(self, place: int) -> dict[str, Any]:
        corrected = [
            int(self.suggested[place]) if one[place] == 1 else None for one in self.verdicts
        ]
        about: dict[str, Any] = {"id": f"id-{self.row[place]}", "corrected": corrected}
        if self.kind == "images":
            about |= {"src": f"media/{place % 12}.png", "w": 16, "h": 16}
        elif self.kind == "texts":
            about["text"] = self.text(place) if place == 1 else f"{self.text(place)} …"
        elif self.kind == "sounds":
            about |= {"src": "media/tone.wav", "seconds": 1.5}
        elif self.kind == "features":
            about["pairs"] = [[f"x{i}", round(place / 7 + i, 2)] for i in range(4)]
        return about

    def more(self, place: int) -> dict[str, Any]:
        found: dict[str, Any] = {
            "history": [["flagged", f"by margin: rank {place + 1}"], ["vote of r1", "suggested"]],
            "models": [
                ["model_a", int(self.suggested[place])],
                ["model_b", int(self.given[place])],
            ],
        }
        if self.kind == "texts":
            found["text"] = self.text(place) * {0: 100, 1: 1}.get(place, 8)
        return found

    def confusion(self) -> dict[str, Any]:
        pairs: dict[tuple[int, int], list[Any]] = {}
        for place, (given, suggested) in enumerate(
            zip(self.given.tolist(), self.suggested.tolist(), strict=True)
        ):
            pair = pairs.setdefault((given, suggested), [given, suggested, 0, [0, 0, 0]])
            pair[2] += 1
            for level in range(3):
                pair[3][level] += int(self.verdicts[level][place] == 1)
        classes = []
        for label in range(len(self.classes)):
            of = self.given == label
            wrong = [int((one[of] != 0).sum()) for one in self.verdicts]
            share = [w / max(1, int(of.sum())) for w in wrong]
            low, high = [0.9 * s for s in share], [min(1, 1.1 * s) for s in share]
            classes.append([label, 400, int(of.sum()), wrong, low, high])
        words = "Shares are of the checked labels of a class; intervals are Wilson's, 95 %."
        return {"pairs": list(pairs.values()), "classes": classes, "words": words}

    def benchmark(self) -> dict[str, Any]:
        cells = []
        for threshold in (3, 4, 5):
            for policy in ("drop_ambiguous", "keep_given", "multi_label"):
                for name, n in (("all", 1000), ("corrected", 50)):
                    base = self.hits[0] + (900 if name == "all" else 0)
                    after = base + (self.hits[1] if name == "all" else 0) // threshold
                    cells.append(
                        {
                            "threshold": threshold,
                            "policy": policy,
                            "set": name,
                            "n": [n, n],
                            "before": base.tolist(),
                            "after": (after if name == "all" else self.hits[2]).tolist(),
                        }
                    )
        curves = [
            {
                "threshold": threshold,
                "benign": 950,
                "correctable": 50,
                "on_benign": (900 + self.hits[0]).tolist(),
                "given": self.hits[1].tolist(),
                "corrected": (45 - self.hits[0]).clip(0).tolist(),
            }
            for threshold in (3, 4, 5)
        ]
        return {
            "models": self.models,
            "policies": ["drop_ambiguous", "keep_given", "multi_label"],
            "sets": ["all", "corrected"],
            "cells": cells,
            "curves": curves,
            "certainty": {"sentences": ["Nothing is decided."], "charts": [], "tables": []},
            "kinship": None,
        }

    def draw_pictures(self, folder: Path) -> None:
        from PIL import Image

        folder.mkdir()
        rng = np.random.default_rng(1)
        for number in range(12):
            small = rng.integers(40, 215, (4, 4, 3), dtype=np.uint8)
            Image.fromarray(small.repeat(4, 0).repeat(4, 1)).save(folder / f"{number}.png")
