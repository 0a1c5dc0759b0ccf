import csv
import json
import math
from fractions import Fraction
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from errata.comparison import compare
from errata.core.accuracy import corrected_labels, label_sets
from errata.core.consensus import VERDICTS, verdict_codes
from errata.errors import NameUnknownError, PredictionError
from errata.sources.predictions import read_predictions
from helpers import REPO

GOLDEN = Path(__file__).parent / "golden"
TABLE_S2 = REPO / "src/errata/paper/printed/table_s2.csv"
PUBLISHED_ANSWERS = ("given", "guessed", "both", "neither")  # in the order of ANSWERS
CLASSES = 4
WORDS = "rank@1", "crank@1", "rank@5", "crank@5"


def compared(predictions, given_labels, examples=(), suggested=(), codes=(), *, k=(1, 5)):
    given_labels, examples, suggested, codes = (
        np.array(each, dtype=int) for each in (given_labels, examples, suggested, codes)
    )
    return compare(
        {model: np.array(top).reshape(len(given_labels), -1) for model, top in predictions.items()},
        given=given_labels,
        corrected=corrected_labels(given_labels, examples, suggested, codes),
        sets=label_sets(len(given_labels), examples, codes),
        k=k,
    )


# ---------------------------------------------------------------- laws


@st.composite
def benchmarks(draw):
    n = draw(st.integers(1, 10))
    labels = st.integers(0, CLASSES - 1)
    examples = draw(st.lists(st.integers(0, n - 1), unique=True))
    predictions = {}
    for index in range(draw(st.integers(1, 4))):
        columns = draw(st.integers(1, CLASSES))
        rows = draw(st.lists(st.permutations(range(CLASSES)), min_size=n, max_size=n))
        predictions[f"model {index}"] = [row[:columns] for row in rows]
    return {
        "predictions": predictions,
        "given_labels": draw(st.lists(labels, min_size=n, max_size=n)),
        "examples": examples,
        "suggested": [draw(labels) for _ in examples],
        "codes": [draw(st.sampled_from([1, 1, 1, *range(-1, 5)])) for _ in examples],
        "k": (1, 2, 3),
    }


def sets_by_hand(benchmark):
    n = len(benchmark["given_labels"])
    code = dict(zip(benchmark["examples"], benchmark["codes"], strict=True))
    correctable = {e for e in range(n) if code.get(e) == 1}
    unknown = {e for e in range(n) if code.get(e, -1) >= 2}
    everything = set(range(n))
    pruned = everything - unknown
    return {
        "D": everything,
        "P": pruned,
        "B": pruned - correctable,
        "C": correctable,
        "U": unknown,
    }


def hits_by_hand(benchmark, labels, subset, k):
    """Return the hits on a set of each model with at least k answers."""
    truth = list(benchmark["given_labels"])
    if labels == "corrected":
        rows = zip(*(benchmark[name] for name in ("examples", "suggested", "codes")), strict=True)
        for example, suggested, code in rows:
            truth[example] = suggested if code == 1 else truth[example]
    return {
        model: sum(truth[example] in top[example][:k] for example in subset)
        for model, top in benchmark["predictions"].items()
        if len(top[0]) >= k
    }


@given(benchmarks())
def test_every_score_is_that_of_counting_one_by_one(benchmark):
    comparison = compared(**benchmark)
    sets = sets_by_hand(benchmark)
    assert comparison.sizes == {name: len(members) for name, members in sets.items()}
    for labels, subsets in (("original", "DPBC"), ("corrected", "PBC")):
        for subset in subsets:
            for k in (1, 2, 3):
                hits = hits_by_hand(benchmark, labels, sets[subset], k)
                for each in comparison.models:
                    score = each.score(labels, subset, k)
                    if each.model not in hits:
                        assert score is None
                        continue
                    assert (score.hits, score.of) == (hits[each.model], len(sets[subset]))
                    better = sum(other > score.hits for other in hits.values())
                    assert score.rank == (better + 1 if sets[subset] else None)


