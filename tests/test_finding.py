"""`find`: the laws it keeps, the published facts it must give back, and a slow oracle."""

import json
import warnings
from dataclasses import fields
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import errata
from errata import finding
from errata.core import thresholds
from errata.finding import COMPATS, RULES, SCORES, Findings


@st.composite
def audits(draw, max_n=24):
    """Draw labels and coarse probabilities: rows of eighths that sum to 1, so ties are common."""
    n, m = draw(st.integers(2, max_n)), draw(st.integers(2, 5))
    labels = draw(hnp.arrays(np.int64, n, elements=st.integers(0, m - 1)))
    cuts = draw(hnp.arrays(np.int64, (n, m - 1), elements=st.integers(0, 8)))
    edges = np.hstack([np.zeros((n, 1), int), np.sort(cuts, axis=1), np.full((n, 1), 8)])
    dtype = draw(st.sampled_from([np.float16, np.float32, np.float64]))
    return labels, (np.diff(edges, axis=1) / 8).astype(dtype)


def quiet_find(*args, **kwargs) -> Findings:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", errata.ErrataWarning)
        return errata.find(*args, **kwargs)


def as_bytes(findings: Findings) -> dict[str, object]:
    """Return every field as bytes, so that not even the last bit of a float may differ."""
    values = {field.name: getattr(findings, field.name) for field in fields(findings)}
    return {k: v.tobytes() if isinstance(v, np.ndarray) else v for k, v in values.items()}


# ---------------------------------------------------------------- a slow, separate oracle


def find_by_hand(labels, probs):
    """Return thresholds, confident joint, and the flagged set of each rule, all in fractions."""
    n, m = probs.shape
    p = [[Fraction(float(value)) for value in row] for row in probs]
    classes = range(m)
    of_class = [[i for i in range(n) if labels[i] == j] for j in classes]
    exact = [
        sum(p[i][j] for i in of_class[j]) / len(of_class[j]) if of_class[j] else None
        for j in classes
    ]
    t = [None if mean is None else Fraction(float(mean)) for mean in exact]

    estimate = []
    for i in range(n):
        confident = [j for j in classes if t[j] is not None and p[i][j] >= t[j]]
        estimate.append(max(confident, key=lambda j: (p[i][j], -j)) if confident else None)
    c = [[sum(estimate[i] == j for i in of_class[k]) for j in classes] for k in classes]
    total = sum(map(sum, c))
    errors = (total - sum(c[j][j] for j in classes)) * n // total if total else 0

    counts = []
    for k in classes:
        row_sum, size = sum(c[k]), len(of_class[k])
        share = [
            Fraction(c[k][j] * size, row_sum) if row_sum else Fraction(size * (j == k))
            for j in classes
        ]
        row = [int(x) for x in share]
        for j in sorted(classes, key=lambda j: (int(share[j]) - share[j], j))[: size - sum(row)]:
            row[j] += 1
        counts.append(row)

    margin = [p[i][labels[i]] - max(p[i][j] for j in classes if j != labels[i]) for i in range(n)]
    flagged = {
        "margin": set(sorted(range(n), key=lambda i: (margin[i], i))[:errors]),
        "confident": {i for i in range(n) if estimate[i] not in (None, labels[i])},
        "argmax": {i for i in range(n) if margin[i] < 0},
        "class": set(),
        "noise_rate": set(),
    }
    for k in classes:
        ranked = sorted(of_class[k], key=lambda i: (p[i][k], i))
        flagged["class"] |= set(ranked[: len(of_class[k]) - counts[k][k]])
        for j in set(classes) - {k}:
            ranked = sorted(of_class[k], key=lambda i: (p[i][k] - p[i][j], i))
            flagged["noise_rate"] |= set(ranked[: counts[k][j]])
    flagged["both"] = flagged["class"] & flagged["noise_rate"]
    return exact, c, errors, margin, flagged


@given(audits(), st.sampled_from(RULES))
def test_find_agrees_with_the_definitions_written_out_in_fractions(audit, rule):
    labels, probs = audit
    found = quiet_find(labels, probs, rule=rule)
    exact, c, errors, margin, flagged = find_by_hand(labels, probs)
    assert found.to_dict()["thresholds"] == [None if t is None else float(t) for t in exact]
    assert found.confident_joint.tolist() == c
    assert found.estimated_errors == errors
    assert found.indices.tolist() == sorted(flagged[rule], key=lambda i: (margin[i], i))
    for index, suggested, names in zip(found.indices, found.suggested, found.rules, strict=True):
        others = [j for j in range(probs.shape[1]) if j != labels[index]]
        assert suggested == max(others, key=lambda j: (probs[index, j], -j))
        assert names == tuple(name for name in RULES if index in flagged[name])


