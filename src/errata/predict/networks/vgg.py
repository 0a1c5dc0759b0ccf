"""`vgg`: small convolutions one upon another, the study's network for CIFAR and QuickDraw.

With the layers of VGG-11, normalized in batches. Its channels are half those of the published one,
as a test set has a fifth or less of the examples that one was made for, and so a processor without
a GPU comes to an end.
"""

from collections.abc import Iterator

from torch import nn

LAYERS = ((1, 1), (2, 1), (4, 2), (8, 2), (8, 2))
"""Blocks of VGG-11: channels in units of the first block's, and convolutions."""

WIDTH = 32


def vgg(shape: tuple[int, ...], n_classes: int) -> nn.Module:
    """Return VGG-11 with batch normalization, for pictures of any size.

    References
    ----------
    Simonyan and Zisserman (2015), "Very Deep Convolutional Networks for Large-Scale Image
    Recognition", configuration A; Ioffe and Szegedy (2015), "Batch Normalization".

    Examples
    --------
    >>> import torch
    >>> vgg((3, 32, 32), 10)(torch.zeros(2, 3, 32, 32)).shape
    torch.Size([2, 10])
    """
    return nn.Sequential(
        *convolutions(shape, WIDTH),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Dropout(0.5),
        nn.Linear(LAYERS[-1][0] * WIDTH, n_classes),
    )


def convolutions(shape: tuple[int, ...], width: int) -> Iterator[nn.Module]:
    """Yield the layers of the blocks, the first of ``width`` channels.

    After each block the picture is halved while it can be.
    """
    channels, *sides = shape
    for times, depth in LAYERS:
        for _ in range(depth):
            yield nn.Conv2d(channels, times * width, kernel_size=3, padding=1, bias=False)
            yield nn.BatchNorm2d(times * width)
            yield nn.ReLU()
            channels = times * width
        if min(sides) >= 2:
            yield nn.MaxPool2d(2)
            sides = [side // 2 for side in sides]
