"""Networks of timm, by a stand-in that records how it is called: timm itself needs torchvision."""

import sys
import types

import numpy as np
import pytest

from errata.datasets.base import Dataset
from errata.datasets.media import Images
from errata.errors import FileError, InputError, MissingExtraError, NameUnknownError
from errata.predict.crossval import cross_val_probs
from errata.predict.named import named_model
from helpers import require


@pytest.fixture
def timm(monkeypatch):
    """Put in the place of timm what calls like it, with a network of mean colours."""
    require("torch")
    import torch

    asked = []

    class MeanColours(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.register_buffer("weights", torch.ones(3))

        def forward(self, pictures):
            assert not self.training
            return pictures.mean(dim=(2, 3)) * self.weights

    def create_model(name, **options):
        asked.append((name, options))
        if "far-away" in name:
            raise OSError("no network")
        return MeanColours()

    def create_transform(*, input_size, is_training):
        assert not is_training

        def transform(image):
            pixels = np.asarray(image.resize(input_size[1:]), np.float32) / 255
            return torch.from_numpy(pixels.transpose(2, 0, 1).copy())

        return transform

    known = ["resnet50", "resnet50.a1_in1k", "far-away", "far-away.v2"]
    fake = types.ModuleType("timm")
    fake.__version__ = "1.0"
    fake.asked = asked
    fake.create_model = create_model
    fake.is_model = known.__contains__
    fake.list_models = lambda pretrained: known
    fake.get_pretrained_cfg = lambda name: types.SimpleNamespace(tag="v1")
    fake.data = types.ModuleType("timm.data")
    fake.data.resolve_model_data_config = lambda model: {"input_size": (3, 8, 8)}
    fake.data.create_transform = create_transform
    monkeypatch.setitem(sys.modules, "timm", fake)
    monkeypatch.setitem(sys.modules, "timm.data", fake.data)
    return fake


def colours(n=80):
    labels = np.arange(n) % 2
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 120, (n, 9, 10, 3)).astype(np.uint8)
    pixels[..., 0] += (100 * labels[:, None, None]).astype(np.uint8)
    ids = [str(row) for row in range(n)]
    return Dataset("colours", "all", ids, labels, ("grey", "red"), Images(pixels))


def test_pictures_are_told_apart_by_what_the_frozen_network_sees(timm):
    found = cross_val_probs("timm:resnet50.a1_in1k", colours(), folds=4)
    assert found.quality.accuracy == 1
    assert timm.asked == [("resnet50.a1_in1k", {"pretrained": True, "num_classes": 0})]
    settings = found.record["job"]["settings"]
    assert settings["timm"] == "1.0"
    assert len(settings["weights"]) == 64


def test_a_folder_is_handed_on_and_looked_for_first(timm, tmp_path):
    found = cross_val_probs(f"timm:local-dir:{tmp_path}", colours(), folds=2)
    assert found.quality.accuracy == 1
    assert timm.asked[0][0] == f"local-dir:{tmp_path}"
    with pytest.raises(FileError, match="There is no folder"):
        cross_val_probs("timm:local-dir:/no/such", colours(), folds=2)


def test_mistakes_are_told(timm):
    with pytest.raises(
        NameUnknownError, match="no model of timm 'resnet5'. Did you mean 'resnet50"
    ):
        cross_val_probs("timm:resnet5", colours(), folds=2)
    hubs = {"far-away": "timm/far-away.v1", "far-away.v2": "timm/far-away.v2"}
    for name, hub in (hubs | {"hf-hub:me/far-away": "me/far-away"}).items():
        by_hand = rf"from https://huggingface\.co/{hub} .* take the model timm:local-dir:FOLDER"
        with pytest.raises(FileError, match=by_hand):
            cross_val_probs(f"timm:{name}", colours(), folds=2)
    with pytest.raises(InputError, match=r"timm:resnet50 stays as it is, and has no epochs"):
        named_model("timm:resnet50", epochs=3)


def test_without_timm_the_message_says_how_to_install_it(monkeypatch):
    require("torch")
    monkeypatch.setitem(sys.modules, "timm", None)
    with pytest.raises(MissingExtraError, match=r'pip install "errata\[torch,vision\]"'):
        cross_val_probs("timm:resnet50", colours(), folds=2)
