"""What goes wrong on the way to a model is told with the way on."""

import pytest

from errata.errors import FileError, InputError, MissingExtraError
from errata.predict.backbones import folder_of, sha256_of, telling
from helpers import require


def test_a_folder_is_one_and_a_name_on_the_hub_is_none(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "models" / "bert").mkdir(parents=True)
    assert folder_of("models/bert") == tmp_path / "models" / "bert"
    assert folder_of(str(tmp_path / "models")) == tmp_path / "models"
    assert folder_of("google-bert/bert-base-uncased") is None
    for path in ("./bert", str(tmp_path / "bert"), "~/no-such-folder"):
        with pytest.raises(FileError, match=r"There is no folder .*\. A folder that holds a model"):
            folder_of(path)


@pytest.mark.parametrize(
    ("by_hand", "raised", "kind", "message"),
    [
        ("of x", OSError("no\nnet"), FileError, r"loaded \(OSError: no net\).*download f of x"),
        ("", ValueError("torn"), FileError, r"m cannot .*A folder with f was expected\.$"),
        ("", ImportError("no spam"), MissingExtraError, "m needs a package .*: no spam"),
        ("", InputError("as it is"), InputError, "^as it is$"),
    ],
)
def test_what_goes_wrong_is_told_with_what_to_do_by_hand(by_hand, raised, kind, message):
    with pytest.raises(kind, match=message), telling("m", "f", by_hand):
        raise raised


def test_weights_have_one_hash_and_others_another():
    require("torch")
    import torch

    first, second = torch.nn.Linear(2, 2), torch.nn.Linear(2, 2)
    assert sha256_of(first) != sha256_of(second)
    second.load_state_dict(first.state_dict())
    assert sha256_of(first) == sha256_of(second)
