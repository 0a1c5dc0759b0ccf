"""The report page: self-contained, honest when there is little to say, safe with any text."""

import re
from html.parser import HTMLParser

import numpy as np
import pytest

from errata.audit import Audit
from errata.certain import ReviewDesign
from errata.comparison import compare
from errata.core.accuracy import corrected_labels, label_sets
from errata.core.certainty import Sample
from errata.datasets.media import Clip, Images, Row, Text
from errata.errors import FileError
from errata.kin import Checked
from errata.report.context import Moment, Pair, ReportContext, ReportExample
from errata.report.page import LONGEST_CLIP, figures, headline, unbroken, write_report
from errata.words import short_names

EVIL = "<script>alert('x')</script> & \"quotes\" </style>"


def example(**changes):
    values = {
        "id": "7",
        "given": 0,
        "suggested": 1,
        "score": -0.98765,
        "rules": ("margin", "argmax"),
        "verdict": "correctable",
        "votes": {"given": 1, "suggested": 4},
        "corrected": 1,
        "shown": None,
    }
    return ReportExample(**(values | changes))


def comparison(corrected=True):
    given = np.array([0, 0, 1, 1, 0, 1])
    codes = np.array([1 if corrected else 0])
    examples, suggested = np.array([1]), np.array([1])
    return compare(
        {
            "net_small": np.array([[0], [1], [1], [0], [0], [0]]),
            "net_large": np.array([[0], [0], [1], [1], [0], [1]]),
        },
        given=given,
        corrected=corrected_labels(given, examples, suggested, codes),
        sets=label_sets(6, examples, codes),
    )


def context(**changes):
    values = {
        "name": "pets",
        "n": 6,
        "classes": ("cat", "dog"),
        "path": "pets.audit",
        "estimated_errors": 1,
        "rule": "margin",
        "score": "normalized_margin",
        "candidates": 1,
        "decided": 1,
        "open": 0,
        "verdict_counts": {"correctable": 1},
        "suspicious": [example()],
        "pairs": [Pair(0, 1, 1, 1)],
        "comparison": comparison(),
        "settings": [("rule", "margin")],
        "facts": [("labels", "labels.npy")],
    }
    return ReportContext(**(values | changes))


def written(tmp_path, **changes):
    return write_report(context(**changes), tmp_path / "report.html").read_text()


def kin_comparison(flagger="net", plain=8, copied=30, voters=()):
    """Compare plain models and one that copies a flagger, whose 30 candidates are corrected."""
    given = np.arange(120) % 4
    examples, codes = np.arange(30), np.ones(30, dtype=int)
    suggested = (given[:30] + 1) % 4
    fixed = corrected_labels(given, examples, suggested, codes)
    models = {}
    for i in range(plain):
        models[f"plain {i}"] = np.where(np.arange(120) % 10 < 2 + i % 3, given + 1, given) % 4
    models["copy"] = np.where(np.arange(120) % 5 == 1, (given + 2) % 4, fixed)
    models["copy"][: copied or 0] = suggested[: copied or 0]
    if copied is None:
        del models["copy"]
    return compare(
        {name: answers[:, None] for name, answers in models.items()},
        given=given,
        corrected=fixed,
        sets=label_sets(120, examples, codes),
        design=census(examples, suggested, codes, n=120),
        checked=Checked(
            examples=examples,
            suggested=suggested,
            votes=np.tile([0, 3, 0, 0], (30, 1)),
            threshold=3,
            decided=codes > 0,
            flaggers=(flagger,),
            flagger=np.zeros(30, dtype=int),
            voters=frozenset(voters),
        ),
    )


def census(examples, suggested, codes, n):
    """Return the design of a check in which chance had no part."""
    unchecked = np.ones(n, dtype=bool)
    unchecked[examples] = False
    return ReviewDesign(
        checked=Sample(
            examples=examples,
            probabilities=np.ones(len(examples)),
            strata=np.zeros(len(examples), dtype=int),
        ),
        suggested=suggested,
        codes=codes,
        by_chance=0,
        unchecked=unchecked,
        wrong=int(np.count_nonzero(codes != 0)),
    )


