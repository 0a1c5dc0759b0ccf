"""One suite for every tool: what people answer there comes back as just these votes."""

import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audits import cast, planned_audit
from errata import AuditError, FileError, InputError, NameUnknownError, Texts, VoteError
from errata.exchange.cells import guarded, unguarded
from errata.exchange.forms import READERS, TASK_WRITERS, form_of, read_votes_of
from errata.exchange.questions import AS_IT_IS, NONE, Asked, Question, Shown
from errata.exchange.rows import PROBLEM
from label_sets import sounds
from other_tools import TOOLS, Given

CHOICES = ("A", "B", "both", "neither")
texts = pytest.mark.parametrize("tool", TOOLS.values(), ids=TOOLS.keys())
HOSTILE = [
    '=HYPERLINK("http://x.example";A1)',
    "<script>alert(1)</script>",
    "&lt;b&gt; & ${b} $b",
    "'=1+1",
]


def pairs(folder: Path) -> dict[int, tuple[str, str]]:
    """Return the labels that each exported task shows as A and B, read without errata."""
    if (folder / "tasks.json").is_file():
        tasks = [task["data"] for task in json.loads((folder / "tasks.json").read_text())]
    elif (folder / "records.json").is_file():
        records = json.loads((folder / "records.json").read_text())
        tasks = [{**record["fields"], **record["metadata"]} for record in records]
    else:
        import csv

        with (folder / "tasks.csv").open(newline="") as file:
            tasks = list(csv.DictReader(file))
    return {int(task["index"]): (task["a"], task["b"]) for task in tasks}


def pairs_of(audit, folder, **options):
    """Return what `pairs` does of the tasks that an audit exports."""
    audit.export_tasks(folder, **options)
    return pairs(folder)


def votes_of(audit):
    return {
        (vote.id, vote.reviewer, vote.answer, vote.first, vote.labels) for vote in audit.votes()
    }


@pytest.fixture
def audit(tmp_path):
    return planned_audit(tmp_path / "audit", media=Texts([f"text {i}" for i in range(60)]))


def answers(audit, people=3):
    """Return answers of some people to every question, all four choices among them."""
    rows = [question.example for question in audit.questions()]
    return [
        Given(row=row, person=person, choice=CHOICES[(place + person) % 4])
        for place, row in enumerate(rows)
        for person in range(1, people + 1)
    ]


@texts
def test_what_people_answer_comes_back_as_just_these_votes(tmp_path, audit, tool):
    folder = tmp_path / "tasks"
    made = audit.export_tasks(folder, form=tool.tasks)
    shown = pairs(folder)
    assert made.count == len(shown) == len(audit.questions())
    wanted = set()
    for one in answers(audit):
        (question,) = (each for each in audit.questions() if each.example == one.row)
        given = question.given[0]
        side = {"A": 0, "B": 1}.get(one.choice)
        answer = one.choice
        if side is not None:
            answer = "given" if shown[one.row][side] == given else "suggested"
        first = "given" if shown[one.row][0] == given else "suggested"
        wanted.add((question.id, tool.name(one.person), answer, first, None))
    file = tool.answer(folder, answers(audit))
    assert form_of(file) == tool.votes
    added = audit.import_votes(file, note="a test")
    assert (added.form, added.added, added.refused) == (tool.votes, len(wanted), ())
    assert votes_of(audit) == wanted
    again = audit.import_votes(file)
    assert (again.added, again.already_there) == (0, len(wanted))
    assert votes_of(audit) == wanted


@texts
def test_labels_that_people_tick_come_back_as_just_these_votes(tmp_path, tool):
    audit = sounds(tmp_path / "audit", media=Texts([f"text {i}" for i in range(60)]))
    folder = tmp_path / "tasks"
    audit.export_tasks(folder, form=tool.tasks)
    given, wanted = [], set()
    for place, question in enumerate(audit.questions()):
        for person in (1, 2, 3):
            ticks = [name for at, name in enumerate(question.options) if (place + person) >> at & 1]
            given.append(Given(row=question.example, person=person, choice=ticks or [NONE]))
            labels = tuple(name for name in audit.classes if name in ticks)
            wanted.add((question.id, tool.name(person), "labels", None, labels))
    file = tool.answer(folder, given)
    assert audit.import_votes(file).refused == ()
    assert votes_of(audit) == wanted
    assert audit.import_votes(file).added == 0


