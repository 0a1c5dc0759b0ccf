"""A site is the same bytes of the same audit, replaces none but its own, and says who said what."""

import json
import subprocess
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from PIL import Image

import errata
from audits import FIVE, cast, choice_audit, doubtful_audit, planned_audit, small_audit
from errata.audit import Audit
from errata.datasets.media import Images, Sounds, Texts
from errata.errors import ErrataWarning, FileError, InputError, NameUnknownError
from errata.site.building import Site, is_site, slugs_of
from errata.site.data import CHUNK, SEARCHED
from errata.store import records
from helpers import ERRATA
from label_sets import SOUNDS, sounds, tick
from made_site import made

WORDS = [f"text {i}: a <b>long</b> story, and its ending" for i in range(60)]
NEWEST = np.uint8(np.arange(60 * 40 * 40).reshape(60, 40, 40) % 251)


def value(site: Path, name: str) -> object:
    """Return what a data file hands over."""
    text = (site / "data" / f"{name}.js").read_text(encoding="utf-8")
    begin = f'errata.put("{name}", '
    assert text.startswith(begin)
    assert text.endswith(");\n")
    return json.loads(text[len(begin) : -3])


def every_file(site: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(site)): path.read_bytes()
        for path in sorted(site.rglob("*"))
        if path.is_file()
    }


@pytest.fixture
def audit(tmp_path):
    """Return an audit of 8 candidates with votes: corrected, confirmed, and most without any."""
    made = planned_audit(tmp_path / "pets.audit", media=Texts(WORDS))
    first, second, third, *_ = (row for row in _planned(made))
    cast(made, first, "sssss")
    cast(made, second, "ggggs")
    cast(made, third, "sssgg")
    return made


def _planned(audit: Audit) -> list[int]:
    with audit._db.read() as db:
        return records.planned_examples(db)


# ---------------------------------------------------------------- what it says


def test_a_row_stands_for_each_candidate_in_the_order_of_asking(audit, tmp_path):
    site = audit.site(tmp_path / "site")
    index, told = value(site, "index"), value(site, "audit")
    assert index["row"] == _planned(audit)
    assert (told["rows"], told["n"], told["classes"]) == (8, 60, ["cat", "dog", "fox"])
    assert index["given"] == audit.labels[index["row"]].tolist()
    verdicts = audit.verdicts()
    assert [told["verdicts"][code] for code in index["v"][0][:3]] == list(verdicts.names)
    assert index["suggested"][:3] == verdicts.suggested.tolist()


def test_verdicts_and_counts_are_those_of_the_audit_at_every_threshold(audit, tmp_path):
    site = audit.site(tmp_path / "site")
    index, told = value(site, "index"), value(site, "audit")
    assert (told["thresholds"], told["threshold"], told["votes"]) == ([3, 4, 5], 3, 5)
    for threshold, codes, counts in zip(
        told["thresholds"], index["v"], told["counts"], strict=True
    ):
        found = audit.verdicts(threshold=threshold)
        names = dict(zip(found.examples.tolist(), found.names, strict=True))
        said = [told["verdicts"][code] for code in codes]
        assert said == [names.get(example, "open") for example in index["row"]]
        assert dict(zip(told["verdicts"], counts, strict=True)) == {
            **found.counts,
            "open": found.open + found.unreviewed,
        }
    rows = value(site, "rows-0000")
    assert rows[0]["corrected"] == [index["suggested"][0]] * 3
    assert rows[2]["corrected"] == [index["suggested"][2], None, None]
    assert "corrected" not in rows[1]


def test_votes_are_told_and_how_far_reviewers_differ(audit, tmp_path):
    index = value(audit.site(tmp_path / "site"), "index")
    kinds, of = index["votes"]["kinds"], index["votes"]["of"]
    assert [kinds[kind] for kind in of[:4]] == [
        [0, 5, 0, 0, 0],
        [4, 1, 0, 0, 0],
        [2, 3, 0, 0, 0],
        [0, 0, 0, 0, 0],
    ]
    assert index["disagreement"][:4] == [0, 0.4, 0.6, -1], "the share of pairs that differ"


