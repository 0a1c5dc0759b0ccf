"""`cnn_2conv`: two convolutions and two linear layers, the study's network for MNIST."""

from torch import nn


def cnn_2conv(shape: tuple[int, ...], n_classes: int) -> nn.Module:
    """Return a network of two convolutions, for small drawings of 28 x 28 pixels or so.

    References
    ----------
    LeCun, Bottou, Bengio and Haffner (1998), "Gradient-Based Learning Applied to Document
    Recognition", Proceedings of the IEEE 86, with the sizes that are usual since.

    Examples
    --------
    >>> import torch
    >>> cnn_2conv((1, 28, 28), 10)(torch.zeros(3, 1, 28, 28)).shape
    torch.Size([3, 10])
    """
    channels = shape[0]
    return nn.Sequential(
        nn.Conv2d(channels, 32, kernel_size=3),
        nn.ReLU(),
        nn.Conv2d(32, 64, kernel_size=3),
        nn.ReLU(),
        nn.AdaptiveMaxPool2d(12),  # of 28 x 28 pixels it halves the 24 x 24 that are left
        nn.Dropout(0.25),
        nn.Flatten(),
        nn.Linear(64 * 12 * 12, 128),
        nn.ReLU(),
        nn.Dropout(0.5),
        nn.Linear(128, n_classes),
    )