# ---------------------------------------------------------------- laws


@given(
    audits(),
    st.sampled_from(RULES),
    st.sampled_from(SCORES),
    st.sampled_from([None, *COMPATS]),
    st.integers(1, 30),
    st.integers(1, 4),
    st.booleans(),
)
def test_neither_chunk_size_nor_thread_count_changes_a_byte(
    audit, rule, score, compat, chunk_rows, threads, normalize
):
    labels, probs = audit
    if normalize:
        probs = probs * 3
    call = {"rule": rule, "score": score, "compat": compat, "normalize": normalize}
    plain = quiet_find(labels, probs, threads=1, chunk_rows=10**6, **call)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(finding, "_CHUNK_BYTES", 64)  # flagged examples are looked up a few at a time
        patch.setattr(finding, "_MOST_ENTRIES", 16)
        patch.setattr(thresholds, "MOST_ROWS", 5)
        cut = quiet_find(labels, probs, threads=threads, chunk_rows=chunk_rows, **call)
    assert as_bytes(cut) == as_bytes(plain)


@given(audits(), st.sampled_from(RULES), st.sampled_from(SCORES), st.sampled_from([2, 3, 7]))
def test_normalize_is_dividing_each_row_by_its_sum(audit, rule, score, factor):
    labels, probs = audit
    scaled = probs.astype(np.float64) * factor
    divided = scaled / scaled.sum(axis=1, keepdims=True)
    ours = quiet_find(labels, scaled, rule=rule, score=score, normalize=True)
    assert as_bytes(ours) == as_bytes(quiet_find(labels, divided, rule=rule, score=score))


@given(audits(), st.sampled_from(RULES), st.sampled_from(SCORES), st.randoms())
def test_the_order_of_the_rows_changes_no_byte_but_their_place(audit, rule, score, random):
    """Ties go by id, so ids that travel with their rows make the result free of the row order."""
    labels, probs = audit
    ids = np.array([f"{i:03}" for i in range(len(labels))])
    place = np.array(random.sample(range(len(labels)), len(labels)))
    plain = quiet_find(labels, probs, ids=ids, rule=rule, score=score)
    moved = quiet_find(labels[place], probs[place], ids=ids[place], rule=rule, score=score)
    a, b = as_bytes(plain), as_bytes(moved)
    assert place[moved.indices].tolist() == plain.indices.tolist()
    assert moved.self_confidence.tobytes() == plain.self_confidence[place].tobytes()
    for name in set(a) - {"indices", "self_confidence", "warnings"}:
        assert a[name] == b[name], name


@given(audits(), st.sampled_from(["C", "F"]))
def test_neither_memory_layout_nor_a_file_changes_a_byte(tmp_path_factory, audit, order):
    labels, probs = audit
    path = tmp_path_factory.mktemp("probs") / "probs.npy"
    np.save(path, np.asarray(probs, order=order))
    plain = as_bytes(quiet_find(labels, probs))
    assert as_bytes(quiet_find(labels, np.asarray(probs, order=order))) == plain
    assert as_bytes(quiet_find(labels, path)) == plain


@given(audits())
def test_every_example_twice_flags_every_example_twice(audit):
    labels, probs = audit
    once = quiet_find(labels, probs, rule="confident")
    twice = quiet_find(np.tile(labels, 2), np.tile(probs, (2, 1)), rule="confident")
    np.testing.assert_array_equal(twice.confident_joint, 2 * once.confident_joint)
    np.testing.assert_array_equal(
        np.sort(twice.indices % len(labels)), np.sort(np.tile(once.indices, 2))
    )


def test_progress_reaches_the_end_of_every_pass():
    seen: list[tuple[int, int]] = []
    labels, probs = np.arange(40) % 4, np.full((40, 4), 0.25)
    errata.find(labels, probs, chunk_rows=7, progress=lambda *at: seen.append(at))
    assert seen.count((40, 40)) >= 2
    assert {done for done, total in seen if total == 40} == {7, 14, 21, 28, 35, 40}


def test_json_has_exactly_the_promised_keys():
    p = np.array([0.9, 0.8, 0.1, 0.2, 0.3, 0.1])
    labels, probs = np.array([0, 0, 0, 1, 1, 1]), np.stack([p, 1 - p], axis=1)
    printed = json.loads(json.dumps(errata.find(labels, probs).to_dict()))
    assert list(printed) == [
        "n", "classes", "rule", "score", "estimated_errors", "thresholds", "warnings", "flagged",
    ]  # fmt: skip
    assert [list(row) for row in printed["flagged"]] == [
        ["index", "given", "suggested", "score", "rules"]
    ]


