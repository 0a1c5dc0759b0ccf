"""Networks learn, resume to the same bytes, and never see what they predict."""
# ruff: noqa: E402 - torch is an extra, and without it all of this is skipped

import warnings
from dataclasses import replace

import numpy as np
import pytest

from errata.datasets.base import Dataset
from errata.datasets.media import Features, Images, Sounds, Texts
from errata.errors import ErrataWarning, FileError, InputError, NameUnknownError
from errata.predict.base import Fold
from errata.predict.checkpoints import Checkpoints
from errata.predict.crossval import cross_val_probs
from errata.predict.inputs import Pictures
from errata.predict.named import NAMED, named_model
from helpers import require
from killing import check_that_kills_change_nothing
from published_texts import wav

require("torch")

import torch
from torch import nn

from errata.predict.batches import Examples
from errata.predict.torch_model import TorchModel
from errata.predict.training import Lesson, Training, _watched

QUICK = Training(epochs=4, batch_size=16, learning_rate=0.02)


def linear(shape, n_classes):
    return nn.Sequential(nn.Flatten(), nn.Linear(int(np.prod(shape)), n_classes))


def with_chance(shape, n_classes):
    """Return a network in which dropout and batch statistics are at work."""
    inside = nn.Sequential(nn.Flatten(), nn.Linear(int(np.prod(shape)), 16), nn.BatchNorm1d(16))
    return nn.Sequential(inside, nn.ReLU(), nn.Dropout(0.3), nn.Linear(16, n_classes))


def model(make=linear, **settings):
    training = replace(QUICK, **settings)
    return TorchModel(make=make, name="small", training=training, device="cpu")


def squares(n=120, m=3, seed=0, side=8):
    """Dark pictures with a bright square whose place is the class."""
    rng = np.random.default_rng(seed)
    labels = np.arange(n) % m
    pixels = rng.integers(0, 60, (n, side, side)).astype(np.uint8)
    for row, label in enumerate(labels):
        pixels[row, 2 * label : 2 * label + 2, 3:5] = 220
    ids = [f"square {row}" for row in range(n)]
    return Dataset("squares", "all", ids, labels, tuple("abcd"[:m]), Images(pixels))


def quiet(*args, **options):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ErrataWarning)
        return cross_val_probs(*args, **options)


@pytest.mark.parametrize("make", [linear, with_chance])
def test_a_network_learns_and_a_seed_gives_the_same_bytes(make):
    once, again = (quiet(model(make), squares(), folds=3, seed=5) for _ in "12")
    assert once.quality.accuracy > 0.9
    assert once.probs.tobytes() == again.probs.tobytes()
    np.testing.assert_allclose(once.probs.sum(axis=1), 1, atol=1e-6)
    assert quiet(model(make), squares(), folds=3, seed=6).probs.tobytes() != once.probs.tobytes()


def test_chance_elsewhere_is_neither_used_nor_changed():
    once = quiet(model(with_chance), squares(), folds=2)
    torch.manual_seed(99)
    before = torch.get_rng_state()
    again = quiet(model(with_chance), squares(), folds=2)
    assert torch.equal(torch.get_rng_state(), before)
    assert once.probs.tobytes() == again.probs.tobytes()


def test_what_is_held_out_changes_nothing_of_what_is_learnt():
    data = squares(60)
    before = quiet(model(with_chance), data, folds=3)
    one, *others = np.flatnonzero(before.folds == 0)
    pixels = np.stack([data.load(row) for row in range(60)])
    pixels[others] = 255 - pixels[others]
    labels = data.labels.copy()
    labels[others] = labels[others][::-1]
    changed = replace(data, media=Images(pixels), labels=labels)

    def fold(data):
        train = np.flatnonzero(before.folds != 0)
        rows = np.array([one])
        return Fold(
            data=data,
            number=0,
            train=train,
            held_out=rows,
            pretrain=None,
            seed=0,
            run_seed=0,
            checkpoints=Checkpoints(None, {}),
            report=lambda *_: None,
        )

    a, b = (model(with_chance).predict(fold(each)).probs for each in (data, changed))
    np.testing.assert_array_equal(a, b)
    np.testing.assert_allclose(a[0], before.probs[one], atol=1e-6)