@given(benchmarks())
def test_crossings_are_where_the_curves_of_two_models_meet(benchmark):
    comparison = compared(**benchmark)
    sets = sets_by_hand(benchmark)
    for labels, found in (
        ("original", comparison.original_crossings),
        ("corrected", comparison.crossings),
    ):
        on_b, on_c = (hits_by_hand(benchmark, labels, sets[subset], 1) for subset in "BC")
        apart = [(on_b[a] - on_b[b]) * (on_c[a] - on_c[b]) < 0 for a, b in combinations(on_b, 2)]
        assert len(found) == sum(apart)
        for each in found:
            ahead_on_b = Fraction(on_b[each.a] - on_b[each.b], len(sets["B"]))
            ahead_on_c = Fraction(on_c[each.a] - on_c[each.b], len(sets["C"]))
            assert (1 - each.exact) * ahead_on_b + each.exact * ahead_on_c == 0
        ends = {
            (row["model"], row["prevalence"]): row["accuracy"] for row in comparison.curves(labels)
        }
        if sets["B"] and sets["C"]:
            for model in on_b:
                assert ends[model, 0.0] == on_b[model] / len(sets["B"])
                assert ends[model, 1.0] == on_c[model] / len(sets["C"])
        else:
            assert ends == {}
            assert found == ()


def test_models_that_cross_on_corrected_labels_need_not_on_the_given_ones():
    models = {"a": [0, 0], "b": [1, 1]}
    comparison = compared(models, [0, 0], examples=[1], suggested=[1], codes=[1])
    [crossing] = comparison.crossings
    assert (crossing.below, crossing.above, crossing.exact) == ("a", "b", Fraction(1, 2))
    assert comparison.original_crossings == ()


@given(benchmarks())
def test_whatever_the_benchmark_it_can_be_shown_and_written(benchmark):
    comparison = compared(**benchmark)
    assert comparison.headline() in " ".join(repr(comparison).split())
    assert comparison.details().startswith(repr(comparison))
    json.dumps(comparison.to_dict(), allow_nan=False)
    rows = comparison.rows()
    assert len({tuple(row) for row in rows}) == 1, "every row has the same columns"
    assert not any(isinstance(value, float) and math.isnan(value) for value in rows[0].values())
    for subset in ("P", "B", "C"):
        table = comparison.table(subset)
        ranks = [row["crank@1"] or 0 for row in table]
        assert ranks == sorted(ranks)


# ---------------------------------------------------------------- words


def test_the_headline_names_the_leaders_before_and_after():
    models = {"copycat": [0, 0, 1, 1], "clever": [0, 0, 1, 0]}
    comparison = compared(models, [0, 0, 1, 1], examples=[3], suggested=[0], codes=[1])
    assert (
        comparison.headline() == "clever leads on corrected labels; copycat led on the given ones."
    )
    assert comparison.leaders("original", "D") == ("copycat",)
    assert comparison.leaders("corrected", "P") == ("clever",)


@pytest.mark.parametrize(
    ("models", "sentence"),
    [
        ({"a": [0, 1], "b": [0, 0]}, "b leads on corrected labels; a led on the given ones."),
        ({"a": [0, 0], "b": [1, 2]}, "a leads on corrected labels, as on the given ones."),
        ({"a": [0, 0], "b": [0, 0]}, "a and b tie on corrected labels, as on the given ones."),
        (
            {"a": [1, 1], "b": [0, 2], "c": [0, 2]},
            "b and c tie on corrected labels; a, b and c tied on the given ones.",
        ),
        (
            {name: [0, 2] for name in "abcd"},
            "a, b, c and d tie on corrected labels, as on the given ones.",
        ),
        (
            {name: [0, 2] for name in "abcde"},
            "a, b, c and 2 more tie on corrected labels, as on the given ones.",
        ),
        ({"a": [0, 1]}, "a is the only model, so there is no ranking."),
    ],
)
def test_ties_and_lone_models_are_said_honestly(models, sentence):
    comparison = compared(models, [0, 1], examples=[1], suggested=[0], codes=[1])
    assert comparison.headline() == sentence


