"""Texts, pictures and sounds as a frozen network of Hugging Face transformers sees them."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
from jaxtyping import Float32

from errata.datasets.base import Dataset, Kind
from errata.datasets.media import whole_text
from errata.datasets.sounds import Sound
from errata.errors import MissingExtraError
from errata.predict.backbones import BATCH, folder_of, sha256_of, telling
from errata.predict.device import import_torch, pick_device
from errata.predict.embedded import Rows
from errata.predict.log_mel import resampled
from errata.predict.pictures import picture

PREFIX = "transformers:"
"""How the name of such a model begins: ``transformers:owner/name``, ``transformers:FOLDER``."""

TOKENS = 512
"""A text is cut after so many tokens, or earlier where the model takes fewer."""

SECONDS = 10
"""A sound is shown in stretches that are so long, and the last one shorter."""

_SHORTEST = 0.1
"""A sound of fewer seconds is followed by silence: some networks are blind to a shorter one."""

_FILES = {
    "texts": "config.json, model.safetensors, tokenizer.json and tokenizer_config.json",
    "images": "config.json, model.safetensors and preprocessor_config.json",
    "sounds": "config.json, model.safetensors and preprocessor_config.json",
}


@dataclass(frozen=True)
class TransformersBackbone:
    """The last layer of a network of transformers, trained on other data and left as it is.

    Of a text it is the mean over its tokens, of a sound the mean over time, of a picture what the
    network itself makes of the whole (the pooled output, or else the first token).

    Parameters
    ----------
    source : a folder, in which case nothing is downloaded, or a name on the hub of Hugging Face
    device : see `pick_device`

    Raises
    ------
    FileError
        It cannot be downloaded, or the folder cannot be read.
    MissingExtraError
        transformers or torch is not installed.
    """

    source: str
    device: str | None = None

    kinds: ClassVar[tuple[Kind, ...]] = ("texts", "images", "sounds")

    @property
    def name(self) -> str:
        """As it is written for `errata.predict.named`."""
        return PREFIX + self.source

    def notes(self) -> tuple[str, ...]:
        """Return what there is to say about it: whether parts of it were never trained."""
        missing = [key for key in self._loaded[1] if "pooler" not in key]
        if not missing:
            return ()
        note = (
            f"{self.name} has no weights for {len(missing)} of its parts (such as {missing[0]}), "
            "which were left to chance. Is it made for this kind of example?"
        )
        return (note,)

    def settings(self) -> dict[str, object]:
        """Return which weights they are, and where they compute."""
        return {
            "weights": sha256_of(self._loaded[0]),
            "transformers": _import_transformers(self.name).__version__,
            "device": pick_device(self.device).type,
        }

    def rows(self, data: Dataset) -> Rows:
        """Return what shows examples of this kind to the network."""
        torch = import_torch()
        readers: dict[Kind, Any] = {"texts": _Texts, "images": _Pictures, "sounds": _Sounds}
        reader = readers[data.kind]
        network, missing = self._loaded
        prepare = self._from_pretrained(reader.prepared_by, _FILES[data.kind])
        reads = reader(_tower(network, reader.tower), prepare, pick_device(self.device), missing)

        def rows(data: Dataset, some: range) -> Float32[np.ndarray, "rows width"]:
            with torch.inference_mode():
                return np.asarray(reads.rows(data, some), np.float32)

        return rows

    @cached_property
    def _loaded(self) -> tuple[Any, tuple[str, ...]]:
        """Return the network, and the names of the weights that its files do not hold."""
        torch = import_torch()
        # what has no weights is drawn by chance: the same every time
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            network, info = self._from_pretrained(
                "AutoModel", "config.json and model.safetensors", output_loading_info=True
            )
        network = network.float().eval().to(pick_device(self.device))
        return network, tuple(sorted(info["missing_keys"]))

    def _from_pretrained(self, which: str, wanted: str, **options: Any) -> Any:
        transformers = _import_transformers(self.name)
        folder = folder_of(self.source)
        by_hand = (
            f"from https://huggingface.co/{self.source} on a machine that has one, put them into "
            f"a FOLDER here, and take the model {PREFIX}FOLDER."
        )
        with telling(self.name, wanted, "" if folder else by_hand):
            return getattr(transformers, which).from_pretrained(
                str(folder or self.source),
                local_files_only=folder is not None,
                trust_remote_code=False,
                **options,
            )


@dataclass(frozen=True)
class _Texts:
    network: Any
    tokenizer: Any
    device: Any
    missing: tuple[str, ...]

    prepared_by = "AutoTokenizer"
    tower = "text_model"

    def rows(self, data: Dataset, some: range) -> Float32[np.ndarray, "rows width"]:
        """Return the mean over the tokens of each text."""
        texts = [whole_text(data.load(index)) for index in some]  # no tokenizer takes half a letter
        by_length = np.argsort([len(text) for text in texts], kind="stable")  # little padding
        parts = [
            self._mean([texts[row] for row in by_length[start : start + BATCH]])
            for start in range(0, len(texts), BATCH)
        ]
        found = np.concatenate(parts)
        found[by_length] = found.copy()
        return found

    def _mean(self, texts: list[str]) -> Float32[np.ndarray, "rows width"]:
        if self.tokenizer.pad_token is None:  # as a model that only goes on with texts has none
            self.tokenizer.pad_token = self.tokenizer.eos_token or self.tokenizer.unk_token
        tokens = self.tokenizer(
            texts, padding=True, truncation=True, max_length=self._most, return_tensors="pt"
        ).to(self.device)
        if not tokens["input_ids"].shape[1]:  # nothing but empty texts
            return np.zeros((len(texts), self.network.config.hidden_size), np.float32)
        last = self.network(**tokens).last_hidden_state
        mask = tokens["attention_mask"][..., None]
        mean = (last * mask).sum(dim=1) / mask.sum(dim=1).clamp(min=1)
        return np.asarray(mean.cpu().numpy())

    @property
    def _most(self) -> int:
        positions = getattr(self.network.config, "max_position_embeddings", None) or TOKENS
        return int(min(self.tokenizer.model_max_length, positions, TOKENS))


@dataclass(frozen=True)
class _Pictures:
    network: Any
    processor: Any
    device: Any
    missing: tuple[str, ...]

    prepared_by = "AutoImageProcessor"
    tower = "vision_model"

    def rows(self, data: Dataset, some: range) -> Float32[np.ndarray, "rows width"]:
        """Return the pooled output for each picture, or the first token where none was trained."""
        parts = []
        for start in range(0, len(some), BATCH):
            batch = [picture(data, index) for index in some[start : start + BATCH]]
            pixels = self.processor(images=batch, return_tensors="pt").to(self.device)
            found = self.network(**pixels)
            pooled = getattr(found, "pooler_output", None)
            if pooled is None or any("pooler" in key for key in self.missing):
                pooled = found.last_hidden_state[:, 0]
            parts.append(pooled.flatten(1).cpu().numpy())
        return np.concatenate(parts)


@dataclass(frozen=True)
class _Sounds:
    network: Any
    extractor: Any
    device: Any
    missing: tuple[str, ...]

    prepared_by = "AutoFeatureExtractor"
    tower = "audio_model"

    def rows(self, data: Dataset, some: range) -> Float32[np.ndarray, "rows width"]:
        """Return the mean over time of each sound.

        One after the other: beside a longer one a sound would be padded, and not all networks can
        be told what is padding.
        """
        return np.stack([self._mean(data.load(index)) for index in some])

    def _mean(self, sound: Sound) -> Float32[np.ndarray, "width"]:
        rate = self.extractor.sampling_rate
        samples = resampled(sound, rate)
        samples = np.pad(samples, (0, max(0, int(_SHORTEST * rate) - len(samples))))
        # a last bit that is too short to be heard goes with the stretch before
        ends = range(SECONDS * rate, len(samples) - int(_SHORTEST * rate) + 1, SECONDS * rate)
        heard = [self._heard(part, rate) for part in np.split(samples, list(ends))]
        return np.asarray(np.concatenate(heard).mean(axis=0), np.float32)

    def _heard(
        self, samples: Float32[np.ndarray, "_samples"], rate: int
    ) -> Float32[np.ndarray, "_frames width"]:
        inputs = self.extractor(samples, sampling_rate=rate, return_tensors="pt").to(self.device)
        last = self.network(**inputs).last_hidden_state[0]
        return np.asarray(last.cpu().numpy())


def _tower(network: Any, name: str) -> Any:
    """Return the part of a network that takes examples of one kind, of those that take several."""
    if getattr(network.config, "is_encoder_decoder", False):
        return network.get_encoder()
    return getattr(network, name, network)


def _import_transformers(name: str) -> Any:
    try:
        import transformers
    except ImportError:
        raise MissingExtraError(
            f"{name} needs the package transformers, which is not installed: "
            'pip install "errata[torch,vision]".'
        ) from None
    return transformers