@texts
def test_what_cannot_be_taken_is_told_by_its_place_and_the_rest_goes_in(tmp_path, audit, tool):
    folder = tmp_path / "tasks"
    audit.export_tasks(folder, form=tool.tasks)
    good = answers(audit, people=1)
    bad = [
        Given(row=good[0].row, person=7, choice="?"),
        Given(row=59, person=1, choice="A"),  # nobody was asked about it
        Given(row=999, person=1, choice="A"),
    ]
    given = [good[0], bad[0], good[1], *bad[1:], *good[2:]]
    added = audit.import_votes(tool.answer(folder, given))
    assert (added.added, len(added.refused)) == (len(good), 3)
    told = "\n".join(added.refused)
    for at, why in ((1, "There is no answer '?'"), (3, "59"), (4, "999")):
        place = tool.place(given, at)
        assert re.search(f"{re.escape(place)} .*{re.escape(why)}", told), told


@texts
def test_a_task_shows_other_labels_than_the_audit_asks_about(tmp_path, audit, tool):
    other = planned_audit(
        tmp_path / "other", classes=("tabby", "hound", "fox"), media=Texts(["text"] * 60)
    )
    folder = tmp_path / "tasks"
    audit.export_tasks(folder, form=tool.tasks)
    file = tool.answer(folder, answers(audit))
    with pytest.raises(VoteError, match="The task showed .*The votes are not on the same question"):
        other.import_votes(file)


@pytest.mark.parametrize("form", TASK_WRITERS)
def test_tasks_are_blind_their_order_is_by_chance_and_stays(tmp_path, audit, form):
    one, two = tmp_path / "one", tmp_path / "two"
    made = audit.export_tasks(one, form=form)
    audit.export_tasks(two, form=form)
    files = sorted(path.relative_to(one) for path in one.rglob("*") if path.is_file())
    for file in files:
        text = (one / file).read_text()
        assert text == (two / file).read_text()
        assert not re.search("given|suggested|original|predicted", text)
    given = {question.example: question.given[0] for question in audit.questions()}
    first = {names[0] == given[row] for row, names in pairs(one).items()}
    assert first == {True, False}
    assert "Typical examples of each label" in made.not_carried[-1]


def test_tasks_are_for_candidates_that_want_votes(tmp_path):
    audit = planned_audit(tmp_path / "audit", votes=1, threshold=1)
    (first, *others) = [question.example for question in audit.questions()]
    audit.vote("ann", first, "given", first="given", key="1")
    made = audit.export_tasks(tmp_path / "some")
    assert (made.count, sorted(pairs(tmp_path / "some"))) == (len(others), sorted(others))
    assert any("shows the id alone" in line for line in made.not_carried)
    assert audit.export_tasks(tmp_path / "all", every=True).count == len(others) + 1
    for row in others:
        audit.vote("ann", row, "given", first="given", key=f"key {row}")
    with pytest.raises(AuditError, match="No candidate of .* needs any more votes.*--all"):
        audit.export_tasks(tmp_path / "none")
    with pytest.raises(FileError, match="is there already"):
        audit.export_tasks(tmp_path / "all", every=True)
    with pytest.raises(NameUnknownError, match="no form 'argila'. Did you mean 'argilla'"):
        audit.export_tasks(tmp_path / "new", form="argila")
    with pytest.raises(NameUnknownError, match="no form 'excel'"):
        audit.import_votes(tmp_path / "votes.csv", form="excel")
    with pytest.raises(NameUnknownError, match="no form 'excel'"):
        audit.export_votes(tmp_path / "votes.csv", form="excel")