def test_without_corrected_labels_the_headline_says_so():
    comparison = compared({"a": [0, 1], "b": [0, 0]}, [0, 1])
    assert comparison.headline() == "No label was corrected; a leads on the given ones."
    assert comparison.noise_prevalence == 0
    assert comparison.curves() == []
    assert "C alone" not in comparison.details()


def test_without_a_known_label_there_is_nothing_but_the_given_ones():
    comparison = compared({"a": [0], "b": [1]}, [0], examples=[0], suggested=[1], codes=[3])
    assert math.isnan(comparison.noise_prevalence)
    assert comparison.to_dict()["noise_prevalence"] is None
    assert comparison["a"].corrected[1]["P"].rank is None
    assert math.isnan(comparison["a"].corrected[1]["P"].accuracy)
    assert comparison.headline() == "No label was corrected; a leads on the given ones."


def test_without_a_benign_example_there_are_no_curves():
    comparison = compared({"a": [0], "b": [1]}, [0], examples=[0], suggested=[1], codes=[1])
    assert comparison.noise_prevalence == 1
    assert (comparison.curves(), comparison.crossings) == ([], ())
    assert "no two models change places" in comparison.details()


def test_the_comparison_reads_as_a_table():
    models = {"copycat": [0, 0, 1, 1], "clever": [0, 0, 1, 0], "half": [1, 0, 1, 0]}
    comparison = compared(models, [0, 0, 1, 1], examples=[3], suggested=[0], codes=[1])
    first_screen = (
        "3 models on 4 examples: 3 benign (B: confirmed, or not checked), 1 corrected\n"
        "(C), 0 unknown (U)\n"
        "\n"
        "clever leads on corrected labels; copycat led on the given ones.\n"
        "\n"
        "Percentage right by the given labels (D, 4) and by the corrected ones (P, 4)\n"
        "model      rank   given  corrected\n"
        "clever   2 -> 1   75.00     100.00\n"
        "copycat  1 -> 2  100.00      75.00\n"
        "half     3 -> 2   50.00      75.00"
    )
    assert repr(comparison) == first_screen
    assert comparison.details() == (
        f"{first_screen}\n"
        "\n"
        "Acc is the percentage right by the given labels, cAcc by the corrected ones.\n"
        "\n"
        "P = B and C, 4 examples\n"
        "model     Acc@1  cAcc@1  Rank@1  cRank@1\n"
        "clever    75.00  100.00       2        1\n"
        "copycat  100.00   75.00       1        2\n"
        "half      50.00   75.00       3        2\n"
        "\n"
        "C alone, 1 example\n"
        "model     Acc@1  cAcc@1  Rank@1  cRank@1\n"
        "clever     0.00  100.00       2        1\n"
        "half       0.00  100.00       2        1\n"
        "copycat  100.00    0.00       1        3\n"
        "\n"
        "Noise prevalence N = |C| / |P| = 25.00 %; by corrected labels 1 of 3 pairs\n"
        "changes places at some N, nearest first:\n"
        "  half overtakes copycat at N = 25.00 %"
    )


def test_a_rank_that_stays_is_told_once_and_one_that_is_not_known_too():
    kept = compared({"a": [0, 1], "b": [1, 1]}, [0, 1])
    assert [row["rank"] for row in kept.summary()] == ["1", "2"]
    unknown = compared({"a": [1], "b": [0]}, [0], examples=[0], suggested=[1], codes=[3])
    rows = [(row["model"], row["rank"], row["corrected"]) for row in unknown.summary()]
    assert rows == [("b", "1", None), ("a", "2", None)]