class Addresses(HTMLParser):
    """Collects every address a page would ask for, and every script and handler."""

    def __init__(self, page):
        super().__init__()
        self.found, self.scripts = [], []
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        if tag in ("script", "link", "iframe", "object", "base"):
            self.scripts.append(tag)
        for name, value in attributes:
            if name.startswith("on"):
                self.scripts.append(name)
            if name in ("src", "href", "xlink:href", "action", "srcset"):
                self.found.append(value)


def test_a_sound_is_in_the_page_unless_it_is_large(tmp_path):
    clip = Clip(b"RIFF", "audio/wav", 1.25)
    page = written(tmp_path, suspicious=[example(shown=clip)])
    assert 'src="data:audio/wav;base64,UklGRg=="' in page
    assert 'aria-label="Example 7, a sound of 1.2 seconds"' in page
    assert {address[:5] for address in Addresses(page).found} == {"data:"}
    assert "media-src data:" in page
    large = Clip(bytes(LONGEST_CLIP + 1), "audio/wav", 60.0)
    page = written(tmp_path, suspicious=[example(shown=large)])
    assert "A sound of 60.0 seconds, too large for this page" in page
    assert "<audio" not in page


def test_the_page_asks_for_nothing_and_runs_no_script(tmp_path):
    page = written(tmp_path, suspicious=[example(shown=Images(np.zeros((1, 8, 8))).show(0))])
    addresses = Addresses(page)
    assert addresses.scripts == []
    assert {address[:5] for address in addresses.found} == {"data:"}
    assert "url(http" not in page
    assert "default-src 'none'" in page


def test_text_from_outside_is_shown_as_text(tmp_path):
    page = written(
        tmp_path,
        name=EVIL,
        classes=(EVIL, "dog"),
        notices=(EVIL,),
        suspicious=[
            example(id=EVIL, shown=Text(EVIL * 40)),
            example(shown=Row(names=(EVIL,), values=(EVIL,))),
        ],
        settings=[(EVIL, EVIL)],
    )
    assert Addresses(page).scripts == []
    assert "<script" not in page
    assert page.count("</style>") == 1
    assert "&lt;script&gt;alert(&#39;x&#39;)" in page


def test_a_kin_of_the_flagger_is_named_and_drawn(tmp_path):
    compared = kin_comparison(voters=["plain 1", "copy"])
    assert compared.kinship.kin == ("copy",)
    page = written(tmp_path, comparison=compared)
    assert f"<p>{unbroken(compared.kinship.voted())}</p>" in page
    assert "Whom the corrections may favour" in page
    assert unbroken(compared.kinship.warning()) in page
    assert page.count("gain on C by its correction, points") == 2, "wide and narrow"
    assert 'aria-label="Agreement with the flagger net, and points gained on C. copy: 100' in page
    assert '<th scope="row">copy <span class="down">kin</span></th>' in page


def test_a_flagger_of_any_name_is_shown_as_text(tmp_path):
    page = written(tmp_path, comparison=kin_comparison(flagger=EVIL))
    assert Addresses(page).scripts == []
    assert "<script" not in page


def test_without_kin_the_page_says_so_and_without_candidates_nothing(tmp_path):
    page = written(tmp_path, comparison=kin_comparison(plain=4, copied=0))
    assert "cannot be told from 5 of them" in page
    assert 'role="note"' not in page
    assert "Whom the corrections may favour" not in written(tmp_path)


def test_the_same_context_gives_the_same_bytes(tmp_path):
    assert written(tmp_path) == written(tmp_path)


def test_the_numbers_of_the_page_are_those_of_the_comparison(tmp_path):
    page = written(tmp_path)
    for number in ("16.67", "83.33", "100.00"):
        assert re.search(rf"{number}\s%", page), number
    assert "net_large leads" in page or "net_small leads" in page
    assert "1 label of 6 was corrected" in page
    assert "<del>cat</del>" in page


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"rule": None, "candidates": 0, "decided": 0, "verdict_counts": {}, "suspicious": [],
             "pairs": [], "comparison": None, "estimated_errors": None, "score": None},
            "Next: errata find pets.audit",
        ),
        (
            {"decided": 0, "open": 1, "verdict_counts": {}, "comparison": None,
             "suspicious": [example(verdict=None, votes={}, corrected=None)]},
            "Next: errata review pets.audit",
        ),
        (
            {"candidates": 0, "decided": 0, "verdict_counts": {}, "suspicious": [], "pairs": [],
             "comparison": None},
            "No label looks wrong by this rule",
        ),
        ({"comparison": None}, "Next: errata compare pets.audit PREDICTIONS"),
        ({"comparison": comparison(corrected=False), "verdict_counts": {"non_error": 1},
          "suspicious": [example(verdict="non_error", corrected=None)]},
         "No label was corrected, so there is no noise to vary"),
        ({"open": 2}, "2 candidates still wait for votes"),
        ({"open": 1}, "1 candidate still waits for votes"),
        ({"threshold": (3, 1)}, "takes 3 or 1 votes, as the candidate&#39;s plan says, for one"),
        ({"n": 1, "verdict_counts": {"neither": 1}, "comparison": None}, "left out"),
    ],
)  # fmt: skip
def test_where_there_is_nothing_to_see_the_page_says_what_to_do(tmp_path, changes, message):
    assert message in written(tmp_path, **changes)