def test_what_a_network_refuses_while_it_learns_is_told_with_model_data_and_fold():
    def normalizing(shape, n_classes):
        width = int(np.prod(shape))
        return nn.Sequential(nn.Flatten(), nn.BatchNorm1d(width), nn.Linear(width, n_classes))

    message = (
        r"does not take the examples of squares \(where fold 1 is held out\): Expected more th"
    )
    with pytest.raises(InputError, match=message):
        quiet(model(normalizing), squares(2), folds=2, duplicates="ignore")


def test_pretraining_is_done_once_and_every_fold_goes_on_from_it():
    first = replace(squares(400, seed=9), part="train")
    begun = []

    def make(shape, n_classes):
        begun.append(shape)
        return linear(shape, n_classes)

    few = squares(24)
    alone = quiet(model(), few, folds=3)
    both = quiet(model(make), few, folds=3, pretrain=first)
    assert len(begun) == 4  # once to pre-train, and for each fold
    assert both.quality.log_loss < alone.quality.log_loss
    assert both.record["job"]["pretrain"]["examples"] == 400


def test_all_layers_are_fine_tuned():
    kept = []

    def make(shape, n_classes):
        kept.append(with_chance(shape, n_classes))
        return kept[-1]

    quiet(model(make), squares(60), folds=2, pretrain=squares(200, seed=3))
    before, *after = ([p.detach() for p in network.parameters()] for network in kept)
    for fold in after:
        assert all(not torch.equal(a, b) for a, b in zip(before, fold, strict=True))


def test_a_class_that_was_never_met_has_probability_0():
    data = squares(41)
    labels = data.labels % 2
    labels[7] = 2
    lonely = replace(data, labels=labels)
    with pytest.warns(ErrataWarning, match="No training example of class 'c' is left where fold"):
        found = cross_val_probs(model(), lonely, folds=3)
    assert found.probs[7, 2] == 0
    assert np.isfinite(found.probs).all()
    pretrained = quiet(model(), lonely, folds=3, pretrain=squares(60))
    assert pretrained.probs[7, 2] > 0


def test_early_stopping_takes_the_best_weights_and_stops():
    epochs = []

    def report(step):
        if step.fold == 0 and step.loss is not None:
            epochs.append(step.loss)

    rng = np.random.default_rng(0)
    data = squares(200)
    wrong = np.where(rng.random(200) < 0.5, rng.integers(0, 3, 200), data.labels)
    noisy = replace(data, labels=wrong)
    patient = model(with_chance, epochs=200, patience=3, learning_rate=0.05)
    found = quiet(patient, noisy, folds=2, progress=report)
    assert 4 <= len(epochs) < 100
    assert min(epochs) not in epochs[-3:]
    assert quiet(patient, noisy, folds=2).probs.tobytes() == found.probs.tobytes()


def test_steps_tell_of_share_and_loss():
    steps = []
    quiet(model(), squares(), folds=2, pretrain=squares(30, seed=1), progress=steps.append)
    shares = [step.fold + step.share for step in steps]
    assert shares == sorted(shares)
    assert shares[-1] == 2
    losses = [step.loss for step in steps if step.loss is not None]
    assert len(losses) == 3 * QUICK.epochs
    assert losses[-1] < losses[QUICK.epochs]


def test_a_loss_that_is_no_number_is_told():
    with pytest.raises(InputError, match=r"The loss is (nan|inf) after epoch \d.*learning_rate"):
        quiet(model(with_chance, learning_rate=1e30), squares(), folds=2)


def test_a_network_that_does_not_fit_is_told():
    def narrow(shape, n_classes):
        return nn.Sequential(nn.Flatten(), nn.Linear(5, n_classes))

    with pytest.raises(InputError, match=r"small does not take examples of shape \(1, 8, 8\)"):
        cross_val_probs(model(narrow), squares())
    with pytest.raises(InputError, match="a score for each of 3 classes"):
        cross_val_probs(model(lambda shape, _: linear(shape, 7)), squares())