def test_what_asking_has_closed_is_no_task(tmp_path):
    audit = planned_audit(tmp_path / "audit", stopping="exact", full_share=0)
    settled, split, begun, *others = [question.example for question in audit.questions()]
    cast(audit, settled, "ggg")
    cast(audit, split, "ggssb")
    cast(audit, begun, "gg")
    open_ = [begun, *others]
    assert [one for one in (settled, split, *open_) if audit.votes_needed(one)] == open_
    assert sorted(pairs_of(audit, tmp_path / "some")) == sorted(open_)
    assert sorted(pairs_of(audit, tmp_path / "all", every=True)) == sorted([settled, split, *open_])


def test_what_a_maintainer_decided_is_no_task_until_it_is_taken_back(tmp_path):
    audit = planned_audit(tmp_path / "audit", votes=3, threshold=2)
    decided, *others = [question.example for question in audit.questions()]
    cast(audit, decided, "gsb")
    audit.adjudicate(decided, "both", reason="a look", by="Max")
    audit.undo("r0")  # it lacks a vote now, but nobody is asked for one
    assert sorted(pairs_of(audit, tmp_path / "some")) == sorted(others)
    assert decided in pairs_of(audit, tmp_path / "all", every=True)
    audit.undo_adjudication(decided, by="Max")
    assert decided in pairs_of(audit, tmp_path / "again")


def test_pictures_lie_beside_the_tasks_or_where_it_is_said(tmp_path):
    import numpy as np
    from PIL import Image

    from errata import Images

    pixels = np.arange(60 * 4, dtype=np.uint8).reshape(60, 2, 2)
    audit = planned_audit(tmp_path / "audit", media=Images(pixels))
    made = audit.export_tasks(tmp_path / "tasks", form="label-studio")
    assert any("--media-url" in line for line in made.not_carried)
    url = "https://pictures.example/set/"
    audit.export_tasks(tmp_path / "there", form="label-studio", media_url=url)
    for folder, before in (("tasks", "media/"), ("there", url)):
        for task in json.loads((tmp_path / folder / "tasks.json").read_text()):
            row = task["data"]["index"]
            assert task["data"]["image"] == f"{before}{row}.png"
            with Image.open(tmp_path / folder / "media" / f"{row}.png") as picture:
                np.testing.assert_array_equal(np.asarray(picture), pixels[row])
        assert (
            '<Image name="item" value="$image"/>' in (tmp_path / folder / "config.xml").read_text()
        )


# ---------------------------------------------------------------- any text

words = st.sampled_from(HOSTILE) | (
    st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=1, max_size=8)
)


@texts
@given(names=st.lists(words, min_size=2, max_size=2, unique=True), text=words, swap=st.booleans())
@settings(max_examples=40)
def test_any_names_and_texts_come_through(tmp_path_factory, tool, names, text, swap):
    folder = tmp_path_factory.mktemp("tasks")
    question = Question(
        id="some id",
        example=3,
        given=(names[0],),
        suggested=(names[1],),
        given_classes=(0,),
        suggested_classes=(1,),
        options=tuple(names[::-1] if swap else names),
    )
    TASK_WRITERS[tool.tasks](folder, [(question, Shown(kind="text", value=text))])
    file = tool.answer(folder, [Given(row=3, person=1, choice="A")])
    (row,) = read_votes_of(tool.votes, file, Asked([question], LookupError), AS_IT_IS).rows
    side = "suggested" if swap else "given"
    assert PROBLEM not in row, row
    assert (row["answer"], row["first"], row["reviewer"]) == (side, side, tool.name(1))


@given(text=st.text() | words | st.text("'=+-@\t1", max_size=4))
def test_a_guarded_cell_is_no_formula_and_is_read_as_it_was(text):
    cell = guarded(text)
    assert unguarded(cell) == text
    number = re.fullmatch(r"[+-]?\d+(\.\d+)?([eE][+-]?\d+)?", cell)
    assert number or not cell.startswith(tuple("=+-@\t\r\n＝＋－＠"))