def test_a_folder_that_is_not_there_is_named(tmp_path):
    with pytest.raises(FileError, match="There is no folder .*nowhere"):
        write_report(context(), tmp_path / "nowhere" / "report.html")


@pytest.mark.parametrize(
    "mine",
    [
        b"",
        b"id,label\n1,cat\n",
        b"<!doctype html>\n<title>Mine</title>\n",
        b'<!doctype html>\n<meta name="generator" content="errata">\n<title>rebuilt</title>',
        b'<!doctype html><style></style>content="errata"> <title>x: label audit</title>',
    ],
)
def test_a_report_takes_the_place_of_an_earlier_one_alone(tmp_path, mine):
    path = tmp_path / "report.html"
    path.write_bytes(mine)
    with pytest.raises(FileError, match=r"report cannot be written to .* Give another name"):
        write_report(context(), path)
    assert path.read_bytes() == mine
    path.unlink()
    for name in ("<b>" * 2000, "one", "two"):
        assert path == write_report(context(name=name), path)
    assert "two: label audit" in path.read_text()


def test_a_path_that_is_no_text_can_be_reported(tmp_path):
    page = write_report(context(path="half\udcff.audit", rule=None), tmp_path / "r.html")
    assert "half?.audit" in page.read_text()


def test_the_figures_count_what_was_left_out():
    counts = {"correctable": 1, "neither": 1, "non_agreement": 1, "multi_label": 1}
    shown = {name: value for value, name, _ in figures(context(decided=4, verdict_counts=counts))}
    assert shown["left out"] == "3"
    assert "noise prevalence" not in shown, "there is one rate at the top"
    assert "3 examples left out" in headline(context(decided=4, verdict_counts=counts))


@pytest.mark.parametrize(
    ("changes", "value", "name", "note"),
    [
        (
            {"moments": [Moment(9, 0.5, 0.1, 0.9), Moment(20, 0.104, 0.08, 0.125)]},
            "10.4 %",
            "of all labels wrong",
            "95 % interval: 8.0 to 12.5 %",
        ),
        (
            {"decided": 4, "verdict_counts": {"correctable": 1, "non_error": 3}},
            "≥ 1",
            "labels wrong or doubtful",
            "16.7 % of all; 4 were checked, of the 2 others nobody knows",
        ),
        (
            {"decided": 6, "verdict_counts": {"correctable": 1, "non_error": 5}},
            "1",
            "labels wrong or doubtful",
            "16.7 % of all; 6 were checked",
        ),
        (
            {"decided": 0, "verdict_counts": {}},
            "1",
            "errors guessed",
            "16.67 % of the labels: a guess of find, before anybody looked",
        ),
    ],
)
def test_one_error_rate_stands_at_the_top_the_surest_there_is(changes, value, name, note):
    rows = [tuple(map(plain, row)) for row in figures(context(**changes))]
    assert rows[1] == (value, name, note)
    rates = [row for row in rows if "%" in "".join(row)]
    assert rates == [rows[1]]


def plain(text):
    """Return a text with plain spaces."""
    return text.replace("\u00a0", " ").replace("\u202f", " ")


def test_what_the_probabilities_guessed_is_told_beside_the_rate(tmp_path):
    page = plain(written(tmp_path, error_rate=["A tenth of the labels are wrong."]))
    assert "had put it at 1 (16.67 %), from the probabilities alone" in page
    page = plain(written(tmp_path, error_rate=["A tenth."], estimated_from="the votes of models"))
    assert "(16.67 %), from the votes of models alone" in page
    page = written(tmp_path, error_rate=["A tenth."], estimated_errors=None)
    assert "had put it at" not in page


