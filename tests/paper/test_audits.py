"""The study's audit of each set comes back from what was published, ready for every verb."""

import json
import warnings

import numpy as np
import pytest

import errata
from errata.paper import printed
from errata.paper.audits import make_audit
from errata.paper.published import SOURCES, Pack
from helpers import REPO, run_errata

ONE_LABEL = [key for key in SOURCES if key != "audioset"]
CIFAR10 = "models/cifar10/pytorch_cifar10_top5.npz"


def link(data, pack, *, without):
    """Return a copy of the pack, made of links, without one file."""
    for path in data.rglob("*"):
        name = pack / path.relative_to(data)
        if path.is_file() and not str(path).endswith(without):
            name.parent.mkdir(parents=True, exist_ok=True)
            name.symlink_to(path)
    return pack


@pytest.fixture(scope="module")
def audits(data, tmp_path_factory):
    """Return what makes the audit of a set, once."""
    made = {}

    def of(key):
        if key not in made:
            out = tmp_path_factory.mktemp("paper") / f"{key}.audit"
            with warnings.catch_warnings():
                # IMDB's probabilities exceed 1 by 1e-5, and those of MNIST are very good
                warnings.simplefilter("ignore", errata.ErrataWarning)
                made[key] = make_audit(key, data, out)
        return made[key]

    return of


@pytest.fixture(scope="module")
def audit(audits):
    return audits("cifar10")


@pytest.mark.parametrize("key", ONE_LABEL)
def test_the_verdicts_are_those_of_table_2(audits, key):
    row = next(row for row in printed.table("table2") if row["set"] == key)
    verdicts = audits(key).verdicts()
    assert len(verdicts) == int(row["checked"])
    assert verdicts.open == 0
    for verdict, count in verdicts.counts.items():
        assert count == int(row[verdict] or 0)


@pytest.mark.parametrize("key", ONE_LABEL)
def test_candidates_and_suggestions_are_those_the_workers_saw(audits, data, key):
    verdicts, published = audits(key).verdicts(), Pack(data).votes(key)
    place = {row: at for at, row in enumerate(published.rows.tolist())}
    assert set(verdicts.examples.tolist()) == place.keys()
    order = [place[example] for example in verdicts.examples.tolist()]
    np.testing.assert_array_equal(verdicts.given, published.given[order])
    asked = published.given != published.suggested  # 13 of MNIST were suggested their own label
    differ = verdicts.suggested != published.suggested[order]
    assert not differ[asked[order]].any()
    np.testing.assert_array_equal(verdicts.votes[:, :4], published.votes[order])


def test_imagenets_corrections_favour_resnet18_and_the_page_quotes_what_is_said(audits, data):
    audit = audits("imagenet")
    found = audit.compare(Pack(data).predictions("imagenet", n_classes=1000)).kinship
    assert found.kin == ("pytorch_resnet18",)
    [flagger] = found.flaggers
    [kin] = flagger.kin
    assert (round(100 * kin.share), kin.interval) == (64, "36 to 47")
    ranked = next(each for each in found.models if each.model == kin.model)
    assert (ranked.on_c.rank, ranked.by_others.rank, ranked.by_votes.rank) == (1, 1, 29)
    assert ranked.by_votes.of == flagger.candidates == 5440
    for page in ("docs/verbs/compare.md", "docs/certainty/kinship.md"):
        text = " ".join((REPO / page).read_text().replace("\n>", " ").split())
        assert found.warning() in text, f"{page} quotes something else"


def test_of_cifar10s_models_nobody_is_kin(audit, data):
    assert audit.compare(data / CIFAR10).kinship.warning() is None


@pytest.mark.parametrize("key", ["quickdraw", "amazon"])
def test_sets_whose_labels_are_not_published_hold_the_checked_examples_alone(audits, key):
    audit = audits(key)
    assert audit.n == len(audit.verdicts())


def test_answers_that_are_neither_sides_keep_their_word(audits):
    said = {vote.said for vote in audits("amazon").votes() if vote.answer == "other"}
    assert said == {"positive", "negative", "neutral", "off-topic"}