def test_the_history_is_the_story_without_names_times_and_folders(audit, tmp_path):
    audit.release(tmp_path / "a folder" / "release")
    site = audit.site(tmp_path / "site")
    example = _planned(audit)[0]
    told = value(site, "more-0000")[0]
    about = [line[0] for line in told["history"]]
    assert about == [row["about"] for row in audit.why(example).rows()]
    words = " ".join(line[1] for line in told["history"])
    pseudonym = audit.why(example, names=False).votes[0]["reviewer"]
    assert f"{pseudonym}: suggested" in words
    everything = b" ".join(every_file(site).values()).decode()
    assert "r0: " not in everything
    assert "a folder" not in everything
    assert str(tmp_path) not in everything
    assert "T00:" not in words
    assert f"{example} (number {example} of 0 to 59)" in words


def test_many_stories_are_what_why_tells_of_each(audit):
    with audit._db.read() as db:
        stories = audit._stories(db, audit._reached(db))
        found = stories.of(db, list(range(60)), **audit._of_example(db))
    assert [story.to_dict() for story in found] == [audit.why(i).to_dict() for i in range(60)]


def test_the_json_of_an_example_says_the_same_under_names(audit, tmp_path):
    site = audit.site(tmp_path / "site")
    for row, example in enumerate(value(site, "index")["row"]):
        told = json.loads((site / "examples" / f"{example}.json").read_text())
        assert (told["index"], told["id"], told["rank"]) == (example, str(example), row + 1)
        assert told["given"] == audit.classes[audit.labels[example]]
    first = json.loads((site / "examples" / f"{_planned(audit)[0]}.json").read_text())
    assert first["verdicts"] == {"3": "correctable", "4": "correctable", "5": "correctable"}
    assert first["votes"]["suggested"] == 5
    assert first["corrected"]["5"] == first["suggested"]


def test_the_pairs_and_classes_of_confusion_are_counted_by_hand(audit, tmp_path):
    site = audit.site(tmp_path / "site")
    index, confusion = value(site, "index"), value(site, "confusion")
    pairs = list(zip(index["given"], index["suggested"], strict=True))
    assert {(g, s): n for g, s, n, _ in confusion["pairs"]} == {p: pairs.count(p) for p in pairs}
    corrected = [sum(by[3][at] for by in confusion["pairs"]) for at in range(3)]
    assert corrected == [2, 1, 1]
    for label, n, checked, wrong, low, high in confusion["classes"]:
        assert n == int((audit.labels == label).sum())
        assert 0 <= low[0] <= wrong[0] / checked <= high[0] <= 1
    assert sum(row[2] for row in confusion["classes"]) == 3
    assert sum(row[3][0] for row in confusion["classes"]) == 2


def test_an_audit_without_plan_shows_what_find_flagged_and_asks_nobody(tmp_path):
    audit = small_audit(tmp_path / "a")
    audit.find()
    site = audit.site(tmp_path / "site")
    told, index = value(site, "audit"), value(site, "index")
    assert (told["planned"], told["rows"], told["has"]["benchmark"]) == (False, 8, False)
    assert set(index["v"][0]) == {-1}
    assert told["table1"]["words"] == "Nobody has checked a label yet."


def test_of_an_audit_whose_every_example_is_a_candidate_nothing_is_told_of_a_larger_set(tmp_path):
    """Such as the published checks of QuickDraw: those examples alone."""
    audit = Audit.create(tmp_path / "a", labels=[0, 1, 0], classes=["cat", "dog"])
    audit.add_candidates([{"index": i, "suggested": 1 - i % 2} for i in range(3)], flagger="ann")
    audit.plan()
    assert value(audit.site(tmp_path / "site"), "audit")["table1"]["words"] == (
        "Nobody has checked a label yet. Every example in this audit is a candidate. If they were "
        "picked out of a larger test set, this says nothing of the rest of it."
    )
    for example in range(3):
        cast(audit, example, "sssss" if example else "ggggg")
    figures = value(audit.site(tmp_path / "site"), "audit")["table1"]
    assert figures["percent"] == pytest.approx(200 / 3)
    assert figures["every"].startswith("Every example in this audit is a candidate.")
    assert figures["words"] == (
        "Of 3 labels, 3 were checked, and 2 of these were not confirmed at 3 votes. "
        + figures["every"]
    )


