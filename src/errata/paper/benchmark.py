"""The two benchmarks of the paper, ImageNet and CIFAR-10: models scored before and after review."""

from collections import Counter
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from jaxtyping import Int, Integer

import errata
from errata.paper.published import FLAGGER, Key, Pack, Published

THRESHOLDS = (3, 4, 5)
"""The agreement thresholds, of five votes, at which the paper looks."""

_NAMES = {
    "alexnet": "AlexNet", "googlenet": "GoogLeNet", "xception": "Xception",
    "mobilenet": "MobileNet", "mobilenetV2": "MobileNet-v2", "mobilenet_v2": "MobileNet-v2",
    "inceptionv3": "Inception-v3", "inception_v3": "Inception-v3",
    "inceptionresnetv2": "Inception-ResNet-v2",
    "nasnetlarge": "NASNet-Large", "nasnetmobile": "NASNet-Mobile",
    "squeezenet1_0": "SqueezeNet-1.0", "squeezenet1_1": "SqueezeNet-1.1",
}  # fmt: skip
_FAMILIES = {"densenet": "DenseNet", "resnet": "ResNet", "vgg": "VGG"}
_PLATFORMS = {"keras": "Keras 2.2.4", "pytorch": "PyTorch 1.0"}


def platform_of(model: str) -> str:
    """Return the platform of a published model, as the paper's tables name it.

    Examples
    --------
    >>> platform_of("keras_resnet50")
    'Keras 2.2.4'
    """
    return _PLATFORMS[model.partition("_")[0]]


def short_name(model: str) -> str:
    """Return the name of a published model's architecture.

    Examples
    --------
    >>> short_name("pytorch_vgg11_bn"), short_name("keras_nasnetlarge")
    ('VGG-11-BN', 'NASNet-Large')
    """
    name = model.partition("_")[2]
    for family, shown in _FAMILIES.items():
        if name.startswith(family):
            depth, *rest = name.removeprefix(family).split("_")
            return "-".join([shown, depth, *map(str.upper, rest)])
    return _NAMES[name]


def display_names(models: list[str]) -> dict[str, str]:
    """Return a name for each model; one that two platforms share says its platform.

    Examples
    --------
    >>> display_names(["keras_resnet50", "pytorch_resnet50", "pytorch_alexnet"])["keras_resnet50"]
    'ResNet-50 (Keras)'
    """
    uses = Counter(short_name(model) for model in models)
    shown = {}
    for model in models:
        name = short_name(model)
        platform = platform_of(model).split()[0]
        shown[model] = f"{name} ({platform})" if uses[name] > 1 else name
    return shown


@dataclass(frozen=True, eq=False)
class Benchmark:
    """One test set, its reviewed candidates, and the answers of its published models.

    Parameters
    ----------
    key : ``"imagenet"`` or ``"cifar10"``
    pack : the published data
    """

    key: Key
    pack: Pack
    _at: dict[int, errata.Comparison] = field(default_factory=dict)

    @cached_property
    def reviewed(self) -> Published:
        """The candidates and their votes."""
        return self.pack.votes(self.key)

    @cached_property
    def labels(self) -> Int[np.ndarray, "n"]:
        """The given labels, ``(n,)``."""
        return self.pack.labels(self.key)

    @cached_property
    def predictions(self) -> dict[str, Integer[np.ndarray, "n 5"]]:
        """The five best answers of each model, ``(n, 5)``, best first."""
        return self.pack.predictions(self.key, n_classes=len(self.reviewed.classes))

    @cached_property
    def names(self) -> dict[str, str]:
        """What each model is called in charts."""
        return display_names(list(self.predictions))

    def at(self, threshold: int) -> errata.Comparison:
        """Return the comparison of the models at an agreement threshold."""
        if threshold not in self._at:
            self._at[threshold] = self._compared(self.reviewed.codes(threshold), threshold)
        return self._at[threshold]

    def without_flagged_non_errors(self, threshold: int) -> errata.Comparison:
        """Return the comparison with the confirmed candidates left out of B (and so of P)."""
        codes = self.reviewed.codes(threshold)
        confirmed = codes == errata.VERDICTS.index("non_error")
        left_out = np.where(confirmed, errata.VERDICTS.index("non_agreement"), codes)
        return self._compared(left_out, threshold)

    def _compared(self, codes: Int[np.ndarray, "candidates"], threshold: int) -> errata.Comparison:
        reviewed = self.reviewed
        return errata.compare(
            self.predictions,
            given=self.labels,
            corrected=errata.corrected_labels(
                self.labels, reviewed.rows, reviewed.suggested, reviewed.codes(threshold)
            ),
            sets=errata.label_sets(len(self.labels), reviewed.rows, codes),
            checked=errata.Checked(
                examples=reviewed.rows,
                suggested=reviewed.suggested,
                votes=reviewed.votes,
                threshold=threshold,
                decided=np.ones(len(reviewed.rows), dtype=bool),
                flaggers=(FLAGGER,),
                flagger=np.zeros(len(reviewed.rows), dtype=np.int64),
            ),
        )