def test_another_threshold_is_another_verdict(audits, data):
    verdicts = audits("imagenet").verdicts(threshold=5)
    assert verdicts.counts == Pack(data).votes("imagenet").counts(5)


def test_ids_are_the_published_names(audits):
    assert audits("imagenet").ids[0].startswith("n01440764/ILSVRC2012_val_")
    assert audits("caltech256").ids[0] == "001.ak47/001_0001.jpg"
    assert audits("imdb").index_of("neg/12347_1.txt row 1850") == 1850, "a name of two rows"


@pytest.mark.parametrize(
    ("key", "kind"), [("mnist", "Picture"), ("20news", "Text"), ("imdb", "Text")]
)
def test_what_there_is_to_see_belongs_to_its_label(audits, key, kind):
    audit = audits(key)
    assert type(audit.show(0)).__name__ == kind
    if key == "imdb":
        assert "<br" not in "".join(audit.show(row).text for row in range(50))


def test_a_post_is_shown_with_the_group_it_was_sent_to(audits, data):
    audit = audits("20news")
    files = json.loads((data / "raw/20news/20news_test_index_to_file.json").read_text())
    groups = [name.split("/")[1] for name in files]
    assert groups == [audit.classes[label] for label in audit.labels.tolist()]
    assert audit.show(5).text.startswith("From: banschbach@vms.ocom.okstate.edu")


def test_the_release_holds_18_corrected_labels_and_9964_examples_in_p(audit, tmp_path):
    release = audit.release(tmp_path / "release")
    loaded = errata.load_release(release.path)
    assert (loaded.n, loaded.changed.sum(), loaded.mask.sum()) == (10_000, 18, 9_964)


def test_the_imagenet_release_corrects_1428_labels_and_leaves_1488_out(audits, tmp_path):
    counts = audits("imagenet").release(tmp_path / "release").counts
    assert (counts["C"], counts["U"], counts["P"], counts["D"]) == (1428, 1488, 48_512, 50_000)


def test_the_votes_are_marked_as_imported_everywhere(audit, tmp_path):
    assert "1,375 of 1,375 votes were imported" in audit.notices[0]
    assert {vote.kind for vote in audit.votes()} == {"imported"}
    release = audit.release(tmp_path / "release")
    assert "votes were imported" in (release.path / "README.md").read_text()


def test_the_13_models_are_compared_over_c(audit, data):
    table = audit.compare(data / CIFAR10).table("C")
    best = table[0]
    assert len(table) == 13
    assert best["model"] == "pytorch_vgg11_bn"
    assert f"{best['acc@1']:.2f} {best['cacc@1']:.2f}" == "27.78 66.67"


def test_pictures_are_those_of_the_given_class(audit, data):
    names = json.loads((data / "raw/cifar10/cifar10_test_index_to_file.json").read_text())
    assert names[2405].startswith("test/cat/")
    picture = audit.show(2405)
    assert (picture.width, picture.height, picture.mime) == (32, 32, "image/jpeg")


def test_why_tells_the_story_of_the_frog_labelled_cat(audit):
    story = repr(audit.why(2405))
    for line in ("given     cat", "rank 1 of 275", "suggested frog", "sampling probability 1"):
        assert line in story
    assert story.count(": suggested (imported)") == 5


def test_an_audit_can_be_reviewed_again(data, tmp_path):
    audit = make_audit("cifar10", data, tmp_path / "again.audit")
    assert audit.task("me") is None, "every candidate has its five votes"
    added = audit.add_votes([{"index": 2405, "reviewer": "me", "answer": "neither"}])
    assert added.added == 1
    assert len(audit.verdicts()) == 275


def test_an_audit_is_there_as_a_whole_or_not_at_all(data, tmp_path):
    """What a killed run leaves behind is in nobody's way, and is gone after the next."""
    out = tmp_path / "20news.audit"
    left = tmp_path / ".20news.audit.making"
    left.mkdir()
    (left / "audit.db").write_text("cut short")
    make_audit("20news", data, out)
    assert [path.name for path in tmp_path.iterdir()] == [out.name]
    with pytest.raises(errata.AuditError, match="There is something at .* already"):
        make_audit("20news", data, out)


