"""On a GPU, in 16 bits, networks learn as well as elsewhere, and killed runs go on."""
# ruff: noqa: E402 - torch is an extra, and without it all of this is skipped

import numpy as np
import pytest

from errata.datasets.base import Dataset
from errata.datasets.media import Images
from errata.predict.crossval import cross_val_probs
from errata.predict.named import named_model
from helpers import require

require("torch")

import torch

pytestmark = pytest.mark.skipif(
    not torch.cuda.is_available(), reason="needs a CUDA GPU, and torch finds none"
)


def squares(n=400, m=4, seed=0):
    """Return grey pictures with a bright square whose place is the class."""
    rng = np.random.default_rng(seed)
    labels = np.arange(n) % m
    pixels = rng.integers(0, 120, (n, 32, 32)).astype(np.uint8)
    for row, label in enumerate(labels):
        pixels[row, 8 * label : 8 * label + 8, 12:20] += 100
    ids = [str(row) for row in range(n)]
    return Dataset("squares", "all", ids, labels, tuple("abcd"[:m]), Images(pixels))


@pytest.mark.parametrize("name", ["cnn-2conv", "vgg", "resnet18"])
def test_networks_learn_in_16_bits(name):
    data = squares()
    found = cross_val_probs(named_model(name, epochs=8, batch_size=32), data, folds=2)
    assert found.record["job"]["settings"]["device"] == "cuda"
    assert found.quality.accuracy > 0.95
    np.testing.assert_allclose(found.probs.sum(axis=1), 1, atol=1e-5)


@pytest.mark.parametrize("precision", [torch.float16, torch.bfloat16])
def test_both_kinds_of_16_bits_learn(precision, monkeypatch):
    def native(including_emulation=True):
        return precision is torch.bfloat16

    monkeypatch.setattr(torch.cuda, "is_bf16_supported", native)
    found = cross_val_probs(named_model("vgg", epochs=8, batch_size=32), squares(), folds=2)
    assert found.quality.accuracy > 0.95


def test_a_run_goes_on_from_the_last_epoch(tmp_path):
    class StoppedError(Exception):
        """Stands for a kill."""

    def stop(step):
        if step.fold == 1 and step.share > 0.6:
            raise StoppedError

    model = named_model("vgg", epochs=6, batch_size=32)
    with pytest.raises(StoppedError):
        cross_val_probs(model, squares(), folds=2, resume=tmp_path, progress=stop)
    shares = []
    found = cross_val_probs(
        model,
        squares(),
        folds=2,
        resume=tmp_path,
        progress=lambda step: shares.append(step.share) if step.fold == 1 else None,
    )
    assert min(share for share in shares if share) >= 0.5  # three of six epochs were kept
    assert found.quality.accuracy > 0.9


def test_what_does_not_fit_on_the_device_is_read_ahead():
    from errata.predict.batches import Examples
    from errata.predict.inputs import inputs_for

    data = squares()
    inputs = inputs_for(data)
    cuts = np.array_split(np.arange(400), 9)
    device = torch.device("cuda")
    held = Examples(data, inputs, device).batches(cuts)
    read = Examples(data, inputs, device, in_memory=0).batches(cuts)
    for a, b in zip(held, read, strict=True):
        assert a.device.type == b.device.type == "cuda"
        assert torch.equal(a, b)