def test_of_an_audit_with_other_examples_that_is_not_said(audit, tmp_path):
    figures = value(audit.site(tmp_path / "site"), "audit")["table1"]
    assert figures["every"] == ""
    assert figures["words"].endswith("Nobody checked the other 57.")


def test_the_release_that_is_named_is_one_by_the_threshold_shown(audit, tmp_path):
    def named():
        site = audit.site(tmp_path / "site")
        example = json.loads((site / "examples" / f"{_planned(audit)[0]}.json").read_text())
        told = value(site, "audit")["release"]
        assert example["release"] == (told and told["version"])
        return told

    assert named() is None
    audit.release(tmp_path / "strict", threshold=5, version="2.0.0")
    assert named() == {"version": "2.0.0", "by": "5 votes"}
    audit.release(tmp_path / "usual", version="3.0.0")
    audit.release(tmp_path / "modelled", consensus="one_coin", version="4.0.0")
    assert named() == {"version": "3.0.0", "by": "3 votes"}


def test_a_release_by_a_model_is_named_with_it(audit, tmp_path):
    audit.release(tmp_path / "modelled", consensus="one_coin", version="4.0.0")
    told = value(audit.site(tmp_path / "site"), "audit")["release"]
    assert told == {"version": "4.0.0", "by": "the model one_coin"}


def test_what_the_tests_of_the_pages_make_up_has_what_a_real_site_has(audit, tmp_path):
    site = audit.site(tmp_path / "site")
    for kind, real in (("audit", value(site, "audit")), ("index", value(site, "index"))):
        it = made("texts")
        made_up = it.audit() if kind == "audit" else dict(it.files())["index"]
        assert set(made_up) == set(real)
    assert set(made().audit()["table1"]) == set(value(site, "audit")["table1"])


def test_an_audit_of_which_nothing_is_known_has_pages_without_rows(tmp_path):
    site = small_audit(tmp_path / "a").site(tmp_path / "site")
    assert value(site, "audit")["rows"] == 0
    assert value(site, "index")["row"] == []


def test_what_chance_drew_comes_last_and_gives_the_error_rate(tmp_path):
    wrong = np.arange(400) % 10 == 0
    audit = doubtful_audit(tmp_path / "a", wrong, goal="rate", budget=60)
    for example in _planned(audit):
        cast(audit, example, "s" if wrong[example] else "g")
    told = value(audit.site(tmp_path / "site"), "audit")
    rate = audit.error_rate()
    assert told["rate"]["estimate"] == rate.estimate
    assert told["table1"]["percent"] == 100 * rate.estimate
    assert told["table1"]["flagged"] == 0


def test_where_labels_are_several_each_label_has_its_votes(tmp_path):
    audit = sounds(tmp_path / "a")
    example = _planned(audit)[0]
    tick(audit, example, "ds", "ds", "s")
    site = audit.site(tmp_path / "site")
    told, index = value(site, "audit"), value(site, "index")
    assert told["multilabel"]
    assert index["votes"]["kinds"][index["votes"]["of"][0]] == [["speech", 3], ["dog", 2]]
    assert index["disagreement"][0] == 0.667, "two of three ticked dog"
    assert audit.labels[example].nonzero()[0].tolist() == [0, 1], "dog and speech are given"
    assert value(site, "rows-0000")[0]["corrected"] == [None, [SOUNDS.index("speech")]]
    confusion = value(site, "confusion")
    assert confusion["pairs"] == []
    wrong = {SOUNDS[row[0]]: row[2:4] for row in confusion["classes"]}
    assert wrong == {"dog": [1, [0, 1]], "speech": [1, [0, 0]]}, "each label is confirmed alone"


def test_where_one_of_several_is_chosen_the_corrected_label_is_the_chosen_one(tmp_path):
    audit = choice_audit(tmp_path / "a", votes=3, threshold=2)
    example = _planned(audit)[0]
    owl = FIVE.index("owl")
    rows = [{"index": example, "reviewer": f"r{i}", "labels": ["owl"]} for i in range(3)]
    audit.add_votes(rows)
    site = audit.site(tmp_path / "site")
    index, told = value(site, "index"), value(site, "audit")
    assert told["choice"]
    assert index["votes"]["kinds"][index["votes"]["of"][0]] == [["owl", 3]]
    if audit.labels[example] != owl:
        assert value(site, "rows-0000")[0]["corrected"] == [owl, owl]


