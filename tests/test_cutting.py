"""Rule ``reviewed`` of an audit: a cut learnt from what was drawn by chance and reviewed."""

import json

import numpy as np
import pytest

import errata
from audits import doubtful_audit, doubting_probs, planned_audit, planned_rows, small_audit
from errata.core.cutoff import Aim, learn_cutoff, rule_orders
from errata.core.selection import RULES, codes_of
from errata.cutting import as_aim
from errata.errors import AuditError, InputError, NameUnknownError
from errata.rating import draws_of
from errata.store import records
from helpers import run_errata
from label_sets import sounds

N = 2000
WRONG = np.arange(N) % 12 == 0


def answer(audit, rows, wrong=WRONG):
    """Let one reviewer answer as the truth is."""
    audit.add_votes(
        {
            "index": row["example"],
            "reviewer": "ann",
            "answer": "suggested" if wrong[row["example"]] else "given",
        }
        for row in rows
    )


def drawn_audit(path, **plan):
    return doubtful_audit(path, WRONG, **{"budget": 150, **plan})


@pytest.fixture(scope="module")
def reviewed(tmp_path_factory):
    """Return an audit of which 150 examples are drawn and reviewed; tests only add runs to it."""
    audit = drawn_audit(tmp_path_factory.mktemp("cutting") / "a")
    answer(audit, planned_rows(audit))
    return audit


def runs(audit):
    with audit._db.read() as db:
        newest = records.newest_finding(db)
        return newest, records.candidates(db, newest["id"])


def test_it_flags_the_first_of_the_order_that_the_arithmetic_chooses(reviewed):
    found = reviewed.find(rule="reviewed")
    labels, probs = np.arange(N) % 3, doubting_probs(WRONG)
    own, others = probs[np.arange(N), labels], probs.copy()
    others[np.arange(N), labels] = -1
    margin = own - others.max(axis=1)
    masks = {
        rule: np.isin(np.arange(N), errata.find(labels, probs, rule=rule).indices) for rule in RULES
    }
    orders = rule_orders(codes_of(masks), margin, own, np.arange(N))
    rows = planned_rows(reviewed)
    draws, _ = draws_of(rows, {row["example"]: bool(WRONG[row["example"]]) for row in rows})
    guesses = np.stack([(1 - margin) / 2, 1 - own], axis=1)
    rng = np.random.default_rng([reviewed._seed, *b"reviewed"])
    assert found.cutoff == learn_cutoff(orders, draws, guesses, Aim(), rng)
    first = orders[found.cutoff.order][: found.cutoff.size]
    assert sorted(found.indices) == sorted(first)
    assert found.rule == "reviewed"
    for index, rules in zip(found.indices, found.rules, strict=True):
        assert rules == (*(rule for rule in RULES if masks[rule][index]), "reviewed")
    assert (np.diff(found.scores) >= 0).all()
    assert found.scores[0] == margin[found.indices[0]]


def test_its_estimates_are_near_the_truth(reviewed):
    found = reviewed.find(rule="reviewed")
    right = np.count_nonzero(WRONG[found.indices])
    cutoff = found.cutoff
    assert cutoff.precision.low <= right / len(found) <= cutoff.precision.high
    assert cutoff.recall.low <= right / WRONG.sum() <= cutoff.recall.high
    assert cutoff.checked == 150


def test_the_same_votes_choose_the_same(reviewed):
    one, other = (reviewed.find(rule="reviewed") for _ in range(2))
    assert one.to_dict() == other.to_dict()


def test_what_was_chosen_is_kept_with_the_run(reviewed):
    found = reviewed.find(rule="reviewed", aim="recall=0.9")
    run, candidates = runs(reviewed)
    assert run["rule"] == "reviewed"
    assert run["settings"]["cutoff"] == found.cutoff.to_dict() == found.to_dict()["cutoff"]
    assert run["settings"]["cutoff"]["aim"] == "recall=0.9"
    assert [row["example"] for row in candidates] == found.indices.tolist()


def test_a_recall_that_is_wanted_flags_more_and_a_precision_fewer(reviewed):
    sizes = [
        len(reviewed.find(rule="reviewed", aim=aim))
        for aim in ("precision=0.9", "f1", "recall=0.9")
    ]
    assert sizes == sorted(sizes)
    assert sizes[0] < sizes[2]


@pytest.mark.parametrize("options", [{"compat": "cleanlab"}, {"normalize": True}])
def test_it_goes_with_other_options(reviewed, options):
    found = reviewed.find(rule="reviewed", score="self_confidence", **options)
    assert len(found) == found.cutoff.size


