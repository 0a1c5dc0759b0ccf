"""The networks have the sizes that were published, and take examples of any size."""
# ruff: noqa: E402 - torch is an extra, and without it all of this is skipped

import pytest

from helpers import require

require("torch")

import torch

from errata.predict.networks.cnn import cnn_2conv
from errata.predict.networks.resnet import DEPTHS, resnet
from errata.predict.networks.vgg import vgg
from errata.predict.networks.vgg_audio import vgg_audio

# Parameters of the published networks for 1,000 classes (He et al., and torchvision's tables).
PUBLISHED = {18: 11_689_512, 34: 21_797_672, 50: 25_557_032, 101: 44_549_160, 152: 60_192_808}


def parameters(network):
    return sum(parameter.numel() for parameter in network.parameters())


@pytest.mark.parametrize("depth", DEPTHS)
def test_a_residual_network_has_the_published_number_of_parameters(depth):
    with torch.device("meta"):
        assert parameters(resnet(depth)((3, 224, 224), 1_000)) == PUBLISHED[depth]


def test_vgg_has_the_convolutions_of_vgg_11_with_half_the_channels():
    with torch.device("meta"):
        network = vgg((3, 32, 32), 10)
    convolutions = [layer for layer in network if isinstance(layer, torch.nn.Conv2d)]
    # configuration A: 64, 128, 256, 256, 512, 512, 512, 512
    assert [2 * layer.out_channels for layer in convolutions] == [
        64, 128, 256, 256, 512, 512, 512, 512,
    ]  # fmt: skip


@pytest.mark.parametrize("make", [cnn_2conv, vgg, vgg_audio, resnet(18), resnet(50)])
@pytest.mark.parametrize("shape", [(1, 28, 28), (3, 32, 32), (3, 70, 90), (1, 8, 8)])
def test_every_network_takes_every_size(make, shape):
    network = make(shape, 7).eval()
    with torch.inference_mode():
        scores = network(torch.rand(2, *shape))
    assert scores.shape == (2, 7)
    assert torch.isfinite(scores).all()
