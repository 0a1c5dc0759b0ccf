"""The fastest device is taken, or the one that is named, if it is there."""

import numpy as np
import pytest

from errata.errors import InputError, MissingExtraError, NameUnknownError
from errata.predict.device import import_torch, is_network, pick_device
from errata.predict.named import named_model
from helpers import require


def test_the_fastest_device_is_taken():
    require("torch")
    import torch

    expected = "cuda" if torch.cuda.is_available() else "cpu"
    if torch.backends.mps.is_available():
        expected = "mps"
    assert pick_device().type == expected
    assert pick_device("cpu").type == "cpu"


def test_a_device_that_is_not_here_is_told():
    require("torch")
    with pytest.raises(InputError, match="The device cuda:93 is not here: torch .* finds"):
        pick_device("cuda:93")
    with pytest.raises(NameUnknownError, match="There is no device 'gpu'"):
        pick_device("gpu")


def test_without_torch_the_message_says_how_to_install_it(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "torch", None)
    with pytest.raises(MissingExtraError, match=r'pip install "errata\[torch\]"'):
        import_torch()
    with pytest.raises(MissingExtraError, match="Models without it: tfidf-sgd"):
        named_model("vgg")
    assert not is_network(np)