def test_the_benchmark_is_what_compare_counts(audit, tmp_path):
    rng = np.random.default_rng(2)
    predictions = {f"model {i}": rng.integers(0, 3, 60) for i in range(3)}
    compared = audit.compare(predictions)
    benchmark = value(audit.site(tmp_path / "site"), "benchmark")
    cells = {(c["threshold"], c["policy"], c["set"]): c for c in benchmark["cells"]}
    assert len(cells) == 3 * 3 * 3
    for place, model in enumerate(compared.models):
        pruned = cells[3, "drop_ambiguous", "all"]
        assert pruned["before"][place] == model.original[1]["D"].hits
        assert pruned["after"][place] == model.corrected[1]["P"].hits
        assert pruned["n"] == [60, compared.sizes["P"]]
        only = cells[3, "keep_given", "corrected"]
        assert only["after"][place] == model.corrected[1]["C"].hits
        curve = benchmark["curves"][0]
        assert curve["on_benign"][place] == model.original[1]["B"].hits
        assert curve["corrected"][place] == model.corrected[1]["C"].hits
    assert value(tmp_path / "site", "more-0000")[0]["models"] == [
        [name, int(answers[_planned(audit)[0]])] for name, answers in predictions.items()
    ]


def test_an_answer_is_right_by_the_labels_that_the_release_has(tmp_path):
    audit = planned_audit(tmp_path / "a")
    for example, letters in zip(
        _planned(audit), ("sssss", "ggggg", "bbbbb", "nnnnn"), strict=False
    ):
        cast(audit, example, letters)
    answers = {f"model {i}": np.random.default_rng(i).integers(0, 3, 60) for i in range(4)}
    answers["as given"] = audit.labels.copy()
    audit.compare(answers)
    cells = value(audit.site(tmp_path / "site"), "benchmark")["cells"]
    folder = audit.release(tmp_path / "release").path
    table = pq.read_table(folder / "labels" / "threshold-3.parquet")
    for policy in ("drop_ambiguous", "keep_given", "multi_label"):
        labels = table[policy].to_pylist()
        right = [one if isinstance(one, list) else [one] for one in labels]
        scored = [one for one, label in enumerate(labels) if label not in (None, [])]
        (cell,) = (
            c for c in cells if (c["threshold"], c["policy"], c["set"]) == (3, policy, "all")
        )
        assert cell["n"] == [60, len(scored)]
        assert cell["after"] == [
            sum(answer[one] in right[one] for one in scored) for answer in answers.values()
        ]


def test_by_the_policy_of_several_labels_either_of_two_is_right(tmp_path):
    audit = planned_audit(tmp_path / "a")
    example = _planned(audit)[0]
    cast(audit, example, "bbbbb")
    given = int(audit.labels[example])
    suggested = audit.verdicts().suggested[0]
    answers = {name: audit.labels.copy() for name in ("given", "other", "neither")}
    answers["other"][example] = suggested
    answers["neither"][example] = 3 - given - suggested
    audit.compare(answers)
    cells = value(audit.site(tmp_path / "site"), "benchmark")["cells"]
    checked = {c["policy"]: c for c in cells if (c["threshold"], c["set"]) == (3, "checked")}
    assert checked["multi_label"]["after"] == [1, 1, 0]
    assert checked["multi_label"]["n"] == [1, 1]
    assert checked["drop_ambiguous"]["n"] == [1, 0], "nobody knows the one right label"
    assert checked["keep_given"]["after"] == [1, 0, 0]


# ---------------------------------------------------------------- what is shown


def test_texts_are_cut_on_cards_and_whole_on_their_pages(audit, tmp_path):
    long = "word " * 400
    audit = planned_audit(tmp_path / "b", media=Texts([f"{i} {long}" for i in range(60)]))
    site = audit.site(tmp_path / "site")
    row, more = value(site, "rows-0000")[0], value(site, "more-0000")[0]
    assert len(row["text"]) <= 302
    assert row["text"].endswith("word …")
    assert more["text"] == f"{_planned(audit)[0]} {long}"
    assert value(site, "search-0000")[0].startswith(f"{_planned(audit)[0]} ")


