"""errata audits the labels of machine-learning test sets.

It finds the labels that are probably wrong, has people check them, releases the corrected test
set, and says what that does to the benchmark. Importing it costs nothing: each name brings what it
needs when it is first used.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from errata.errors import AuditError as AuditError
from errata.errors import ErrataError as ErrataError
from errata.errors import ErrataWarning as ErrataWarning
from errata.errors import FileError as FileError
from errata.errors import InputError as InputError
from errata.errors import LabelError as LabelError
from errata.errors import MissingExtraError as MissingExtraError
from errata.errors import NameUnknownError as NameUnknownError
from errata.errors import PredictionError as PredictionError
from errata.errors import ProbabilityError as ProbabilityError
from errata.errors import VoteError as VoteError

if TYPE_CHECKING:
    from errata.audit import Audit as Audit
    from errata.browsing import build_site as build_site
    from errata.comparison import Comparison as Comparison
    from errata.comparison import ModelAccuracies as ModelAccuracies
    from errata.comparison import Score as Score
    from errata.comparison import compare as compare
    from errata.core.accuracy import corrected_labels as corrected_labels
    from errata.core.accuracy import label_sets as label_sets
    from errata.core.aggregation import dawid_skene as dawid_skene
    from errata.core.aggregation import glad as glad
    from errata.core.aggregation import one_coin as one_coin
    from errata.core.consensus import ANSWERS as ANSWERS
    from errata.core.consensus import VERDICTS as VERDICTS
    from errata.core.consensus import posterior_verdict_codes as posterior_verdict_codes
    from errata.core.consensus import verdict_codes as verdict_codes
    from errata.core.crowd import Voters as Voters
    from errata.core.crowd import models_as_voters as models_as_voters
    from errata.core.crowdlab import crowdlab as crowdlab
    from errata.core.error_rate import sampled_errors as sampled_errors
    from errata.core.kinship import agreement as agreement
    from errata.core.kinship import find_kin as find_kin
    from errata.core.kinship import proposed_by_others as proposed_by_others
    from errata.core.kinship import right_by_votes as right_by_votes
    from errata.core.reviewers import estimated_accuracy as estimated_accuracy
    from errata.core.reviewers import given_rate as given_rate
    from errata.core.reviewers import gold_accuracy as gold_accuracy
    from errata.core.reviewers import median_times as median_times
    from errata.core.reviewers import order_bias as order_bias
    from errata.core.reviewers import shared_agreement as shared_agreement
    from errata.datasets.media import Features as Features
    from errata.datasets.media import Images as Images
    from errata.datasets.media import Sounds as Sounds
    from errata.datasets.media import Texts as Texts
    from errata.datasets.media import content_hash as content_hash
    from errata.datasets.own import open_dataset as open_dataset
    from errata.engine.local import LocalEngine as LocalEngine
    from errata.engine.ray import RayEngine as RayEngine
    from errata.exchange import published as published
    from errata.exchange.reports import report_link as report_link
    from errata.finding import Findings as Findings
    from errata.finding import find as find
    from errata.kin import Checked as Checked
    from errata.multilabel import MultilabelFindings as MultilabelFindings
    from errata.multilabel import find_multilabel as find_multilabel
    from errata.predict.comparing import compare_models as compare_models
    from errata.predict.crossval import cross_val_probs as cross_val_probs
    from errata.predict.duplicates import find_duplicates as find_duplicates
    from errata.release.applying import apply_release as apply_release
    from errata.release.changes import diff_releases as diff_releases
    from errata.release.checking import verify_release as verify_release
    from errata.release.loading import load_release as load_release
    from errata.reliability import krippendorff_alpha as krippendorff_alpha
    from errata.report import charts as charts
    from errata.sources.average import Average as Average
    from errata.sources.opening import open_average as open_average
    from errata.sources.predictions import read_predictions as read_predictions
    from errata.sources.topk import TopK as TopK

__version__ = "0.1.0"

_LAZY = {
    "ANSWERS": "errata.core.consensus",
    "Audit": "errata.audit",
    "Average": "errata.sources.average",
    "Checked": "errata.kin",
    "Comparison": "errata.comparison",
    "Features": "errata.datasets.media",
    "Findings": "errata.finding",
    "Images": "errata.datasets.media",
    "LocalEngine": "errata.engine.local",
    "ModelAccuracies": "errata.comparison",
    "MultilabelFindings": "errata.multilabel",
    "RayEngine": "errata.engine.ray",
    "Score": "errata.comparison",
    "Sounds": "errata.datasets.media",
    "Texts": "errata.datasets.media",
    "VERDICTS": "errata.core.consensus",
    "Voters": "errata.core.crowd",
    "TopK": "errata.sources.topk",
    "apply_release": "errata.release.applying",
    "agreement": "errata.core.kinship",
    "build_site": "errata.browsing",
    "compare": "errata.comparison",
    "compare_models": "errata.predict.comparing",
    "content_hash": "errata.datasets.media",
    "corrected_labels": "errata.core.accuracy",
    "cross_val_probs": "errata.predict.crossval",
    "crowdlab": "errata.core.crowdlab",
    "dawid_skene": "errata.core.aggregation",
    "diff_releases": "errata.release.changes",
    "estimated_accuracy": "errata.core.reviewers",
    "find": "errata.finding",
    "find_duplicates": "errata.predict.duplicates",
    "find_kin": "errata.core.kinship",
    "find_multilabel": "errata.multilabel",
    "given_rate": "errata.core.reviewers",
    "glad": "errata.core.aggregation",
    "gold_accuracy": "errata.core.reviewers",
    "krippendorff_alpha": "errata.reliability",
    "label_sets": "errata.core.accuracy",
    "load_release": "errata.release.loading",
    "median_times": "errata.core.reviewers",
    "models_as_voters": "errata.core.crowd",
    "one_coin": "errata.core.aggregation",
    "open_average": "errata.sources.opening",
    "open_dataset": "errata.datasets.own",
    "order_bias": "errata.core.reviewers",
    "posterior_verdict_codes": "errata.core.consensus",
    "proposed_by_others": "errata.core.kinship",
    "push_release": "errata.release.pushing",
    "read_predictions": "errata.sources.predictions",
    "report_link": "errata.exchange.reports",
    "right_by_votes": "errata.core.kinship",
    "sampled_errors": "errata.core.error_rate",
    "shared_agreement": "errata.core.reviewers",
    "verdict_codes": "errata.core.consensus",
    "verify_release": "errata.release.checking",
}
_LAZY_MODULES = {"charts": "errata.report.charts", "published": "errata.exchange.published"}


def __getattr__(name: str) -> Any:
    if name in _LAZY:
        return getattr(import_module(_LAZY[name]), name)
    if name in _LAZY_MODULES:
        return import_module(_LAZY_MODULES[name])
    raise AttributeError(f"module 'errata' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *_LAZY, *_LAZY_MODULES])
