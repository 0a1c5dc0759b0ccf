"""Embeddings are made once, kept, and learnt from without a look at what is predicted."""

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
import pytest

from errata.datasets.base import Dataset
from errata.datasets.media import Features, Texts
from errata.errors import ErrataWarning, FileError, InputError
from errata.predict import embedded
from errata.predict.base import Fold
from errata.predict.checkpoints import Checkpoints
from errata.predict.crossval import cross_val_probs
from errata.predict.embedded import Embedded, Embedding, LearntEmbedding


def blobs(n=60, seed=0, groups=None):
    rng = np.random.default_rng(seed)
    labels = np.arange(n) % 3
    values = rng.standard_normal((n, 4)) + 3 * np.eye(3, 4)[labels]
    ids = [f"row {index}" for index in range(n)]
    return Dataset("blobs", "all", ids, labels, ("a", "b", "c"), Features(values), groups=groups)


@dataclass(frozen=True)
class AsTheyAre:
    """Rows of features as they are, and a list of those that were asked for."""

    asked: list = field(default_factory=list)
    fails_at: int | None = None

    name = "as they are"
    kinds: ClassVar = ("features",)

    def settings(self):
        return {}

    def notes(self):
        return ()

    def rows(self, data):
        def rows(data, some):
            if self.fails_at is not None and self.fails_at in some:
                raise FileError(f"row {self.fails_at} cannot be read")
            self.asked.extend((len(data), index) for index in some)
            return np.array([data.load(index) for index in some], np.float32)

        return rows


@dataclass(frozen=True)
class Noted(AsTheyAre):
    def notes(self):
        return ("a note",)


@dataclass(frozen=True)
class Centred(AsTheyAre):
    """Rows without their mean over the training part, which is written down."""

    learnt: list = field(default_factory=list)

    def learn(self, rows, seed):
        self.learnt.append((rows, seed))
        return lambda some: some - rows.mean(axis=0)


@pytest.fixture
def _small_pieces(monkeypatch):
    monkeypatch.setattr(embedded, "PIECE", 7)


@pytest.mark.usefixtures("_small_pieces")
def test_every_example_is_embedded_once_in_all_folds():
    model = Embedded(Noted())
    with pytest.warns(ErrataWarning, match="^a note$"):
        found = cross_val_probs(model, blobs(), folds=4, pretrain=blobs(90, seed=1))
    assert found.quality.accuracy > 0.9
    once = [(60, index) for index in range(60)] + [(90, index) for index in range(90)]
    assert model.embedding.asked == once


@pytest.mark.usefixtures("_small_pieces")
def test_pieces_and_kept_ones_make_no_difference(tmp_path, monkeypatch):
    stopped = Embedded(AsTheyAre(fails_at=40))
    with pytest.raises(FileError, match="row 40"):
        cross_val_probs(stopped, blobs(), folds=3, resume=tmp_path / "run")
    again = Embedded(AsTheyAre())
    found = cross_val_probs(again, blobs(), folds=3, resume=tmp_path / "run")
    assert again.embedding.asked == [(60, index) for index in range(35, 60)]
    monkeypatch.setattr(embedded, "PIECE", 1000)
    whole = cross_val_probs(Embedded(AsTheyAre()), blobs(), folds=3)
    assert found.probs.tobytes() == whole.probs.tobytes()


def test_what_an_embedding_learns_it_learns_from_the_training_part_and_what_comes_first():
    data, first = blobs(), blobs(30, seed=1)
    model = Embedded(Centred())
    assert isinstance(model.embedding, LearntEmbedding)
    found = cross_val_probs(model, data, folds=3, pretrain=first, seed=5)
    before = np.array([first.load(row) for row in range(30)], np.float32)
    own = np.array([data.load(row) for row in range(60)], np.float32)
    for number, (rows, seed) in enumerate(model.embedding.learnt):
        np.testing.assert_array_equal(rows, np.vstack([before, own[found.folds != number]]))
        assert seed == 5 + number
    assert found.quality.accuracy > 0.9


def test_what_comes_first_is_learnt_from():
    few, more = blobs(15, seed=1), blobs(600, seed=2)
    alone = cross_val_probs(Embedded(AsTheyAre()), few, folds=3)
    both = cross_val_probs(Embedded(AsTheyAre()), few, folds=3, pretrain=more)
    assert both.quality.log_loss < alone.quality.log_loss


def fold_of(data, **options):
    held_out = np.arange(len(data)) % 3 == 0
    return Fold(
        data=data,
        number=0,
        train=np.flatnonzero(~held_out),
        held_out=np.flatnonzero(held_out),
        pretrain=None,
        seed=0,
        run_seed=0,
        checkpoints=Checkpoints(None, {}),
        report=options.get("report", lambda share, loss: None),
        groups=data.groups,
    )


def test_groups_stay_together_where_the_regularisation_is_chosen(monkeypatch):
    seen = []

    def learn(values, labels, n_classes, *, judges):
        seen.append(judges)
        return real(values, labels, n_classes, judges=judges)

    real = embedded.learn
    monkeypatch.setattr(embedded, "learn", learn)
    groups = np.arange(60) // 6
    fold = fold_of(blobs(groups=groups))
    Embedded(AsTheyAre()).predict(fold)
    (judges,) = seen
    judging, others = groups[fold.train][judges], groups[fold.train][~judges]
    assert 0.1 < judges.mean() < 0.3
    assert not set(judging.tolist()) & set(others.tolist())
    Embedded(AsTheyAre()).predict(fold_of(blobs(groups=np.zeros(60, int))))
    assert not seen[1].any()


@pytest.mark.usefixtures("_small_pieces")
@pytest.mark.parametrize("embedding", [AsTheyAre(), Centred()])
def test_shares_grow_while_it_embeds(embedding):
    shares = []
    fold = fold_of(blobs(), report=lambda share, loss: shares.append(share))
    Embedded(embedding).predict(fold)
    assert shares == sorted(shares)
    assert len(shares) > 8
    assert shares[-1] <= 1


def test_another_kind_of_example_is_refused():
    texts = Dataset("t", "all", ["a", "b"], np.array([0, 1]), ("x", "y"), Texts(["Hi!", "Bah!"]))
    with pytest.raises(InputError, match="as they are is for features, but the examples of t are"):
        cross_val_probs(Embedded(AsTheyAre()), texts, folds=2)


def test_an_embedding_that_does_not_learn_is_one_all_the_same():
    assert isinstance(AsTheyAre(), Embedding)
    assert not isinstance(AsTheyAre(), LearntEmbedding)