def test_tiny_pictures_keep_every_pixel(tmp_path):
    audit = planned_audit(tmp_path / "a", media=Images(NEWEST))
    site = audit.site(tmp_path / "site")
    for example, row in zip(_planned(audit), value(site, "rows-0000"), strict=True):
        with Image.open(site / row["src"]) as picture:
            assert (
                (picture.format, picture.size)
                == ("PNG", (row["w"], row["h"]))
                == (
                    "PNG",
                    (40, 40),
                )
            )
            np.testing.assert_array_equal(np.asarray(picture), NEWEST[example])


def test_large_pictures_are_made_small_and_lose_what_their_files_tell_besides(tmp_path):
    folder = tmp_path / "pictures"
    folder.mkdir()
    exif = Image.Exif()
    exif[0x0112], exif[0x010F] = 6, "a camera"  # turned by a quarter
    for i in range(60):
        picture = Image.new("RGB", (1600, 800), (i, 100, 50))
        picture.save(folder / f"{i}.jpg", exif=exif)
    files = [folder / f"{i}.jpg" for i in range(60)]
    audit = planned_audit(tmp_path / "a", media=Images(files=files))
    site = audit.site(tmp_path / "site")
    row = value(site, "rows-0000")[0]
    assert (row["w"], row["h"]) == (160, 320), "upright"
    with Image.open(site / row["full"]) as picture:
        assert (picture.format, picture.size) == ("WEBP", (600, 1200))
    assert b"a camera" not in b"".join(every_file(site).values())


@pytest.mark.parametrize("name", ["deep.png", "deep.tiff", "real.tiff"])
def test_pictures_of_more_than_8_bits_are_not_all_white(tmp_path, name):
    ramp = np.linspace(0, 40_000, 200 * 200).reshape(200, 200)
    values = ramp.astype(np.float32) if "real" in name else ramp.astype(np.uint16)
    Image.fromarray(values).save(tmp_path / name)
    audit = planned_audit(tmp_path / "a", media=Images(files=[tmp_path / name] * 60))
    site = audit.site(tmp_path / "site")
    with Image.open(site / value(site, "rows-0000")[0]["src"]) as picture:
        shown = np.asarray(picture.convert("L")).astype(int)
    assert np.abs(shown - np.linspace(0, 255, 200)[:, np.newaxis]).max() < 12, "but for WebP"


def test_small_pictures_are_made_once(tmp_path, monkeypatch):
    audit = planned_audit(tmp_path / "a", media=Images(NEWEST))
    first = every_file(audit.site(tmp_path / "site"))
    kept = every_file(tmp_path / "a" / "thumbnails")
    assert len(kept) == len({name for name in first if name.startswith("media/")})
    monkeypatch.setattr("errata.site.pictures._draw", lambda shown: pytest.fail("made again"))
    assert every_file(Audit.open(tmp_path / "a").site(tmp_path / "site")) == first


def test_a_kept_picture_that_a_stopped_machine_left_empty_is_made_again(tmp_path):
    audit = planned_audit(tmp_path / "a", media=Images(NEWEST))
    first = every_file(audit.site(tmp_path / "site"))
    for file in (tmp_path / "a" / "thumbnails").iterdir():
        file.write_bytes(b"")
    assert every_file(audit.site(tmp_path / "site")) == first


def test_where_nothing_can_be_kept_the_site_is_the_same(tmp_path):
    audit = planned_audit(tmp_path / "a", media=Images(NEWEST))
    (tmp_path / "a" / "thumbnails").write_text("in the way")
    without = every_file(audit.site(tmp_path / "site"))
    (tmp_path / "a" / "thumbnails").unlink()
    assert every_file(audit.site(tmp_path / "site")) == without


def test_a_picture_that_cannot_be_read_is_missed_and_told(tmp_path):
    folder = tmp_path / "pictures"
    folder.mkdir()
    for i in range(60):
        Image.new("L", (8, 8), i).save(folder / f"{i}.png")
    audit = planned_audit(
        tmp_path / "a", media=Images(files=[folder / f"{i}.png" for i in range(60)])
    )
    gone = _planned(audit)[1]
    (folder / f"{gone}.png").write_bytes(b"no picture")
    with pytest.warns(ErrataWarning, match=r"1 example could not be read.*no picture"):
        site = audit.site(tmp_path / "site")
    rows = value(site, "rows-0000")
    assert rows[1] == {"id": str(gone), "missing": True}
    assert "src" in rows[0]


