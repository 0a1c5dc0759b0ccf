"""`resnet`: residual networks of 18 to 152 layers, the study's for Caltech-256 and ImageNet."""

from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import nn

DEPTHS: dict[int, tuple[int, int, int, int]] = {
    18: (2, 2, 2, 2),
    34: (3, 4, 6, 3),
    50: (3, 4, 6, 3),
    101: (3, 4, 23, 3),
    152: (3, 8, 36, 3),
}
"""How many blocks there are at each of the four sizes."""

_SMALL = 64
"""The stem of the published networks cuts a picture to a quarter; up to this size it does not."""


def resnet(depth: int) -> Callable[[tuple[int, ...], int], nn.Module]:
    """Return what makes the residual network of a depth: 18, 34, 50, 101 or 152 layers.

    Networks of 50 layers and more are made of bottlenecks; the stride is in the 3 x 3 convolution.

    References
    ----------
    He, Zhang, Ren and Sun (2016), "Deep Residual Learning for Image Recognition", table 1; for
    pictures of up to 64 pixels the stem of section 4.2.

    Examples
    --------
    >>> network = resnet(18)((3, 32, 32), 10)
    >>> network(torch.zeros(2, 3, 32, 32)).shape
    torch.Size([2, 10])
    """
    block = _Basic if depth < 50 else _Bottleneck

    def make(shape: tuple[int, ...], n_classes: int) -> nn.Module:
        layers: list[nn.Module] = list(_stem(shape[0], small=max(shape[1:]) <= _SMALL))
        channels = 64
        for stage, blocks in enumerate(DEPTHS[depth]):
            for number in range(blocks):
                stride = 2 if stage and not number else 1
                layers.append(block(channels, 64 << stage, stride))
                channels = block.times * (64 << stage)
        head = [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, n_classes)]
        return nn.Sequential(*layers, *head)

    return make


def _stem(channels: int, *, small: bool) -> tuple[nn.Module, ...]:
    if small:
        return (*_convolution(channels, 64, 3), nn.ReLU())
    return (*_convolution(channels, 64, 7, 2), nn.ReLU(), nn.MaxPool2d(3, stride=2, padding=1))


def _convolution(before: int, after: int, size: int, stride: int = 1) -> tuple[nn.Module, ...]:
    return (
        nn.Conv2d(before, after, size, stride=stride, padding=size // 2, bias=False),
        nn.BatchNorm2d(after),
    )


class _Block(nn.Module):
    """What comes in, plus what the layers make of it."""

    times: int
    """Channels that go out, in units of those inside."""

    def __init__(self, before: int, inside: int, stride: int, layers: list[nn.Module]) -> None:
        super().__init__()
        after = self.times * inside
        self.layers = nn.Sequential(*layers)
        nn.init.zeros_(layers[-1].weight)  # type: ignore[arg-type]  # a block starts as its input
        same = before == after and stride == 1
        self.past = nn.Sequential(*() if same else _convolution(before, after, 1, stride))

    def forward(
        self, x: Float[torch.Tensor, "n before height width"]
    ) -> Float[torch.Tensor, "n after _height _width"]:
        return torch.relu(self.layers(x) + self.past(x))


class _Basic(_Block):
    """Two convolutions of 3 x 3."""

    times = 1

    def __init__(self, before: int, inside: int, stride: int) -> None:
        first = _convolution(before, inside, 3, stride)
        super().__init__(
            before, inside, stride, [*first, nn.ReLU(), *_convolution(inside, inside, 3)]
        )


class _Bottleneck(_Block):
    """A convolution of 3 x 3 between two that change the number of channels."""

    times = 4

    def __init__(self, before: int, inside: int, stride: int) -> None:
        layers = [
            *(*_convolution(before, inside, 1), nn.ReLU()),
            *(*_convolution(inside, inside, 3, stride), nn.ReLU()),
            *_convolution(inside, 4 * inside, 1),
        ]
        super().__init__(before, inside, stride, layers)


resnet18, resnet34, resnet50, resnet101, resnet152 = map(resnet, DEPTHS)