def test_a_model_with_too_few_answers_has_no_score_there():
    models = {"one": [[0], [1]], "many": [[0, 1, 2, 3, 4], [4, 3, 2, 1, 0]]}
    comparison = compare(
        {model: np.array(top) for model, top in models.items()},
        given=np.array([0, 0]),
        corrected=np.array([0, 0]),
        sets=label_sets(2, np.array([], dtype=int), np.array([], dtype=int)),
    )
    assert comparison.k == (1, 5)
    assert comparison["one"].score("original", "D", 5) is None
    assert comparison["many"].score("original", "D", 5).accuracy == 1
    table = {row["model"]: row for row in comparison.table()}
    assert (table["one"]["acc@5"], table["one"]["crank@5"]) == (None, None)
    assert (table["many"]["acc@5"], table["many"]["crank@5"]) == (100, 1)
    row = {row["model"]: row for row in comparison.rows()}["one"]
    assert (row["original_D@1"], row["original_D@5"], row["original_D@5_rank"]) == (0.5, None, None)
    assert "  -  " in comparison.details()


def test_five_answers_are_left_out_where_no_model_gives_them():
    comparison = compared({"a": [[0, 1], [1, 0]]}, [0, 1])
    assert comparison.k == (1,)
    assert list(comparison.table()[0]) == ["model", "acc@1", "cacc@1", "rank@1", "crank@1"]


def test_a_comparison_of_nothing_is_refused():
    with pytest.raises(PredictionError, match="no predictions, so there is no model"):
        compared({}, [0])
    with pytest.raises(PredictionError, match=r"k is \(0, 5\), but whole numbers from 1"):
        compared({"a": [0]}, [0], k=(0, 5))


def test_an_unknown_model_is_named_with_its_nearest():
    with pytest.raises(NameUnknownError, match=r"no model 'resnet51'. Did you mean 'resnet50'"):
        compared({"resnet50": [0], "svm": [0]}, [0])["resnet51"]


# ---------------------------------------------------------------- published figures


def published(data, name, rows_of=None):
    """Return the given labels, candidates, suggested labels and verdicts of a published audit."""
    labels = np.load(data / f"label_errors/labels/{name}_original_labels.npy").astype(int)
    items = json.loads((data / f"label_errors/mturk/{name.split('_')[0]}_mturk.json").read_text())
    votes = np.array([[item["mturk"][answer] for answer in PUBLISHED_ANSWERS] for item in items])
    examples = np.array([rows_of(item) if rows_of else item["id"] for item in items])
    suggested = np.array([item["our_guessed_label"] for item in items])
    assert (labels[examples] == [item["given_original_label"] for item in items]).all()
    return labels, examples, suggested, verdict_codes(votes, threshold=3)


@pytest.fixture(scope="module")
def cifar10(data):
    labels, examples, suggested, codes = published(data, "cifar10_test_set")
    predictions = read_predictions(
        data / "models/cifar10/pytorch_cifar10_top5.npz", n=10_000, n_classes=10
    )
    return compare(
        {model.removeprefix("pytorch_"): top for model, top in predictions.items()},
        given=labels,
        corrected=corrected_labels(labels, examples, suggested, codes),
        sets=label_sets(len(labels), examples, codes),
    )


@pytest.fixture(scope="module")
def imagenet(data):
    paths = json.loads(
        (data / "label_errors/indexing/imagenet_val_set_index_to_filepath.json").read_text()
    )
    row = {path: index for index, path in enumerate(paths)}

    def row_of(item):  # the id of an item is the number of its picture, not a row
        return row[item["url"].split("/imagenet/")[1]]

    labels, examples, suggested, codes = published(data, "imagenet_val_set", row_of)
    predictions = {}
    for name in ("keras_imagenet_top5", "pytorch_imagenet_top5_a", "pytorch_imagenet_top5_b"):
        path = data / f"models/imagenet/{name}.npz"
        predictions |= read_predictions(path, n=50_000, n_classes=1000)
    comparison = compare(
        predictions,
        given=labels,
        corrected=corrected_labels(labels, examples, suggested, codes),
        sets=label_sets(len(labels), examples, codes),
    )
    return comparison, np.bincount(codes, minlength=len(VERDICTS)).tolist()