def test_without_media_nothing_of_the_examples_is_in_the_site(audit, tmp_path):
    site = audit.site(tmp_path / "site", media=False)
    told = value(site, "audit")
    assert (told["kind"], told["has"]["media"]) == (None, False)
    assert b"a <b>long" not in b"".join(
        content for name, content in every_file(site).items() if not name.startswith("assets")
    )
    assert not (site / "data" / "exemplars.js").exists()


def test_exemplars_show_each_class_that_occurs_and_nothing_doubted(audit, tmp_path):
    site = audit.site(tmp_path / "site")
    found = value(site, "exemplars")
    index = value(site, "index")
    assert set(found) == {str(label) for label in {*index["given"], *index["suggested"]}}
    for label, shown in found.items():
        assert [int(one["id"]) for one in shown] == audit.exemplars(int(label), count=6)
        assert not {int(one["id"]) for one in shown} & set(index["row"])


def test_sounds_are_copied_with_their_length_and_large_ones_are_not(tmp_path, monkeypatch):
    import wave

    for i in range(60):
        with wave.open(str(tmp_path / f"{i}.wav"), "wb") as file:
            file.setparams((1, 2, 8000, 0, "NONE", ""))
            file.writeframes(np.full(4000 + i, i, "<i2").tobytes())
    files = [tmp_path / f"{i}.wav" for i in range(60)]
    audit = planned_audit(tmp_path / "a", media=Sounds(files))
    site = audit.site(tmp_path / "site")
    row = value(site, "rows-0000")[0]
    assert row["seconds"] == 0.5
    assert (site / row["src"]).read_bytes() == files[_planned(audit)[0]].read_bytes()
    monkeypatch.setattr("errata.site.pictures.MOST_SOUND", 1000)
    assert "src" not in value(audit.site(tmp_path / "site"), "rows-0000")[0]


def test_originals_are_linked_to_by_id(audit, tmp_path):
    pattern = "https://example.org/{given}/{id}.png"
    site = audit.site(tmp_path / "site", media=False, originals=pattern)
    example = _planned(audit)[0]
    link = f"https://example.org/{audit.classes[audit.labels[example]]}/{example}.png"
    assert value(site, "rows-0000")[0]["link"] == link
    assert json.loads((site / f"examples/{example}.json").read_text())["original"] == link


def test_originals_are_linked_to_by_the_path_of_their_file_or_a_number_filled_up(tmp_path):
    folder = tmp_path / "pictures"
    for i in range(60):
        (folder / f"part {i % 2}").mkdir(parents=True, exist_ok=True)
        Image.new("L", (4, 4), i).save(folder / f"part {i % 2}" / f"{i}.png")
    files = [folder / f"part {i % 2}" / f"{i}.png" for i in range(60)]
    audit = planned_audit(tmp_path / "a", media=Images(files=files))
    pattern = "https://example.org/{path}#{index:04d}"
    site = audit.site(tmp_path / "site", media=False, originals=pattern)
    links = [row["link"] for row in value(site, "rows-0000")]
    wanted = [f"https://example.org/part%20{i % 2}/{i}.png#{i:04d}" for i in _planned(audit)]
    assert links == wanted


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ({"originals": "https://example.org/"}, "names no example"),
        ({"originals": "https://example.org/{name}"}, r"names \{name\}\. .* \{id\}, \{given\}"),
        ({"originals": "https://example.org/{path}"}, "this audit have no files"),
        ({"originals": "https://example.org/{id:05d}"}, r"filled in: .*the number \{index\}"),
        ({"originals": "https://example.org/{id.__class__}"}, r"names \{id.__class__\}"),
        ({"originals": "https://example.org/{id:{name}}"}, "cannot be filled in"),
        ({"originals": "https://example.org/{index:{0}}"}, "cannot be filled in"),
        ({"originals": "https://example.org/{id:{id.x}}"}, "cannot be filled in"),
        ({"originals": "https://example.org/{index:c}"}, "cannot be filled in"),
        ({"originals": "https://example.org/{index:09999d}"}, "cannot be filled in"),
        ({"originals": "https://example.org/{id!r}"}, "cannot be filled in"),
        ({"originals": "https://example.org/{id"}, "cannot be read"),
        ({"originals": "javascript:alert({id})"}, "no address of the web"),
        ({"originals": "{id}"}, "makes '0', which is no address|which is no address of the web"),
        ({"report_to": "javascript:alert(1)"}, "Mistakes cannot be reported to 'javascript:alert"),
        ({"report_to": "ann"}, r"A mail address \(labels@example.org\)"),
        ({"limit": 0}, "The limit is 0"),
    ],
)
def test_what_makes_no_link_is_refused_and_nothing_is_written(audit, tmp_path, option, message):
    with pytest.raises(InputError, match=message):
        audit.site(tmp_path / "site", **option)
    assert not (tmp_path / "site").exists()


