"""Every name makes a model of that name, and every kind of example has one."""

from typing import get_args

import numpy as np
import pytest

from errata.datasets.base import Dataset, Kind
from errata.datasets.media import Features, Images, Sounds, Texts
from errata.errors import InputError, NameUnknownError
from errata.predict.base import Model
from errata.predict.crossval import cross_val_probs
from errata.predict.named import DEFAULTS, NAMED, default_model, named_model
from helpers import require

MEDIA = {
    "texts": Texts(["a"]),
    "images": Images(np.zeros((1, 2, 2), np.uint8)),
    "sounds": Sounds(["a.wav"]),
    "features": Features(np.zeros((1, 2))),
}


@pytest.mark.parametrize("name", NAMED)
def test_a_name_makes_a_model_of_that_name(name):
    if NAMED[name].network:
        require("torch")
    model = named_model(name)
    assert isinstance(model, Model)
    assert model.name == name


@pytest.mark.parametrize("kind", get_args(Kind))
def test_what_is_taken_for_a_kind_is_a_model_for_it(kind):
    data = Dataset("d", "all", ["a"], np.array([0]), ("x", "y"), MEDIA[kind])
    assert data.kind == kind
    assert default_model(data) == DEFAULTS[kind]
    assert kind in NAMED[DEFAULTS[kind]].kinds
    assert not NAMED[DEFAULTS[kind]].network  # it needs neither torch nor a GPU


@pytest.mark.parametrize("name", ["timm:resnet50", "transformers:owner/name"])
def test_what_stands_after_a_prefix_is_looked_for_when_it_predicts(name):
    assert named_model(name).name == name
    assert named_model(name, device="cpu").embedding.device == "cpu"


def test_mistakes_are_told():
    with pytest.raises(NameUnknownError, match="'patch'. Did you mean 'patches'"):
        named_model("patch")
    with pytest.raises(InputError, match="'timm:' ends too early"):
        named_model("timm:")
    with pytest.raises(InputError, match="mel is no network, and has no epochs, device"):
        named_model("mel", epochs=3, device="cpu")


@pytest.mark.parametrize("name", ["tfidf-sgd", "fasttext", "mel", "vgg-audio"])
def test_a_model_for_other_examples_is_refused_before_any_is_loaded(name):
    if name == "vgg-audio":
        require("torch")
    pixels = np.zeros((4, 5, 5), np.uint8)
    pictures = Dataset("p", "all", list("abcd"), np.array([0, 1, 0, 1]), ("x", "y"), Images(pixels))
    with pytest.raises(InputError, match=f"{name} is for .*, but the examples of p are images"):
        cross_val_probs(name, pictures, folds=2)