@pytest.mark.parametrize(
    ("candidates", "by_chance", "says"),
    [
        (1, {}, "1 label looks wrong, and it has no"),
        (5, {}, "5 labels look wrong, and none of them has a"),
        (1, {"rate": 1}, "Chance drew 1 example to check, and it has no"),
        (5, {"rate": 2, "ranking": 3}, "Chance drew 5 examples to check, and none of them has a"),
        (5, {"rate": 4}, "1 label looks wrong, chance drew 4 examples to check, and none has a"),
    ],
)
def test_before_any_verdict_what_chance_drew_is_not_said_to_look_wrong(
    tmp_path, candidates, by_chance, says
):
    changes = {"candidates": candidates, "by_chance": by_chance, "decided": 0, "comparison": None}
    found = headline(context(**changes))
    assert found == f"{says} verdict yet. Next: errata review pets.audit"
    wait = f"{sum(by_chance.values())} example"
    assert (f"Nobody knows yet: {wait}" in written(tmp_path, **changes)) == bool(by_chance)


def test_the_errors_of_models_as_voters_are_said_to_come_from_their_votes(tmp_path):
    truth = np.arange(60) % 3
    models = {f"m{i}": np.where(np.arange(60) % 11 == i, (truth + 1) % 3, truth) for i in range(4)}
    labels = np.where(np.arange(60) < 6, (truth + 1) % 3, truth)
    audit = Audit.create(tmp_path / "a", labels=labels, classes=("cat", "dog", "fox"))
    assert audit.find(predictions=models).estimated_errors
    audit.plan(votes=1, threshold=1)
    for question in audit.questions():
        row = {"id": question.id, "reviewer": "ann", "answer": "suggested"}
        audit.add_votes([row])
    page = audit.report(tmp_path / "report.html").read_text()
    assert "from the votes of models alone" in page


@pytest.mark.parametrize(
    ("candidates", "by_chance", "says"),
    [
        (1, {}, "The 1 candidate, worst first by normalized_margin."),
        (9, {}, "The first 1 of the 9 candidates, worst first"),
        (
            9,
            {"rate": 5},
            (
                "The first 1 of the 4 candidates, worst first by normalized_margin. A label struck "
                "through was corrected by the reviewers. Not shown here is what chance drew: 5 "
                "examples to tell how many of all labels are wrong (<code>errata plan --goal rate"
            ),
        ),
        (
            9,
            {"rate": 5, "ranking": 4},
            (
                "chance drew 5 examples to tell how many of all labels are wrong (<code>errata "
                "plan --goal rate</code>) and 4 examples to tell which models are better "
                "(<code>errata plan --goal ranking</code>). So most of their labels may well be "
                "right. The 1 most suspicious of them are shown, worst first"
            ),
        ),
    ],
)
def test_what_chance_drew_is_not_called_a_candidate_that_looks_wrong(
    tmp_path, candidates, by_chance, says
):
    assert says in written(tmp_path, candidates=candidates, by_chance=by_chance)


@pytest.mark.parametrize(("plain_models", "told"), [(4, False), (5, True), (8, True), (9, False)])
def test_of_few_models_the_page_says_that_only_strong_kin_stand_out(tmp_path, plain_models, told):
    page = written(tmp_path, comparison=kin_comparison(plain=plain_models))
    assert page.count("only strong kin would stand out") == told
    no_kin = kin_comparison(plain=plain_models + 1, copied=None)
    assert no_kin.kinship.warning() is None
    page = written(tmp_path, comparison=no_kin)
    assert page.count("only strong kin would stand out") == told, "without kin, too, but once"


@pytest.mark.parametrize(("plain_models", "drawn"), [(4, False), (5, True)])
def test_kinship_that_cannot_be_told_is_not_drawn(tmp_path, plain_models, drawn):
    page = written(tmp_path, comparison=kin_comparison(plain=plain_models, copied=0))
    assert ("Agreement with the flagger net, and" in page) == drawn
    assert ("cannot be told from 5 of them" in page) != drawn