def test_where_all_is_reviewed_the_cut_is_the_best_there_is(tmp_path):
    audit = small_audit(tmp_path / "a")
    audit.find()
    audit.plan(goal="rate", budget=60, votes=1, threshold=1)
    answer(audit, planned_rows(audit), np.arange(60) < 8)
    found = audit.find(rule="reviewed")
    assert sorted(found.indices) == list(range(8))
    assert found.cutoff.f1 == pytest.approx((1, 1, 1))


def test_the_other_verbs_go_on_from_it(tmp_path):
    audit = drawn_audit(tmp_path / "a")
    answer(audit, planned_rows(audit))
    found = audit.find(rule="reviewed")
    again = audit.plan(goal="errors")
    before = {row["example"] for row in planned_rows(audit) if row["plan"] == 1}
    new = [row for row in planned_rows(audit) if row["plan"] == 2]
    # what was reviewed already is flagged as the rule has it, and is not asked about again
    assert {row["example"] for row in new} == set(found.indices.tolist()) - before
    assert again.added == len(new)
    answer(audit, new)
    story = audit.why(str(new[0]["example"]))
    assert "by rule 'reviewed'" in repr(story)
    assert audit.find(rule="reviewed").cutoff.checked == 150 + len(new)
    release = audit.release(tmp_path / "r")
    manifest = json.loads((release.path / "manifest.json").read_text())
    assert '"rule": "reviewed"' in json.dumps(manifest)
    audit.report(tmp_path / "report.html")
    assert "reviewed" in (tmp_path / "report.html").read_text()
    audit.plan(goal="rate", budget=20)
    assert audit.error_rate().count.checked == 150 + len(new)


# ---------------------------------------------------------------- aims


@pytest.mark.parametrize(
    ("words", "aim"),
    [
        ("f1", Aim()),
        ("precision=0.9", Aim(name="precision", least=0.9)),
        (" recall = .5", Aim(name="recall", least=0.5)),
    ],
)
def test_an_aim_is_a_word_and_maybe_a_number(words, aim):
    assert as_aim(words) == aim


@pytest.mark.parametrize("words", ["precision", "recall=", "recall=1", "recall=80", "recall=most"])
def test_an_aim_of_no_share_is_refused(words):
    with pytest.raises(InputError, match=r"how much of it, between 0 and 1, such as '\w+=0\.9'"):
        as_aim(words)


def test_the_best_f1_takes_no_number():
    with pytest.raises(InputError, match="'f1' is the best there is: leave out '0.9'"):
        as_aim("f1=0.9")


def test_an_unknown_aim_is_told_of_the_nearest():
    with pytest.raises(NameUnknownError, match="precision"):
        as_aim("precison=0.9")


def test_an_aim_goes_with_no_other_rule(reviewed):
    with pytest.raises(InputError, match="the rule is 'margin', which has a cut of its own"):
        reviewed.find(aim="f1")


def test_an_aim_out_of_reach_is_told_and_nothing_is_kept(tmp_path):
    audit = drawn_audit(tmp_path / "a")
    answer(audit, planned_rows(audit), np.arange(N) % 10 == 5)  # which no probability foretells
    before = runs(audit)[0]["id"]
    message = r"expected to reach a precision of 0\.9: the highest is 0\..*, rule .*Ask for less"
    with pytest.raises(InputError, match=message):
        audit.find(rule="reviewed", aim="precision=0.9")
    assert runs(audit)[0]["id"] == before


# ---------------------------------------------------------------- what is refused


def test_arrays_alone_have_no_reviews():
    with pytest.raises(InputError, match="learns its cut from reviewed examples, which an audit"):
        errata.find(np.arange(N) % 3, doubting_probs(WRONG), rule="reviewed")


def test_without_a_plan_by_chance_it_says_how_to_make_one(tmp_path):
    audit = small_audit(tmp_path / "a")
    with pytest.raises(AuditError, match="no plan of this audit has drawn any"):
        audit.find(rule="reviewed")
    census = planned_audit(tmp_path / "b", votes=1, threshold=1)
    answer(census, planned_rows(census), np.arange(60) < 8)
    with pytest.raises(AuditError, match=r"`errata plan AUDIT --goal rate --budget 300`"):
        census.find(rule="reviewed")


def test_of_too_few_reviews_it_says_how_many_it_takes(tmp_path):
    audit = drawn_audit(tmp_path / "a")
    answer(audit, planned_rows(audit)[:49])
    with pytest.raises(AuditError, match=r"from 50 or more .*Here 49 of the drawn ones count"):
        audit.find(rule="reviewed")
    answer(audit, planned_rows(audit)[49:55])
    assert audit.find(rule="reviewed").cutoff.checked == 55


