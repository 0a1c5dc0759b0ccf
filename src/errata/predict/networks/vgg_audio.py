"""`vgg_audio`: VGG on the log-mel spectrogram, after the study's network for AudioSet."""

import torch
from jaxtyping import Float
from torch import nn

from errata.predict.networks.vgg import LAYERS, convolutions

WIDTH = 16
"""Channels of the first block: there are fewer sounds than pictures, and they are larger."""


def vgg_audio(shape: tuple[int, ...], n_classes: int) -> nn.Module:
    """Return a network for log-mel spectrograms of shape ``(1, bands, frames)``.

    The blocks of `errata.predict.networks.vgg`, then the mean and the maximum over bands and time,
    so that it is the same wherever in the clip the sound is.

    References
    ----------
    Hershey et al. (2017), "CNN Architectures for Large-Scale Audio Classification", ICASSP.

    Examples
    --------
    >>> import torch
    >>> vgg_audio((1, 64, 100), 10)(torch.zeros(2, 1, 64, 100)).shape
    torch.Size([2, 10])
    """
    return nn.Sequential(
        *convolutions(shape, WIDTH),
        _MeanAndMax(),
        nn.Dropout(0.5),
        nn.Linear(2 * LAYERS[-1][0] * WIDTH, n_classes),
    )


class _MeanAndMax(nn.Module):
    """The mean and the maximum of each channel, side by side."""

    def forward(
        self, x: Float[torch.Tensor, "n channels height width"]
    ) -> Float[torch.Tensor, "n twice"]:
        return torch.cat([x.mean(dim=(2, 3)), x.amax(dim=(2, 3))], dim=1)