# ---------------------------------------------------------------- published facts


COUNTED = ("noise_rate", "class", "both", "confident", "argmax")
PUBLISHED = {  # candidates sent to the workers; counts of these rules with cleanlab's definitions
    "mnist": (15, (15, 15, 15, 15, 87)),
    "cifar10": (275, (284, 284, 226, 244, 706)),
    "20news": (93, (95, 96, 44, 55, 577)),
    "imdb": (1310, (1309, 1309, 1309, 1076, 2606)),
}


def published(data, name):
    folder = data / "label_errors"
    labels = folder / "labels" / f"{name}_test_set_original_labels.npy"
    return labels, folder / "pred_probs" / f"{name}_test_set_pyx.npy"


def worker_rows(data, name):
    items = json.loads((data / "label_errors" / "mturk" / f"{name}_mturk.json").read_text())
    if name != "imdb":
        return {item["id"] for item in items}
    names = json.loads(
        (data / "label_errors" / "indexing" / "imdb_test_set_index_to_filename.json").read_text()
    )
    row = {name: index for index, name in enumerate(names)}
    return {row[item["id"].removeprefix("test/") + ".txt"] for item in items}


@pytest.mark.parametrize("name", ["cifar10", "20news", "imdb"])
def test_margin_flags_exactly_the_examples_that_went_to_the_workers(data, name):
    found = quiet_find(*published(data, name))
    assert found.estimated_errors == len(found) == PUBLISHED[name][0]
    assert set(found.indices.tolist()) == worker_rows(data, name)


def test_the_hundred_mnist_examples_of_the_study_are_the_hundred_lowest_margins(data):
    assert quiet_find(*published(data, "mnist")).estimated_errors == 15
    found = quiet_find(*published(data, "mnist"), count=100)
    assert found.estimated_errors == 15, "the estimate stays an estimate"
    assert set(found.indices.tolist()) == worker_rows(data, "mnist")


@given(audits(), st.data())
def test_a_count_flags_the_first_so_many_by_margin_and_then_by_row(audit, draw):
    labels, probs = audit
    count = draw.draw(st.integers(1, len(labels) + 2))
    others = np.where(np.arange(probs.shape[1]) == labels[:, None], -1, probs)
    margins = probs[np.arange(len(labels)), labels] - others.max(axis=1)
    expected = sorted(range(len(labels)), key=lambda row: (margins[row], row))[:count]
    assert quiet_find(labels, probs, count=count).indices.tolist() == expected


def test_a_count_is_for_rule_margin():
    with pytest.raises(errata.InputError, match="rule 'class' has a cut of its own"):
        errata.find([0, 1], [[0.5, 0.5], [0.5, 0.5]], rule="class", count=1)


@pytest.mark.parametrize("name", PUBLISHED)
def test_counts_with_cleanlabs_definitions(data, name):
    found = [
        len(quiet_find(*published(data, name), rule=rule, compat="cleanlab")) for rule in COUNTED
    ]
    assert found == list(PUBLISHED[name][1])


def test_an_audit_settles_ties_by_its_ids_whatever_the_order_of_its_rows(tmp_path):
    labels = np.array([0, 1] * 20)
    probs = np.tile([[0.3, 0.7], [0.7, 0.3], [0.6, 0.4], [0.4, 0.6]], (10, 1))
    ids = np.array([f"{i:02}" for i in range(40)])
    flagged = []
    for order in (np.arange(40), np.arange(40)[::-1]):
        audit = errata.Audit.create(
            tmp_path / f"{order[0]}.audit", labels=labels[order], probs=probs[order], ids=ids[order]
        )
        flagged.append([audit.ids[index] for index in audit.find(rule="class").indices])
    assert flagged[0] == flagged[1]


@pytest.mark.parametrize("name", ["count", "threads", "chunk_rows"])
def test_a_count_below_one_is_refused(name):
    with pytest.raises(errata.InputError, match=f"{name} is 0, but it counts things"):
        errata.find([0, 1], [[0.5, 0.5], [0.5, 0.5]], **{name: 0})


def test_a_count_of_numpys_is_kept_like_any_other(tmp_path):
    labels, probs = np.array([0, 1] * 20), np.tile([[0.3, 0.7], [0.7, 0.3]], (20, 1))
    audit = errata.Audit.create(tmp_path / "a.audit", labels=labels, probs=probs)
    assert len(audit.find(count=np.int64(3))) == 3