def test_texts_are_refused_with_the_way_on():
    texts = Dataset("t", "all", ("a", "b"), np.array([0, 1]), ("x", "y"), Texts(["Hi!", "Bah!"]))
    with pytest.raises(InputError, match="are texts, and this network takes arrays"):
        cross_val_probs(model(), texts, folds=2)


def test_a_module_is_a_model_and_starts_from_its_weights_in_every_fold():
    data = squares()
    network = nn.Sequential(nn.Flatten(), nn.Linear(64, 3))
    before = network[1].weight.detach().clone()
    assert quiet(TorchModel.of(network, QUICK), data, folds=2).quality.accuracy > 0.9
    assert torch.equal(network[1].weight, before)
    found = quiet(network, data, folds=2)
    assert found.record["model"].startswith("Sequential-")
    with torch.no_grad():
        network[1].weight += 1
    assert quiet(network, data, folds=2).record["model"] != found.record["model"]


def test_rows_of_numbers_and_words():
    rng = np.random.default_rng(0)
    labels = np.arange(90) % 3
    values = 1e4 * (rng.standard_normal((90, 4)) + 3 * np.eye(3, 4)[labels])
    ids = [str(row) for row in range(90)]
    rows = Dataset("rows", "all", ids, labels, ("a", "b", "c"), Features(values))
    assert quiet(model(epochs=30), rows, folds=3).quality.accuracy > 0.9
    words = replace(rows, media=Features({"word": np.array(["x"] * 90)}))
    with pytest.raises(InputError, match="are not all numbers"):
        cross_val_probs(model(), words)


@pytest.mark.parametrize("name", sorted(name for name in NAMED if "resnet1" not in name))
def test_every_named_network_learns_a_little(name, tmp_path):
    if "sounds" in NAMED[name].kinds:
        data = tones(tmp_path)
    elif "images" in NAMED[name].kinds:
        data = squares(24, 2, side=16)
    else:
        pytest.skip("no network")
    if name in {"logistic", "patches", "mel"}:
        pytest.skip("no network")
    small = named_model(name, device="cpu", epochs=3, batch_size=8)
    found = quiet(small, data, folds=2)
    assert found.probs.shape == (len(data), 2)
    assert found.record["job"]["settings"]["epochs"] == 3
    np.testing.assert_allclose(found.probs.sum(axis=1), 1, atol=1e-6)


def tones(folder, n=24):
    files = []
    for row in range(n):
        time_ = np.arange(2_000 + 40 * row) / 8_000
        samples = 0.5 * np.sin(2 * np.pi * (300 if row % 2 else 1_500) * time_)
        files.append(folder / f"{row}.wav")
        files[-1].write_bytes(wav((samples * 2**15).astype("<i2").tobytes()))
    ids = [str(row) for row in range(n)]
    return Dataset("tones", "all", ids, np.arange(n) % 2, ("high", "low"), Sounds(files))


def test_what_is_no_network_has_no_epochs():
    with pytest.raises(InputError, match="tfidf-sgd is no network, and has no epochs, device"):
        named_model("tfidf-sgd", epochs=3, device="cpu")
    with pytest.raises(NameUnknownError, match="Did you mean 'resnet50'"):
        named_model("resnet51")
    with pytest.raises(InputError, match="epochs is 0; 1 or more"):
        named_model("vgg", epochs=0)


def test_another_device_or_setting_is_another_run(tmp_path):
    quiet(model(), squares(30), folds=2, resume=tmp_path / "run")
    with pytest.raises(FileError, match="another run .*epochs: 4 before, 5 now"):
        cross_val_probs(model(epochs=5), squares(30), folds=2, resume=tmp_path / "run")


def test_epochs_are_kept_while_a_fold_lasts_and_not_longer(tmp_path):
    there = set()

    def look(_):
        there.update(path.name for path in (tmp_path / "run").glob("*.checkpoint"))

    more = squares(40, seed=2)
    quiet(model(), squares(30), folds=2, pretrain=more, resume=tmp_path / "run", progress=look)
    left = {path.name for path in (tmp_path / "run").glob("*.checkpoint")}
    assert {"pretrained-epochs.checkpoint", "fold-1-epochs.checkpoint"} <= there
    assert left == {"pretrained.checkpoint", "fold-0.checkpoint", "fold-1.checkpoint"}


