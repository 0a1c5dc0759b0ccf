"""Pictures as a frozen network of timm sees them."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
from jaxtyping import Float32

from errata.datasets.base import Dataset, Kind
from errata.errors import MissingExtraError, unknown_name
from errata.predict.backbones import BATCH, folder_of, sha256_of, telling
from errata.predict.device import import_torch, pick_device
from errata.predict.embedded import Rows
from errata.predict.pictures import picture

PREFIX = "timm:"
"""How the name of such a model begins: ``timm:resnet50.a1_in1k``, ``timm:local-dir:/models/x``."""

_LOCAL, _HUB = "local-dir:", "hf-hub:"


@dataclass(frozen=True)
class TimmBackbone:
    """The last layer but one of a network of timm, trained on other pictures and left as it is.

    Pictures are scaled, cut and normalised as they were when it was trained.

    Parameters
    ----------
    model : a name that ``timm.create_model`` takes; a model without a network is
        ``local-dir:FOLDER``, and one that is not among timm's own ``hf-hub:owner/name``
    device : see `pick_device`

    Raises
    ------
    NameUnknownError
        timm has no such model.
    FileError
        It cannot be downloaded, or its folder cannot be read.
    MissingExtraError
        timm or torch is not installed.
    """

    model: str
    device: str | None = None

    kinds: ClassVar[tuple[Kind, ...]] = ("images",)

    @property
    def name(self) -> str:
        """As it is written for `errata.predict.named`."""
        return PREFIX + self.model

    def settings(self) -> dict[str, object]:
        """Return which weights they are, and where they compute."""
        return {
            "weights": sha256_of(self._network),
            "timm": _import_timm(self.name).__version__,
            "device": pick_device(self.device).type,
        }

    def notes(self) -> tuple[str, ...]:
        """Return nothing: there is nothing to say."""
        return ()

    def rows(self, data: Dataset) -> Rows:  # noqa: ARG002 (the same for all pictures)
        """Return what shows pictures to the network."""
        torch, timm = import_torch(), _import_timm(self.name)
        network, device = self._network, pick_device(self.device)
        config = timm.data.resolve_model_data_config(network)
        prepared = timm.data.create_transform(**config, is_training=False)

        def rows(data: Dataset, some: range) -> Float32[np.ndarray, "rows width"]:
            found = []
            for start in range(0, len(some), BATCH):
                batch = [prepared(picture(data, each)) for each in some[start : start + BATCH]]
                with torch.inference_mode():
                    found.append(network(torch.stack(batch).to(device)).float().cpu().numpy())
            return np.concatenate(found)

        return rows

    @cached_property
    def _network(self) -> Any:
        device, timm = pick_device(self.device), _import_timm(self.name)
        own = ":" not in self.model and "/" not in self.model
        if own and not timm.is_model(self.model):
            raise unknown_name("model of timm", self.model, timm.list_models(pretrained=True))
        with self._telling():
            network = timm.create_model(self.model, pretrained=True, num_classes=0)
        return network.eval().to(device)

    @contextmanager
    def _telling(self) -> Iterator[None]:
        wanted, by_hand = "config.json and model.safetensors", ""
        if self.model.startswith(_LOCAL):
            folder_of(self.model.removeprefix(_LOCAL))
        else:
            by_hand = (
                f"from https://huggingface.co/{self._on_hub} on a machine that has one, put them "
                f"into a FOLDER here, and take the model {PREFIX}{_LOCAL}FOLDER."
            )
        with telling(self.name, wanted, by_hand):
            yield

    @property
    def _on_hub(self) -> str:
        """Where its files lie; ``resnet50`` alone means one of several that were trained."""
        if "/" in self.model:
            return self.model.removeprefix(_HUB)
        if "." in self.model:
            return f"timm/{self.model}"
        config = _import_timm(self.name).get_pretrained_cfg(self.model)
        return f"timm/{self.model}.{config.tag}" if config and config.tag else f"timm/{self.model}"


def _import_timm(name: str) -> Any:
    try:
        import timm
        import timm.data
    except ImportError:
        raise MissingExtraError(
            f"{name} needs the packages timm and torchvision, of which one is not installed: "
            'pip install "errata[torch,vision]".'
        ) from None
    except RuntimeError as error:  # as torchvision that was built for another torch
        raise MissingExtraError(
            f"{name} needs the packages torch and torchvision in versions that go together, and "
            f"these do not ({error}). Install both from one place: pip install --upgrade torch "
            "torchvision."
        ) from None
    return timm
