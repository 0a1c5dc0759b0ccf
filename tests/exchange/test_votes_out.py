"""Votes as they leave an audit: every form says what it cannot hold, and names can stay behind."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audits import planned_audit
from errata import FileError, VoteError
from errata.exchange.pseudonyms import pseudonym
from errata.exchange.published import anonymous_votes, counts_of
from errata.exchange.votes import read_votes, write_votes
from label_sets import sounds, tick


def rows(*votes):
    keys = ("index", "reviewer", "answer", "said", "kind")
    return [dict(zip(keys, vote, strict=False)) for vote in votes]


VOTES = rows(
    (0, "ann", "given", None),
    (0, "=1+1", "other", "off topic"),
    (1, "ann", "suggested", None),
    (1, "Zoë <b>", "both", None),
    (2, "bob", "neither", None),
    (2, "robot", "given", None, "simulated"),
)


def held(audit, *, names=True):
    return sorted(
        (vote.id, vote.reviewer if names else "", vote.answer, vote.said or "", vote.labels or ())
        for vote in audit.votes()
        if vote.kind != "simulated"
    )


def voted(path, *, several):
    """Return an audit with some votes."""
    if not several:
        audit = planned_audit(path)
        audit.add_votes(VOTES)
        return audit
    audit = sounds(path)
    tick(audit, 0, "ds", "s", "")
    tick(audit, 1, "r")
    tick(audit, 2, "?", "m")
    return audit


forms = pytest.mark.parametrize(
    ("form", "name", "file"),
    [
        ("errata", "votes.csv", ""),
        ("errata", "votes.json", ""),
        ("errata", "votes.jsonl", ""),
        ("errata", "votes.parquet", ""),
        ("label-studio", "project", "tasks.json"),
        ("published", "counts.json", ""),
    ],
)


@forms
@pytest.mark.parametrize("several", [False, True])
def test_votes_go_out_and_into_a_copy(tmp_path, form, name, file, several):
    one = voted(tmp_path / "one", several=several)
    two = (sounds if several else planned_audit)(tmp_path / "two")
    made = one.export_votes(tmp_path / name, form=form, names=True)
    added = two.import_votes(tmp_path / name / file if file else tmp_path / name)
    assert (added.form, added.refused) == (form, ())
    if form == "published" and several:  # the ticks of each label are kept, not who ticked two
        assert "1 vote: it lists no labels, as of who cannot tell." in made.not_carried
        votes = [vote for vote in one.votes() if vote.labels is not None]
        assert two.verdicts().votes.tolist() == one.verdicts().votes.tolist()
        assert two.verdicts().reviewers.sum() == len(votes)
    else:
        names = form != "published"
        assert held(two, names=names) == held(one, names=names)
    lost = "\n".join(made.not_carried)
    simulated = not several and form != "errata"
    assert made.count == added.added == len(one.votes()) - simulated or several
    assert ("1 simulated vote: this form cannot mark them" in lost) == simulated
    assert ("hich label was shown first" in lost) == (form != "errata")
    again = two.import_votes(tmp_path / name / file if file else tmp_path / name)
    assert again.added == 0


@forms
def test_an_export_takes_the_place_of_an_earlier_one_alone(tmp_path, form, name, file):
    if file:
        pytest.skip("a new folder is made there")
    audit = voted(tmp_path / "one", several=False)
    out = tmp_path / name
    for _ in range(2):
        audit.export_votes(out, form=form)
    earlier = out.read_bytes()
    others = (b"id,reviewer,answer\n0,ann,given\n", b'[{"id": "0"}]', b'{"id": "0"}\n', b"PAR1")
    for mine in (*others, b"[" * 100_000):
        out.write_bytes(mine)
        with pytest.raises(FileError, match=r"cannot be written to .*else is there.* another name"):
            audit.export_votes(out, form=form)
        assert out.read_bytes() == mine
    out.unlink()
    audit.export_votes(out, form=form)
    assert out.read_bytes() == earlier


@pytest.mark.parametrize("name", ["audit.db", "new.csv", "media/new.json", "arrays/labels.npy"])
def test_what_lies_in_an_audits_folder_is_never_written_over(tmp_path, name):
    audit = voted(tmp_path / "one", several=False)
    other = voted(tmp_path / "two", several=False)
    out = other.path / name
    before = out.read_bytes() if out.exists() else None
    for write in (audit.export_votes, audit.report, other.export_votes, other.report):
        with pytest.raises(FileError, match=r"two is an audit, .* Give a name outside of it"):
            write(out)
    (tmp_path / "link").symlink_to(out)
    with pytest.raises(FileError, match="two is an audit"):
        audit.export_votes(tmp_path / "link")
    assert (out.read_bytes() if out.exists() else None) == before
    assert len(other.votes()) == len(VOTES)


def test_parquet_keeps_every_column_of_every_vote(tmp_path):
    audit = planned_audit(tmp_path / "audit")
    audit.vote("ann", 0, "given", first="suggested", key="1")
    audit.add_votes(VOTES[1:])
    audit.export_votes(tmp_path / "votes.parquet", names=True)
    read = read_votes(tmp_path / "votes.parquet")
    assert [row.pop("where") for row in read] == [f"votes.parquet, row {i}" for i in range(1, 7)]
    assert read == [vote.to_dict() for vote in audit.votes()]


def test_parquet_of_others_is_read_and_damage_told(tmp_path):
    import pyarrow as pa
    from pyarrow import parquet

    audit = planned_audit(tmp_path / "audit")
    path = tmp_path / "votes.parquet"
    columns = {"index": [0, 999, None], "reviewer": ["ann", "ann", "ann"], "answer": ["both"] * 3}
    parquet.write_table(pa.table(columns), path)
    added = audit.import_votes(path)
    assert added.added == 1
    assert [line.split(":")[0] for line in added.refused] == [
        "votes.parquet, row 2",
        "votes.parquet, row 3",
    ]
    parquet.write_table(pa.table({"id": [1]}), path)
    with pytest.raises(VoteError, match=r"votes\.parquet has no column 'reviewer'"):
        audit.import_votes(path)
    path.write_bytes(b"PAR1 cut")
    with pytest.raises(FileError, match="is no Parquet file, or is damaged"):
        audit.import_votes(path)


texts = st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=1)


@given(
    names=st.lists(texts | st.sampled_from(["=1", "-x", "'=x", "@a", "<i>"]), max_size=4),
    ending=st.sampled_from(["csv", "json", "jsonl", "parquet"]),
)
@settings(max_examples=50)
def test_any_name_is_read_as_it_was_written(tmp_path_factory, names, ending):
    path = tmp_path_factory.mktemp("votes") / f"votes.{ending}"
    write_votes([{"id": name, "reviewer": name, "answer": "both"} for name in names], path)
    assert [(row["id"], row["reviewer"]) for row in read_votes(path)] == [
        (name, name) for name in names
    ]


@forms
@pytest.mark.parametrize("several", [False, True])
def test_a_file_names_nobody_unless_asked_to_and_adds_nothing_to_the_audit_it_is_from(
    tmp_path, form, name, file, several
):
    audit = voted(tmp_path / "audit", several=several)
    before = audit.votes()
    known = {json.dumps(vote.reviewer, ensure_ascii=False) for vote in before}
    for names in (False, True):
        out = tmp_path / str(names) / name
        out.parent.mkdir()
        audit.export_votes(out, form=form, names=names)
        path = out / file
        text = path.read_text() if form != "errata" else ""
        text = text or json.dumps(read_votes(path), ensure_ascii=False)
        assert any(one in text for one in known) == (names and form != "published")
        added = audit.import_votes(path)
        assert (added.form, added.added, added.refused) == (form, 0, ())
        assert audit.votes() == before


def test_the_same_file_adds_nothing_by_another_door(tmp_path):
    audit = voted(tmp_path / "audit", several=False)
    audit.export_votes(tmp_path / "votes.csv")
    for votes in (tmp_path / "votes.csv", audit.vote_rows(), audit.vote_rows(names=True)):
        added = audit.add_votes(votes)
        assert (added.added, added.already_there) == (0, len(VOTES))
    stranger = {"index": 3, "reviewer": "reviewer 0123456789ab", "answer": "both"}
    assert audit.add_votes([stranger]).added == 1  # it stands for nobody here, so is a name


@pytest.mark.parametrize(("form", "file"), [("errata", ""), ("label-studio", "tasks.json")])
def test_pseudonyms_are_the_same_each_time_and_each_person_has_one_elsewhere(tmp_path, form, file):
    one, two = voted(tmp_path / "one", several=False), planned_audit(tmp_path / "two")
    paths = [tmp_path / name / file for name in ("a.csv", "b.csv", "c.csv")]
    for place, path in enumerate(paths[:2]):
        one.export_votes(tmp_path / f"{'ab'[place]}.csv", form=form)
        assert path.read_text() == paths[0].read_text()
    assert (tmp_path / "one" / "pseudonyms.key").stat().st_mode & 0o077 == 0
    for path in paths[:2]:
        two.import_votes(path)
    ours, theirs = (
        {(vote.id, vote.answer): vote.reviewer for vote in audit.votes()} for audit in (one, two)
    )
    pairs = {(ours[key], theirs[key]) for key in theirs}
    assert len(pairs) == len({name for name, _ in pairs}) == len(set(theirs.values()))
    assert not set(ours.values()) & set(theirs.values())
    two.export_votes(tmp_path / "c.csv", form=form)
    assert not any(name in paths[2].read_text() for name in theirs.values())


@given(names=st.lists(texts, unique=True, min_size=2), secret=texts)
def test_different_names_have_different_pseudonyms(names, secret):
    assert len({pseudonym(name, secret) for name in names}) == len(names)


def test_counts_of_the_studys_form_hold_no_name(tmp_path):
    audit = planned_audit(tmp_path / "audit")
    audit.add_votes(VOTES)
    audit.export_votes(tmp_path / "counts.json", form="published")
    text = (tmp_path / "counts.json").read_text()
    assert not any(name in text for name in ("ann", "Zoë", "bob", "1+1"))
    of_id = {item["id"]: item for item in json.loads(text)}
    assert of_id["0"]["mturk"] == {
        "given": 1,
        "guessed": 0,
        "both": 0,
        "neither": 0,
        "off topic": 1,
    }


counts = st.dictionaries(
    st.sampled_from(["given", "suggested", "both", "neither", "other", "neutral", "off-topic"]),
    st.integers(0, 6),
)


@given(counts=counts)
def test_a_count_becomes_as_many_votes_each_of_another_worker(counts):
    votes = anonymous_votes(counts)
    assert len(votes) == len({vote["reviewer"] for vote in votes}) == sum(counts.values())
    for word, count in counts.items():
        said = {"other": None}.get(word, word)
        if word in ("given", "suggested", "both", "neither"):
            found = [vote for vote in votes if vote["answer"] == word]
        else:
            found = [v for v in votes if (v["answer"], v["said"]) == ("other", said)]
        assert len(found) == count


def test_a_vote_for_a_label_on_both_sides_is_counted_once():
    item = {"given_original_label": 3, "our_guessed_label": 3}
    assert counts_of(item | {"mturk": {"given": 5, "guessed": 5, "neither": 0}}) == {
        "given": 5,
        "neither": 0,
    }