class Page(HTMLParser):
    """The text that a page shows, and its tags."""

    def __init__(self, text):
        super().__init__()
        self.text, self.tags = "", []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)

    def handle_data(self, data):
        self.text += data


@given(text=words)
def test_a_cell_of_a_turk_task_is_text_in_its_page(tmp_path_factory, text):
    folder = tmp_path_factory.mktemp("tasks")
    question = Question(
        id="1",
        example=1,
        given=("cat",),
        suggested=("dog",),
        given_classes=(0,),
        suggested_classes=(1,),
        options=("cat", "dog"),
    )
    TASK_WRITERS["mturk-csv"](folder, [(question, Shown(kind="text", value=text))])
    import csv

    with (folder / "tasks.csv").open(newline="", encoding="utf-8") as file:
        (task,) = csv.DictReader(file)
    template = (folder / "template.html").read_text()
    page = re.sub(r"\$\{(\w+)\}", lambda match: task[match[1]], template)
    assert Page(page).tags == Page(template).tags
    assert Page(task["text"]).text == text
    assert not task["text"].startswith(tuple("=+-@"))


# ---------------------------------------------------------------- which form


@pytest.mark.parametrize(
    ("name", "text", "form"),
    [
        ("votes.csv", "id,reviewer,answer\n", "errata"),
        ("votes.csv", "", "errata"),
        ("votes.jsonl", '{"id": 1, "reviewer": "ann", "answer": "both"}\n', "errata"),
        ("batch.csv", '"HITId","WorkerId","Input.id","Answer.x"\n', "mturk"),
        ("batch.csv", "AssignmentId,WorkerId,Answer\n", "mturk"),
        ("hits.json", '{\n "Assignments": []\n}\n', "mturk"),
        ("old.xml", "<a/>", "mturk"),
        ("export.json", '[{"id": 1, "data": {}, "annotations": []}]', "label-studio"),
        ("export.json", '[{"id": 1, "annotator": 1, "annotation_id": 3}]', "label-studio"),
        ("records.json", '[{"id": "1", "verdict.responses": null}]', "argilla"),
        ("records.json", '[{"id": "1", "fields": {}, "responses": {}}]', "argilla"),
        ("records.json", '{"items": [{"responses": []}], "total": 1}', "argilla"),
        ("votes.json", '[{"given_original_label": 1, "mturk": {}}]', "published"),
        ("votes.json", '[{"given_original_labels": [], "mturk": {}}]', "published"),
        ("votes.json", "[]", "errata"),
        ("votes.json", "[7]", "errata"),
    ],
)
def test_the_form_is_known_by_what_stands_in_the_file(tmp_path, name, text, form):
    (tmp_path / name).write_text(text)
    assert form_of(tmp_path / name) == form


@pytest.mark.parametrize("form", READERS)
@pytest.mark.parametrize("name", ["gone.json", "gone.csv"])
def test_a_file_that_is_not_there_is_told(tmp_path, audit, form, name):
    with pytest.raises(FileError, match=rf"gone\.{name[5:]} does not exist"):
        audit.import_votes(tmp_path / name, form=form)


@pytest.mark.parametrize("form", ["label-studio", "argilla", "mturk", "published"])
@pytest.mark.parametrize("value", [7, None, [], {}, "x", {"annotations": [3], "data": 1}])
def test_json_that_is_something_else_is_told_by_its_place(tmp_path, audit, form, value):
    path = tmp_path / "odd.jsonl"
    path.write_text(json.dumps(value) + "\n")
    told = ""
    try:
        assert audit.import_votes(path, form=form).added == 0
    except InputError as error:
        told = str(error)
    assert not told or "odd.jsonl" in told


@pytest.mark.parametrize("form", READERS)
def test_json_nested_without_end_is_told(tmp_path, audit, form):
    path = tmp_path / "deep.json"
    path.write_text("[" * 200_000)
    with pytest.raises(FileError, match=r"deep\.json is no JSON, or is cut short"):
        audit.import_votes(path, form=form)