def test_the_published_cifar10_audit_has_its_verdicts(data, cifar10):
    *_, codes = published(data, "cifar10_test_set")
    counts = dict(zip(VERDICTS, np.bincount(codes, minlength=5).tolist(), strict=True))
    assert counts == {
        "non_error": 221,
        "correctable": 18,
        "multi_label": 0,
        "neither": 4,
        "non_agreement": 32,
    }
    assert cifar10.sizes == {"D": 10_000, "P": 9_964, "B": 9_946, "C": 18, "U": 36}


@pytest.mark.parametrize(
    ("file", "subset"), [(TABLE_S2, "C"), (GOLDEN / "cifar10_pruned.csv", "P")]
)
def test_the_published_cifar10_tables_come_back(cifar10, file, subset):
    with file.open() as lines:
        rows = csv.DictReader(lines)
        expected = {row.pop("model").removeprefix("pytorch_"): row for row in rows}
    rows = {row["model"]: row for row in cifar10.table(subset)}
    assert rows.keys() == expected.keys()
    for model, row in rows.items():
        for column in ("acc@1", "cacc@1", "acc@5", "cacc@5"):
            assert f"{row[column]:.2f}" == expected[model][column], (model, column)
        for column in WORDS:
            tied = sum(other[column] == row[column] for other in rows.values())
            assert row[column] <= int(expected[model][column]) < row[column] + tied, "up to ties"


def test_table_s2_is_printed_with_two_decimals(cifar10):
    printed = cifar10.details()
    for line in (
        "vgg11_bn      27.78   66.67  100.00  100.00      11        1       1        1",
        "googlenet     55.56   38.89   94.44   94.44       1       10      10       13",
        "vgg13_bn leads on corrected labels, as on the given ones.",
    ):
        assert line in printed.splitlines()
    crossings = printed.partition("nearest first:\n")[2].partition("\n\n")[0].splitlines()
    assert crossings[5:] == [f"  and {len(cifar10.crossings) - 5} more"]
    assert crossings[:2] == [
        "  densenet121 overtakes mobilenet_v2 at N = 0.09 %",
        "  densenet169 overtakes mobilenet_v2 at N = 0.76 %",
    ]


def test_the_published_imagenet_audit_has_its_verdicts(imagenet):
    comparison, counts = imagenet
    assert counts == [2524, 1428, 597, 293, 598]
    assert len(comparison.models) == 34
    assert round(100 * comparison.noise_prevalence, 2) == 2.94


@pytest.mark.parametrize(
    ("resnet50", "prevalence"), [("keras_resnet50", 8.61), ("pytorch_resnet50", 42.8)]
)
def test_resnet18_overtakes_the_two_resnet50_at_their_prevalence(imagenet, resnet50, prevalence):
    """The figure 4 of the paper compares it with the one of Keras, at 8.6 %."""
    comparison, _ = imagenet
    [crossing] = [
        each for each in comparison.crossings if {each.a, each.b} == {resnet50, "pytorch_resnet18"}
    ]
    assert (crossing.below, crossing.above) == (resnet50, "pytorch_resnet18")
    assert 100 * crossing.prevalence == pytest.approx(
        prevalence, abs=0.05 if prevalence > 9 else 0.005
    )


def test_imagenet_accuracies_are_those_the_authors_list(data, imagenet):
    comparison, _ = imagenet
    with (data / "models/imagenet/published_accuracies.csv").open() as lines:
        listed = list(csv.DictReader(lines))
    assert {row["model"] for row in listed} == {each.model for each in comparison.models}
    for row in listed:
        # Rounded when published, so that 7 rows of resnet152 tie for the first place.
        tolerance = 0.02 if row["model"] == "pytorch_resnet152" else 0.005
        for k in (1, 5):
            score = comparison[row["model"]].score("original", "D", k)
            assert score.percent == pytest.approx(float(row[f"acc{k}_percent"]), abs=tolerance)
