"""Models by name: those of scikit-learn, embeddings, and what is taken for each kind of example.

All are general, with a bias rather than much variance: a model that can learn by heart learns wrong
labels too. Networks are in `errata.predict.networks`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, Any

from errata.datasets.base import Dataset, Kind
from errata.errors import InputError, unknown_name
from errata.predict.base import Model
from errata.predict.device import import_torch
from errata.predict.scikit import ScikitModel

if TYPE_CHECKING:
    from errata.predict.torch_model import TorchModel


@dataclass(frozen=True)
class Named:
    """A model with a name, and what it is for."""

    kinds: tuple[Kind, ...]
    what: str
    make: Callable[[], Any]
    network: bool = False


def _tfidf_sgd() -> Any:
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import SGDClassifier
    from sklearn.pipeline import make_pipeline

    words = TfidfVectorizer(sublinear_tf=True, min_df=2)
    return make_pipeline(words, SGDClassifier(loss="log_loss", alpha=1e-5))


def _hashed_ngrams() -> Any:
    from sklearn.feature_extraction.text import HashingVectorizer, TfidfTransformer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    # 2**20 buckets for words and pairs of words, as fastText hashes them
    pairs = HashingVectorizer(n_features=2**20, ngram_range=(1, 2), alternate_sign=False)
    weights = TfidfTransformer(sublinear_tf=True)
    return make_pipeline(pairs, weights, LogisticRegression(C=10, max_iter=200))


def _network(module: str, function: str, **training: Any) -> "TorchModel":
    import_torch()
    from errata.predict.torch_model import TorchModel
    from errata.predict.training import Training

    make = getattr(import_module(f"errata.predict.networks.{module}"), function)
    return TorchModel(make=make, name=function.replace("_", "-"), training=Training(**training))


def _logistic() -> Any:
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    return make_pipeline(StandardScaler(), LogisticRegression(max_iter=1_000))


def _patches() -> Model:
    from errata.predict.embedded import Embedded
    from errata.predict.patches import Patches

    return Embedded(Patches())


def _mel() -> Model:
    from errata.predict.embedded import Embedded
    from errata.predict.mel import Mel

    return Embedded(Mel())


def _timm(model: str, device: str | None) -> Model:
    from errata.predict.embedded import Embedded
    from errata.predict.timm_backbone import TimmBackbone

    return Embedded(TimmBackbone(model, device))


def _transformers(source: str, device: str | None) -> Model:
    from errata.predict.embedded import Embedded
    from errata.predict.transformers_backbone import TransformersBackbone

    return Embedded(TransformersBackbone(source, device))


_MOVED: Mapping[str, Any] = {"shift": (0.125, 0.125), "flip": True}
"""How photographs are varied while a network learns from them."""

NAMED: Mapping[str, Named] = {
    "tfidf-sgd": Named(
        ("texts",),
        "words weighted by TF-IDF, and a linear model trained by stochastic gradient descent: the "
        "study's model for 20 Newsgroups",
        _tfidf_sgd,
    ),
    "fasttext": Named(
        ("texts",),
        "a linear model of hashed words and pairs of words, like the study's fastText for IMDB and "
        "Amazon; it is scikit-learn's, as the fasttext library is no longer maintained",
        _hashed_ngrams,
    ),
    "cnn-2conv": Named(
        ("images",),
        "a network of two convolutions, for drawings and digits: the study's model for MNIST",
        partial(_network, "cnn", "cnn_2conv", epochs=6, shift=(0.08, 0.08)),
        network=True,
    ),
    "vgg": Named(
        ("images",),
        "VGG-11 with half the channels: the study's model for CIFAR and QuickDraw",
        partial(_network, "vgg", "vgg", **_MOVED),
        network=True,
    ),
    "vgg-audio": Named(
        ("sounds",),
        "the same network on log-mel spectrograms, after the study's model for AudioSet",
        partial(_network, "vgg_audio", "vgg_audio", batch_size=32, shift=(0.0, 0.1)),
        network=True,
    ),
    **{
        f"resnet{depth}": Named(
            ("images",),
            f"a residual network of {depth} layers"
            + (": the study's model for Caltech-256 and ImageNet" if depth == 50 else ""),
            partial(_network, "resnet", f"resnet{depth}", epochs=30, **_MOVED),
            network=True,
        )
        for depth in (18, 34, 50, 101, 152)
    },
    "logistic": Named(
        ("features", "images"),
        "logistic regression of standardized numbers, or pixels",
        _logistic,
    ),
    "patches": Named(
        ("images",),
        "how much the patches of a picture look like typical ones, and logistic regression",
        _patches,
    ),
    "mel": Named(
        ("sounds",),
        "how loud each band of frequencies is, and how that changes, and logistic regression",
        _mel,
    ),
}

PREFIXED: Mapping[str, Callable[[str, str | None], Model]] = {
    "timm:": _timm,
    "transformers:": _transformers,
}
"""How the names of networks from elsewhere begin; made of what stands after it, and a device."""

DEFAULTS: Mapping[Kind, str] = {
    "texts": "tfidf-sgd",
    "features": "logistic",
    "images": "patches",
    "sounds": "mel",
}
"""What is taken where no model is named."""


def named_model(name: str, *, device: str | None = None, **training: object) -> Model:
    """Return the model of a name, or of a prefix (`PREFIXED`) and what stands after it.

    Parameters
    ----------
    device : where a network runs, see `errata.predict.device`
    training : what is other than usual in how a network learns, see `errata.predict.training`, such
        as ``epochs``; None leaves it as it is

    Raises
    ------
    NameUnknownError
        There is none of this name.
    InputError
        It is no network, or one that does not learn, and device or training were named.
    MissingExtraError
        It is a network, and torch is not installed.

    Examples
    --------
    >>> named_model("tfidf-sgd").name
    'tfidf-sgd'
    >>> named_model("timm:resnet50").name
    'timm:resnet50'
    """
    other = {key: value for key, value in training.items() if value is not None}
    for prefix, make in PREFIXED.items():
        if name.startswith(prefix) and name != prefix:
            if other:
                raise InputError(f"{name} stays as it is, and has no {', '.join(other)}.")
            return make(name.removeprefix(prefix), device)
    if name not in NAMED:
        if name in PREFIXED:
            raise InputError(f"The name {name!r} ends too early: a network of theirs follows.")
        raise unknown_name("model", name, [*NAMED, *PREFIXED])
    made = NAMED[name].make()
    if NAMED[name].network:
        network: Model = made.changed(device=device, **other)
        return network
    if other or device:
        words = ", ".join([*other, *(["device"] if device else [])])
        raise InputError(f"{name} is no network, and has no {words}. Leave it out.")
    return made if isinstance(made, Model) else ScikitModel(made, name)


def default_model(data: Dataset) -> str:
    """Return the name of the model that is taken for a data set where none is named.

    Examples
    --------
    >>> import numpy as np
    >>> from errata.datasets.media import Texts
    >>> default_model(Dataset("d", "all", ["a"], np.array([0]), ("x", "y"), Texts(["Hi!"])))
    'tfidf-sgd'
    """
    return DEFAULTS[data.kind]