def test_examples_of_which_nothing_can_be_shown_are_a_table(tmp_path):
    page = written(tmp_path, suspicious=[example(), example(id="8", verdict=None, corrected=None)])
    assert 'class="card"' not in page
    assert (
        '<tr><th scope="row">7</th><td class="text"><del>cat</del></td><td class="text">dog</td>'
        '<td>-0.988</td><td class="text">correctable</td><td class="text">given 1, suggested 4</td>'
    ) in page
    assert re.search(r">8</th><td class=.text.>cat</td>.*>open</td>", page)
    page = written(tmp_path, suspicious=[example(), example(shown=Text("a text"))])
    assert page.count('class="card"') == 2


def test_names_are_cut_only_where_words_end():
    assert short_names(["resnet18", "resnet50"]) == {"resnet18": "resnet18", "resnet50": "resnet50"}
    assert short_names(["a_", "a_b"]) == {"a_": "a_", "a_b": "b"}


def test_many_models_classes_and_long_names_fit(tmp_path, browser):
    rng = np.random.default_rng(0)
    given = rng.integers(0, 1000, 300)
    codes = np.ones(20, int)
    examples, suggested = np.arange(20), rng.integers(0, 1000, 20)
    fixed = corrected_labels(given, examples, suggested, codes)
    models = {
        f"a_model_with_a_rather_long_name_{index}": np.where(
            rng.random(300) < 0.5 + index / 100, fixed, rng.integers(0, 1000, 300)
        )[:, None]
        for index in range(34)
    }
    compared = compare(
        models,
        given=given,
        corrected=fixed,
        sets=label_sets(300, examples, codes),
        design=census(examples, suggested, codes, n=300),
    )
    page = write_report(
        context(
            n=300,
            classes=tuple(f"a class with a name that goes on and on {i}" for i in range(1000)),
            comparison=compared,
            suspicious=[example(id=str(i), shown=Text("word " * 900)) for i in range(48)],
            pairs=[Pair(i, i + 1, 30 - i, 1) for i in range(20)],
            candidates=48,
            decided=48,
            error_rate=["Some of the labels are wrong: `errata verdicts` says so."],
            moments=[Moment(10 * i, 0.1, 0.1 - 0.1 / i, 0.1 + 0.5 / i) for i in range(1, 13)],
            verdict_counts={"correctable": 20, "non_error": 28},
        ),
        tmp_path / "report.html",
    )
    for width in (1280, 390):
        view = browser.new_page(viewport={"width": width, "height": 800})
        view.goto(page.as_uri())
        assert view.evaluate("document.documentElement.scrollWidth") == width
        view.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_no_serious_violation_of_accessibility_and_no_request(tmp_path, browser, scheme, width):
    from axe_playwright_python.sync_playwright import Axe

    path = write_report(
        context(
            notices=("1 of 1 votes are simulated.",),
            comparison=kin_comparison(),
            error_rate=["A tenth of the labels are wrong."],
            moments=[Moment(10, 0.1, 0.0, 0.9), Moment(20, 0.1, 0.05, 0.2)],
            suspicious=[
                example(shown=Images(np.eye(8)[None]).show(0)),
                example(shown=Text("A text that says little. " * 40)),
                example(shown=Row(names=("width", "height"), values=(1.5, 2.0)), verdict=None),
            ],
        ),
        tmp_path / "report.html",
    )
    view = browser.new_context(
        viewport={"width": width, "height": 800}, color_scheme=scheme, bypass_csp=True
    ).new_page()
    asked, said = [], []
    view.on("request", lambda request: asked.append(request.url))
    view.on("console", lambda message: said.append(message.text))
    view.goto(path.as_uri())
    assert [url for url in asked if not url.startswith(("file:", "data:"))] == []
    assert said == []
    found = Axe().run(view).response["violations"]
    assert [v["id"] for v in found if v["impact"] in ("serious", "critical")] == []
    view.context.close()


def test_candidates_from_a_list_have_a_place_in_place_of_a_score(tmp_path):
    listed = context(score="given_order", suspicious=[example(score=3.0)])
    page = write_report(listed, tmp_path / "report.html").read_text()
    assert "in the order of the list they come from" in page
    assert re.search(r'<th scope="row">7</th>.*<td>3</td>', page)
    assert (
        "worst first by normalized_margin"
        in write_report(context(), tmp_path / "other.html").read_text()
    )
