"""Features of patches against the paper's formulas, one patch at a time."""

import math
import warnings

import numpy as np
import pytest
from sklearn.datasets import load_digits

from errata.datasets.base import Dataset
from errata.datasets.media import Images
from errata.errors import ErrataWarning
from errata.predict.crossval import cross_val_probs
from errata.predict.embedded import Embedded, LearntEmbedding
from errata.predict.patches import Patches, Typical, _whitening


def pictures(n=12, height=9, width=8, colours=3, seed=0):
    rng = np.random.default_rng(seed)
    return rng.integers(0, 256, (n, height, width, colours)).astype(np.uint8)


def typical(colours=3, side=4, many=5, parts=2, seed=0):
    rng = np.random.default_rng(seed)
    size = side * side * colours
    whiten = rng.standard_normal((size, size)) / size
    return Typical(
        side,
        parts,
        rng.standard_normal(size).astype(np.float32),
        ((whiten + whiten.T) / 2).astype(np.float32),
        rng.standard_normal((many, size)).astype(np.float32),
    )


def by_hand(pixels, found):
    """Return the numbers of a picture, patch by patch and typical patch by typical patch."""
    down, across = (size - found.side + 1 for size in pixels.shape[:2])
    sums = np.zeros((found.parts, found.parts, len(found.patches)))
    for top in range(down):
        for left in range(across):
            patch = pixels[top : top + found.side, left : left + found.side].astype(float)
            patch = patch.transpose(2, 0, 1).ravel()
            patch -= sum(patch) / len(patch)
            patch /= math.sqrt(sum(patch**2) / len(patch) + 10)
            white = (patch - found.middle) @ found.whiten
            away = [math.dist(white, each) for each in found.patches]
            mean = sum(away) / len(away)
            row = max(part for part in range(found.parts) if down * part // found.parts <= top)
            column = max(
                part for part in range(found.parts) if across * part // found.parts <= left
            )
            sums[row, column] += [max(0.0, mean - each) for each in away]
    return sums.ravel()


@pytest.mark.parametrize("parts", [1, 2, 3])
@pytest.mark.parametrize("colours", [1, 3])
def test_it_is_what_the_paper_says(parts, colours):
    pixels = pictures(3, colours=colours)
    pixels[0] = 200  # a picture without any contrast
    found = typical(colours=colours, parts=parts)
    expected = np.array([by_hand(each, found) for each in pixels])
    np.testing.assert_allclose(found(pixels), expected, rtol=1e-3, atol=1e-3)


def test_whitened_patches_have_one_variance_in_every_direction_in_which_they_vary():
    rng = np.random.default_rng(0)
    shared = rng.standard_normal((5000, 1)) + 0.3 * rng.standard_normal((5000, 9))
    patches = (shared * [[3, 3, 3, 2, 2, 2, 1, 1, 1]]).astype(np.float32)
    patches -= patches.mean(axis=0)
    whiten = _whitening(patches)
    np.testing.assert_allclose(whiten, whiten.T, atol=1e-5)  # ZCA, and no other whitening
    before = np.linalg.eigvalsh(patches.T @ patches / 5000)
    after = np.linalg.eigvalsh((patches @ whiten).T @ (patches @ whiten) / 5000)
    np.testing.assert_allclose(np.sort(after), np.sort(before / (before + 0.1)), atol=1e-3)
    assert before.max() > 30
    assert after.max() < 1


def test_a_seed_gives_the_same_typical_patches_whatever_comes_after():
    pixels = pictures(40)
    once, again = (Patches(typical=6).learn(pixels, seed=3) for _ in "12")
    assert once.patches.tobytes() == again.patches.tobytes()
    assert (once.patches != Patches(typical=6).learn(pixels, seed=4).patches).any()
    np.testing.assert_array_equal(once(pixels)[5:7], once(pixels[5:7]))
    assert once(pixels[:0]).shape == (0, 6 * 16)


@pytest.mark.parametrize("shape", [(1, 1), (2, 9), (6, 6), (7, 5)])
def test_pictures_smaller_than_a_patch_or_without_a_difference_will_do(shape):
    pixels = np.zeros((4, *shape, 1), np.uint8)
    learnt = Patches(typical=3).learn(pixels, seed=0)
    assert np.isfinite(learnt(pixels)).all()


def quiet(*args, **options):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ErrataWarning)
        return cross_val_probs(*args, **options)


def test_digits_are_told_apart_and_nothing_of_a_fold_is_in_what_predicts_it():
    digits = load_digits()
    pixels = (digits.images[:600] * 15.9).astype(np.uint8)
    ids = [str(row) for row in range(600)]
    data = Dataset(
        "digits", "all", ids, digits.target[:600].astype(int), tuple("0123456789"), Images(pixels)
    )
    model = Embedded(Patches(side=3, typical=40, parts=2, sample=5_000))
    assert isinstance(model.embedding, LearntEmbedding)
    found = cross_val_probs(model, data, folds=3)
    assert found.quality.accuracy > 0.93
    # whichever pictures are in the first fold, what predicts them is the same
    first = np.flatnonzero(found.folds == 0)
    order = np.random.default_rng(0).permutation(len(first))
    changed = pixels.copy()
    changed[first] = pixels[first][order]
    other = Dataset("digits", "all", ids, data.labels, data.classes, Images(changed))
    shuffled = quiet(model, other, folds=3)
    np.testing.assert_allclose(shuffled.probs[first], found.probs[first][order], atol=1e-6)