SLOW_RUN = """
    import sys, time
    import numpy as np
    from torch import nn
    from errata.datasets.base import Dataset
    from errata.datasets.media import Images
    from errata.predict.crossval import cross_val_probs
    from errata.predict.torch_model import TorchModel
    from errata.predict.training import Training

    def make(shape, n_classes):
        return nn.Sequential(
            nn.Conv2d(shape[0], 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Dropout(0.2), nn.Flatten(),
            nn.Linear(4 * 36, n_classes),
        )

    def squares(n, seed):
        labels = np.arange(n) % 3
        pixels = np.random.default_rng(seed).integers(0, 200, (n, 8, 8)).astype(np.uint8)
        for row, label in enumerate(labels):
            pixels[row, 2 * label] = 220
        ids = [str(index) for index in range(n)]
        return Dataset("d", "all", ids, labels, ("a", "b", "c"), Images(pixels))

    how = Training(epochs=6, batch_size=16, shift=(0.1, 0.1), flip=True, patience=4)
    model = TorchModel(make=make, name="small", training=how, device="cpu")
    print("ready", flush=True)
    found = cross_val_probs(
        model, squares(90, 0), folds=3, pretrain=squares(60, 1), resume=sys.argv[1],
        progress=lambda step: time.sleep(0.003),
    )
    np.save(sys.argv[2], found.probs)
"""


def test_a_run_that_is_killed_at_any_moment_ends_in_the_same_bytes(tmp_path):
    check_that_kills_change_nothing(SLOW_RUN, tmp_path, 0.3)


def test_early_stopping_is_not_judged_by_copies_of_what_is_learnt():
    groups = np.arange(60) // 2
    lesson = Lesson(
        examples=Examples(squares(60), Pictures((1, 8, 8)), torch.device("cpu")),
        rows=np.arange(60),
        labels=np.arange(60) % 3,
        n_classes=3,
        groups=groups,
        seed=0,
        rate=0.1,
        checkpoints=Checkpoints(None, {}),
        name="a",
        report=lambda *_: None,
    )
    learnt, watched = _watched(lesson, Training(patience=2))
    assert len(learnt) + len(watched) == 60
    assert 4 <= len(watched) <= 8
    assert not set(groups[learnt]) & set(groups[watched])


def test_networks_are_known_by_what_they_do(tmp_path):
    def wide(width):
        return lambda shape, m: nn.Sequential(
            nn.Flatten(), nn.Linear(int(np.prod(shape)), width), nn.ReLU(), nn.Linear(width, m)
        )

    assert model(wide(2)).settings() == model(wide(2)).settings()
    assert model(wide(2)).settings() != model(wide(3)).settings()
    quiet(model(wide(2)), squares(30), folds=2, resume=tmp_path)
    with pytest.raises(FileError, match="another run"):
        cross_val_probs(model(wide(3)), squares(30), folds=2, resume=tmp_path)


@pytest.mark.parametrize(
    "broken",
    [
        lambda shape, _: nn.Sequential(nn.Flatten(), nn.Linear(int(np.prod(shape)), 1)),
        lambda *_: nn.LSTM(8, 3, batch_first=True),
        lambda *_: nn.Identity(),
    ],
)
def test_networks_without_a_score_for_each_class_are_told(broken):
    with pytest.raises(InputError, match="small does not take examples of shape|a score for each"):
        cross_val_probs(model(broken), squares())


def test_a_kill_while_predicting_loses_no_epoch(tmp_path, monkeypatch):
    def killed(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("errata.predict.torch_model.predicted", killed)
        with pytest.raises(KeyboardInterrupt):
            quiet(model(), squares(), folds=2, resume=tmp_path)
    assert (tmp_path / "fold-0-epochs.checkpoint").exists()
    losses = []
    found = quiet(
        model(),
        squares(),
        folds=2,
        resume=tmp_path,
        progress=lambda step: losses.append(step) if step.loss is not None else None,
    )
    assert {step.fold for step in losses} == {1}  # all epochs of the first fold were kept
    assert found.probs.tobytes() == quiet(model(), squares(), folds=2).probs.tobytes()