def test_audioset_has_the_names_of_its_votes_where_its_own_list_is_not_there(data, tmp_path):
    pack = link(data, tmp_path / "pack", without="class_labels_indices.csv")
    bare = make_audit("audioset", pack, tmp_path / "a.audit")
    full = make_audit("audioset", data, tmp_path / "b.audit")
    assert len(bare.classes) == len(full.classes) == 527
    known = [
        (mine, theirs.replace(",", ""))
        for mine, theirs in zip(bare.classes, full.classes, strict=True)
        if not mine.startswith("class ")
    ]
    assert len(known) > 200
    assert all(mine == theirs for mine, theirs in known)
    assert bare.verdicts().counts == full.verdicts().counts


@pytest.mark.parametrize(
    "name",
    [
        "label_errors/labels/mnist_test_set_original_labels.npy",
        "label_errors/mturk/mnist_mturk.json",
        "raw/mnist/t10k-images-idx3-ubyte.gz",
        "raw/20news/20news-bydate-test.tar.xz",
    ],
)
def test_a_file_that_is_cut_short_is_named(data, tmp_path, name):
    pack = link(data, tmp_path / "pack", without=name)
    (pack / name).write_bytes((data / name).read_bytes()[:-2000])
    key = "20news" if "20news" in name else "mnist"
    with pytest.raises(errata.FileError, match=name.rpartition("/")[2]):
        make_audit(key, pack, tmp_path / "a.audit")
    assert not (tmp_path / "a.audit").exists()


def test_votes_of_another_shape_are_named(data, tmp_path):
    name = "label_errors/mturk/mnist_mturk.json"
    pack = link(data, tmp_path / "pack", without=name)
    (pack / name).write_text('[{"id": 5}]')
    with pytest.raises(errata.FileError, match=r"mnist_mturk.json is not as .* \(KeyError"):
        make_audit("mnist", pack, tmp_path / "a.audit")


def test_the_folder_may_be_named_before_the_command(data, tmp_path, monkeypatch):
    monkeypatch.delenv("ERRATA_DATA", raising=False)
    result = run_errata("paper", "--data", data, "audit", "cifar100", tmp_path / "a.audit")
    assert result.returncode == 0, result.stderr


def test_a_folder_without_the_published_files_is_named(tmp_path):
    with pytest.raises(errata.FileError, match=r"cifar10_mturk.json is not there"):
        make_audit("cifar10", tmp_path, tmp_path / "cifar10.audit")


def test_a_set_that_the_study_did_not_look_at_is_named_with_the_nearest(data, tmp_path):
    result = run_errata("paper", "audit", "cifar", tmp_path / "out", "--data", data)
    assert result.returncode == 2
    assert "There is no set 'cifar'. Did you mean 'cifar10'?" in result.stderr


def test_the_command_makes_an_audit_and_says_what_comes_next(data, tmp_path):
    result = run_errata("paper", "audit", "20news", tmp_path / "20news.audit", "--data", data)
    assert result.returncode == 0, result.stderr
    assert "Next: errata report" in result.stderr
    assert (tmp_path / "20news.audit/audit.db").is_file()


def test_audiosets_label_sets_come_to_275_errors_of_307(audits, data, tmp_path):
    audit = audits("audioset")
    verdicts = audit.verdicts()
    assert (len(verdicts), verdicts.counts["non_error"]) == (307, 32)
    items = json.loads((data / "label_errors/mturk/audioset_mturk.json").read_text())
    confirmed = {
        item["id"]
        for item in items
        if {label for label, count in item["mturk"].items() if count >= 3}
        == set(item["given_original_labels"])
    }
    non_errors = verdicts.examples[np.array(verdicts.names) == "non_error"]
    assert set(non_errors.tolist()) == confirmed
    counts = audit.release(tmp_path / "release").counts
    assert counts["C"] + counts["U"] == 275