def test_of_too_few_errors_it_says_so(tmp_path):
    audit = drawn_audit(tmp_path / "a")
    answer(audit, planned_rows(audit), np.zeros(N, dtype=bool))
    with pytest.raises(
        AuditError, match="5 or more must have wrong labels.* in all 0 wrong and 150"
    ):
        audit.find(rule="reviewed")


def test_a_count_is_not_for_it(reviewed):
    with pytest.raises(InputError, match="rule 'reviewed' has a cut of its own"):
        reviewed.find(rule="reviewed", count=3)


def test_models_as_voters_have_a_rule_of_their_own(reviewed):
    with pytest.raises(InputError, match="rule cannot be chosen"):
        reviewed.find(rule="reviewed", predictions={name: np.zeros(N, int) for name in "abc"})


def test_sets_of_labels_are_not_for_it(tmp_path):
    with pytest.raises(InputError, match="'reviewed' is for examples with one label each"):
        sounds(tmp_path / "a").find(rule="reviewed")


# ---------------------------------------------------------------- the command


def test_the_command_says_in_words_what_was_chosen(reviewed):
    words = ("find", reviewed.path, "--rule", "reviewed", "--aim", "recall=0.8")
    done = run_errata(*words, "--quiet")
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    cutoff = reviewed.find(rule="reviewed", aim="recall=0.8").cutoff
    told = f"Chosen by 150 reviewed examples for recall=0.8: rule {cutoff.order}, first "
    assert told in " ".join(done.stdout.split())
    assert f"recall .{100 * cutoff.recall.value:.0f} (" in " ".join(done.stdout.split())
    listed = run_errata(*words, "--format", "csv")
    assert told in listed.stderr
    assert told not in listed.stdout


def test_what_comes_next_of_a_sample_is_to_find_the_others(reviewed):
    told = run_errata("verdicts", reviewed.path).stderr
    assert f"Next: errata find {reviewed.path} --rule reviewed" in told
    found = run_errata("find", reviewed.path, "--rule", "reviewed")
    assert f"Next: errata plan {reviewed.path} --goal errors" in found.stderr
    assert "estimated errors" not in found.stderr, "what reviews say is surer"
    assert "errors estimated" not in repr(reviewed.find(rule="reviewed"))


@pytest.mark.parametrize(("wrong", "words"), [(0, "release {} OUT"), (3, "plan {} --goal errors")])
def test_of_few_errors_in_a_sample_no_cut_is_learnt(tmp_path, wrong, words):
    audit = drawn_audit(tmp_path / "a")
    rows = planned_rows(audit)
    few = np.zeros(N, dtype=bool)
    few[[row["example"] for row in rows[:wrong]]] = True
    answer(audit, rows, few)
    next_ = f"Next: errata {words.format(audit.path)}"
    assert next_ in run_errata("verdicts", audit.path).stderr


def test_why_of_what_chance_drew_names_no_rank(reviewed):
    flagged = set(reviewed.find().indices.tolist())
    drawn = next(r["example"] for r in planned_rows(reviewed) if r["example"] not in flagged)
    told = repr(reviewed.why(reviewed.ids[drawn]))
    assert "not flagged by run 1, rule 'margin', normalized_margin" in told
    assert "rank" not in told.split("run 2")[0]
    assert "  flagged by" not in told.split("run 2")[0]


def test_json_holds_what_was_chosen(reviewed):
    done = run_errata("find", reviewed.path, "--rule", "reviewed", "--format", "json")
    found = json.loads(done.stdout)
    assert found["cutoff"] == json.loads(
        json.dumps(reviewed.find(rule="reviewed").cutoff.to_dict())
    )
    assert len(found["flagged"]) == found["cutoff"]["size"]


def test_an_aim_without_an_audit_gets_a_sentence(tmp_path):
    np.save(tmp_path / "l.npy", np.arange(N) % 3)
    np.save(tmp_path / "p.npy", doubting_probs(WRONG))
    arrays = ("--labels", "l.npy", "--probs", "p.npy")
    done = run_errata("find", *arrays, "--aim", "f1", cwd=tmp_path)
    assert done.returncode == 2
    assert "`errata find AUDIT --rule reviewed --aim f1`" in " ".join(done.stderr.split())
    done = run_errata("find", *arrays, "--rule", "reviewed", cwd=tmp_path)
    assert done.returncode == 2
    assert "learns its cut from reviewed examples" in " ".join(done.stderr.split())