def test_reports_go_where_the_maintainer_says(audit, tmp_path):
    told = value(audit.site(tmp_path / "site", report_to="ann@example.org"), "audit")
    assert told["report"] == {"to": "mailto:ann@example.org?subject={title}&body={body}"}


# ---------------------------------------------------------------- files


def test_the_same_audit_gives_the_same_bytes(audit, tmp_path):
    first = every_file(audit.site(tmp_path / "one"))
    assert every_file(Audit.open(audit.path).site(tmp_path / "two")) == first


def test_every_path_of_a_site_can_be_read_and_no_other(audit):
    site = Site([audit.site_context()])
    paths = list(site.paths())
    assert len(paths) == len(set(paths))
    assert all(site.read(path) for path in paths)
    for path in ("../secret", "data/rows-0001.js", "data/x.js", "examples/59.json", "media/a.png"):
        with pytest.raises(NameUnknownError):
            site.read(path)


@pytest.mark.parametrize("there", ["secret.json", "0123456789abcdef0123.webp"])
def test_no_file_is_read_but_those_of_the_site(tmp_path, there):
    """What a request names is no path: neither up from the thumbnails nor from the root."""
    audit = planned_audit(tmp_path / "pets.audit", media=Images(NEWEST))
    site = Site([audit.site_context()])
    list(site.paths())
    for place in (audit.path / there, tmp_path / there):
        place.write_text("{}")
        for path in (f"media/../{there}", f"media/../../{there}", f"media/{place}"):
            with pytest.raises(NameUnknownError, match="There is no file"):
                site.read(path)


def test_what_people_wrote_in_their_own_words_stays_in_the_audit(audit, tmp_path):
    example = _planned(audit)[0]
    source = tmp_path / "jane-doe.csv"
    source.write_text(f"id,label,reason\n{audit.ids[example]},cat,I am Jane\n")
    audit.add_reports(source)
    audit.adjudicate(example, "neither", reason="Ann told me by phone", by="Max")
    site = audit.site(tmp_path / "site")
    told = dict(value(site, "more-0000")[0]["history"])
    assert told["reported"] == "cat"
    for content in every_file(site).values():
        assert not any(word in content for word in (b"Jane", b"jane-doe", b"by phone", b"Max"))


def test_rows_are_cut_into_chunks_and_the_rest_is_told(tmp_path, monkeypatch):
    n = 2 * CHUNK + 3
    audit = Audit.create(tmp_path / "a", labels=[0] * n, classes=["cat", "dog"])
    rows = [{"index": i, "suggested": 1} for i in range(n)]
    audit.add_candidates(rows, flagger="ann")
    audit.plan()
    site = audit.site(tmp_path / "site")
    assert [len(value(site, f"rows-000{part}")) for part in range(3)] == [CHUNK, CHUNK, 3]
    assert [len(value(site, f"more-000{part}")) for part in range(3)] == [CHUNK, CHUNK, 3]
    assert n < SEARCHED
    assert len(value(site, "search-0000")) == n
    few = value(audit.site(tmp_path / "few", limit=5), "audit")
    assert (few["rows"], few["candidates"]) == (5, n)
    assert few["notices"] == [f"Shown are the 5 most suspicious of {n} candidates."]


def test_several_audits_have_a_list_and_a_folder_each(audit, tmp_path):
    other = small_audit(tmp_path / "other.audit", name=audit.name)
    other.find()
    site = errata.build_site([audit, other], tmp_path / "site")
    entries = value(site, "audits")
    assert [entry["href"] for entry in entries] == ["pets/index.html", "pets-2/index.html"]
    assert all((site / entry["href"]).is_file() for entry in entries)
    assert value(site / "pets", "audit")["others"] == [{"name": "pets", "href": "../pets-2/"}]
    assert "../assets/site.css" in (site / "pets" / "gallery.html").read_text()
    assert not (site / "pets" / "assets").exists()
    assert entries[0]["sample"][0]["given"] in audit.classes


def test_the_list_shows_the_labels_that_reviewers_agreed_on(tmp_path):
    """Where examples may have several, that need not be what was suggested."""
    audit = sounds(tmp_path / "a")
    tick(audit, _planned(audit)[0], "s", "s", "s")
    site = errata.build_site([audit, sounds(tmp_path / "b")], tmp_path / "site")
    shown = [(one["given"], one["suggested"]) for one in value(site, "audits")[0]["sample"]]
    assert [right for _, right in shown] == ["speech"]


def test_names_make_different_folders():
    assert slugs_of(["assets", "data", "Data", "../x", "a" * 99])[:4] == [
        "assets-2",
        "data-2",
        "data-3",
        "x",
    ]


def test_an_earlier_site_is_replaced_whole(audit, tmp_path):
    site = audit.site(tmp_path / "site")
    (site / "data" / "rows-0099.js").write_text("old")
    audit.site(tmp_path / "site")
    assert not (site / "data" / "rows-0099.js").exists()
    assert is_site(site)
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_a_build_that_fails_leaves_the_earlier_site(audit, tmp_path, monkeypatch):
    before = every_file(audit.site(tmp_path / "site"))
    monkeypatch.setattr("errata.site.data.Data._confusion", lambda _: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        audit.site(tmp_path / "site")
    assert every_file(tmp_path / "site") == before
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


@pytest.mark.parametrize("name", [".git", "CNAME"])
def test_a_site_in_which_others_have_put_something_is_left_alone(audit, tmp_path, name):
    site = audit.site(tmp_path / "site")
    (site / name).write_text("mine")
    before = every_file(site)
    with pytest.raises(FileError, match=f"{name} in it is not of the site. Move that elsewhere"):
        audit.site(site)
    assert every_file(site) == before


@pytest.mark.parametrize("there", ["file", "folder", "audit", "inside", "under a file"])
def test_nothing_but_a_site_is_replaced(audit, tmp_path, there):
    out = tmp_path / "out"
    if there == "file":
        out.write_text("mine")
    elif there == "folder":
        out.mkdir()
        (out / "index.html").write_text("mine")
    elif there == "under a file":
        (tmp_path / "file").write_text("mine")
        out = tmp_path / "file" / "site"
    else:
        out = audit.path if there == "audit" else audit.path / "site"
    before = every_file(tmp_path)
    with pytest.raises(FileError, match="something else is there|is an audit|is a file"):
        audit.site(out)
    assert every_file(tmp_path) == before


def test_an_empty_folder_is_filled(audit, tmp_path):
    (tmp_path / "site").mkdir()
    assert is_site(audit.site(tmp_path / "site"))


def test_a_site_of_no_audit_is_refused(tmp_path):
    with pytest.raises(InputError, match="There is no audit to build a site of"):
        errata.build_site([], tmp_path / "site")


# ---------------------------------------------------------------- the command


def run(*words: object) -> "subprocess.CompletedProcess[str]":
    return subprocess.run([ERRATA, *map(str, words)], capture_output=True, text=True, check=False)


def test_the_command_builds_a_site_and_says_where(audit, tmp_path):
    done = run("site", audit.path, tmp_path / "site", "--no-media", "--format", "json")
    assert done.returncode == 0, done.stderr
    facts = json.loads(done.stdout)
    assert facts["site"] == str(tmp_path / "site" / "index.html")
    assert facts["files"] == len(every_file(tmp_path / "site"))
    assert value(tmp_path / "site", "audit")["kind"] is None


def test_bad_input_of_the_command_gets_a_sentence(audit, tmp_path):
    for words, message in (
        (["site", audit.path], "One folder was named"),
        (["site", tmp_path / "none", tmp_path / "site"], "does not exist"),
        (["site", audit.path, tmp_path / "site", "--originals", "x"], "names no example"),
    ):
        done = run(*words)
        assert (done.returncode, done.stdout) == (2, "")
        assert message in done.stderr
        assert "Traceback" not in done.stderr
