"""Networks of transformers, by tiny ones with chance weights that are saved and opened again."""

import os
import shutil
import subprocess
import sys
import textwrap
import types
import warnings
import wave

import numpy as np
import pytest

from errata.datasets.base import Dataset
from errata.datasets.media import Features, Images, Sounds, Texts
from errata.datasets.sounds import Sound
from errata.errors import ErrataWarning, FileError, InputError, MissingExtraError
from errata.predict.crossval import cross_val_probs
from errata.predict.device import pick_device
from errata.predict.transformers_backbone import TransformersBackbone, _Sounds
from helpers import require

WORDS = ["good", "bad", "film", "very", "it", "was", "a"]


@pytest.fixture(autouse=True)
def _needs_transformers():
    require("torch")
    require("transformers")


def dataset(media, n):
    labels = np.arange(n) % 2
    return Dataset("d", "all", [str(row) for row in range(n)], labels, ("x", "y"), media)


def saved(folder, *parts):
    for part in parts:
        part.save_pretrained(folder)
    return str(folder)


@pytest.fixture(scope="module")
def bert(tmp_path_factory):
    import torch
    from tokenizers import Tokenizer
    from tokenizers.models import WordLevel
    from tokenizers.pre_tokenizers import Whitespace
    from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

    words = {word: number for number, word in enumerate(["[PAD]", "[UNK]", *WORDS])}
    tokenizer = Tokenizer(WordLevel(words, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = Whitespace()
    fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer, pad_token="[PAD]", unk_token="[UNK]")
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=len(words), hidden_size=16, num_hidden_layers=2, num_attention_heads=2,
        intermediate_size=32, max_position_embeddings=24,
    )  # fmt: skip
    return saved(tmp_path_factory.mktemp("bert"), BertModel(config), fast)


@pytest.fixture(scope="module")
def vit(tmp_path_factory):
    import torch
    from transformers import ViTConfig, ViTImageProcessorPil, ViTModel

    torch.manual_seed(0)
    config = ViTConfig(
        hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=32,
        image_size=16, patch_size=8,
    )  # fmt: skip
    processor = ViTImageProcessorPil(size={"height": 16, "width": 16})
    folder = tmp_path_factory.mktemp("vit")
    return (
        saved(folder / "pooled", ViTModel(config), processor),
        saved(folder / "plain", ViTModel(config, add_pooling_layer=False), processor),
    )


@pytest.fixture(scope="module")
def wav2vec2(tmp_path_factory):
    import torch
    from transformers import Wav2Vec2Config, Wav2Vec2FeatureExtractor, Wav2Vec2Model

    torch.manual_seed(0)
    config = Wav2Vec2Config(
        hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=32,
        conv_dim=(16, 16), conv_stride=(20, 8), conv_kernel=(40, 8), num_feat_extract_layers=2,
        num_conv_pos_embeddings=16, num_conv_pos_embedding_groups=2,
    )  # fmt: skip
    folder = tmp_path_factory.mktemp("wav2vec2")
    return saved(folder, Wav2Vec2Model(config), Wav2Vec2FeatureExtractor())


def numbers(folder, data):
    backbone = TransformersBackbone(folder, "cpu")
    return backbone.rows(data)(data, range(len(data)))


def test_a_text_is_the_mean_over_its_tokens_whatever_stands_beside_it(bert):
    import torch
    from transformers import AutoModel

    texts = ["good film", "it was a very very bad film", "", "bad", "unheard of"] * 20
    found = numbers(bert, dataset(Texts(texts), len(texts)))
    model = AutoModel.from_pretrained(bert).eval()
    for row in (0, 1, 3):
        words = torch.tensor([[2 + WORDS.index(word) for word in texts[row].split()]])
        with torch.no_grad():
            alone = model(input_ids=words).last_hidden_state[0].mean(dim=0)
        np.testing.assert_allclose(found[row], alone.numpy(), atol=1e-5)
        np.testing.assert_allclose(found[row + 95], alone.numpy(), atol=1e-5)
    assert np.isfinite(found).all()
    assert not numbers(bert, dataset(Texts(["", ""]), 2)).any()


def test_half_of_a_character_is_read_as_it_is_shown(bert):
    texts = ["good \ud83d film", "good ? film"]
    found = numbers(bert, dataset(Texts(texts), 2))
    np.testing.assert_allclose(found[0], found[1], atol=1e-6)


def test_a_text_is_cut_after_as_many_tokens_as_the_model_takes(bert):
    texts = [" ".join(["good"] * 24), " ".join(["good"] * 24 + ["bad"] * 900)]
    found = numbers(bert, dataset(Texts(texts), 2))
    np.testing.assert_allclose(found[0], found[1], atol=1e-5)


def pictures(n=40):
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 120, (n, 20, 18, 3)).astype(np.uint8)
    pixels[..., 0] += (130 * (np.arange(n) % 2)[:, None, None]).astype(np.uint8)
    return dataset(Images(pixels), n)


def test_a_picture_is_what_the_network_pools_or_its_first_token_where_that_was_not_trained(vit):
    import torch
    from PIL import Image
    from transformers import AutoImageProcessor, AutoModel

    data = pictures(34)
    for folder, pooled in zip(vit, (True, False), strict=True):
        found = numbers(folder, data)
        processor, model = AutoImageProcessor.from_pretrained(folder), None
        model = AutoModel.from_pretrained(folder).eval()
        image = Image.fromarray(data.load(33))
        with torch.no_grad():
            seen = model(**processor(images=[image], return_tensors="pt"))
        expected = seen.pooler_output[0] if pooled else seen.last_hidden_state[0, 0]
        np.testing.assert_allclose(found[33], expected.numpy(), atol=1e-5)
        again = numbers(folder, data)
        assert found.tobytes() == again.tobytes()


def wav(path, samples, rate):
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes((samples * 32767).astype("<i2").tobytes())
    return path


def test_a_sound_is_the_mean_over_time_at_the_rate_of_the_network(wav2vec2, tmp_path):
    import torch
    from transformers import AutoFeatureExtractor, AutoModel

    rng = np.random.default_rng(0)
    lengths = {"one": 12_000, "another": 4_000, "short": 3, "none": 0}
    files = [wav(tmp_path / f"{k}.wav", rng.uniform(-1, 1, n), 16_000) for k, n in lengths.items()]
    data = dataset(Sounds(files), 4)
    found = numbers(wav2vec2, data)
    assert np.isfinite(found).all()
    extractor = AutoFeatureExtractor.from_pretrained(wav2vec2)
    model = AutoModel.from_pretrained(wav2vec2).eval()
    for row in (0, 1):
        inputs = extractor(data.load(row).samples, sampling_rate=16_000, return_tensors="pt")
        with torch.no_grad():
            expected = model(**inputs).last_hidden_state[0].mean(dim=0)
        np.testing.assert_allclose(found[row], expected.numpy(), atol=1e-5)


def test_a_sound_at_another_rate_is_resampled(wav2vec2, tmp_path):
    files = []
    for rate in (44_100, 16_000):
        turns = 2 * np.pi * 440 * np.arange(2 * rate) / rate
        files.append(wav(tmp_path / f"{rate}.wav", 0.5 * np.sin(turns), rate))
    same = numbers(wav2vec2, dataset(Sounds(files), 2))
    np.testing.assert_allclose(same[0], same[1], atol=0.02)


class Heard(dict):
    """What an extractor hands to a network."""

    def to(self, device):
        return self


@pytest.mark.parametrize(
    ("samples", "stretches"),
    [(999, [999]), (1000, [1000]), (1005, [1005]), (1010, [1000, 10]), (2500, [1000, 1000, 500])],
)
def test_a_long_sound_is_heard_in_stretches_and_all_of_it_counts(samples, stretches):
    import torch

    heard = []

    class Extractor:
        sampling_rate = 100

        def __call__(self, samples, *, sampling_rate, return_tensors):
            heard.append(len(samples))
            return Heard(values=torch.tensor(samples)[None, :, None])

    def network(values):
        return types.SimpleNamespace(last_hidden_state=values)

    sound = Sound(np.random.default_rng(0).uniform(-1, 1, samples).astype(np.float32), 100)
    found = _Sounds(network, Extractor(), "cpu", ())._mean(sound)
    assert heard == stretches
    np.testing.assert_allclose(found, [sound.samples.mean()], atol=1e-6)


def test_models_of_every_kind_predict_in_a_run_that_can_be_resumed(bert, vit, wav2vec2, tmp_path):
    words = [["good film", "bad film"][row % 2] + " very" * (row % 5) for row in range(40)]
    rng = np.random.default_rng(0)
    files = [
        wav(tmp_path / f"{row}.wav", (0.1, 0.9)[row % 2] * rng.uniform(-1, 1, 2000), 16_000)
        for row in range(20)
    ]
    runs = {
        bert: dataset(Texts(words), 40),
        vit[0]: pictures(),
        wav2vec2: dataset(Sounds(files), 20),
    }
    for number, (folder, data) in enumerate(runs.items()):
        kept = tmp_path / f"run {number}"
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ErrataWarning)
            once, again = (
                cross_val_probs(
                    f"transformers:{folder}", data, folds=2, resume=kept, duplicates="ignore"
                )
                for _ in "12"
            )
        assert once.probs.tobytes() == again.probs.tobytes()
        assert once.record["job"]["settings"]["device"] == pick_device().type
        if data.kind != "sounds":
            assert once.quality.accuracy > 0.9


def test_features_are_refused_and_a_folder_without_a_model_is_told(bert, tmp_path):
    rows = dataset(Features(np.eye(4)), 4)
    with pytest.raises(InputError, match="is for texts and images and sounds, but"):
        cross_val_probs(f"transformers:{bert}", rows, folds=2, duplicates="ignore")
    texts = dataset(Texts(["a", "b", "c", "d"]), 4)
    with pytest.raises(
        FileError, match=r"cannot be loaded .* A folder with config\.json and model"
    ):
        cross_val_probs(f"transformers:{tmp_path}", texts, folds=2)
    with pytest.raises(FileError, match="There is no folder"):
        cross_val_probs("transformers:./no-such", texts, folds=2)
    (tmp_path / "config.json").write_text("{")
    with pytest.raises(FileError, match="cannot be loaded"):
        cross_val_probs(f"transformers:{tmp_path}", texts, folds=2)


def test_parts_without_weights_are_told_of_and_the_same_every_time(bert, tmp_path):
    from safetensors.torch import load_file, save_file

    shutil.copytree(bert, tmp_path, dirs_exist_ok=True)
    weights = load_file(tmp_path / "model.safetensors")
    for key in [key for key in weights if "layer.1" in key]:
        del weights[key]
    save_file(weights, tmp_path / "model.safetensors", {"format": "pt"})
    first, second = TransformersBackbone(str(tmp_path)), TransformersBackbone(str(tmp_path))
    assert first.settings() == second.settings()
    assert "has no weights for 16 of its parts (such as " in first.notes()[0]
    assert TransformersBackbone(bert).notes() == ()


OFFLINE = """
    import sys
    import numpy as np
    from errata.datasets.base import Dataset
    from errata.datasets.media import Texts
    from errata.errors import FileError
    from errata.predict.crossval import cross_val_probs

    data = Dataset("d", "all", list("abcd"), np.arange(4) % 2, ("x", "y"), Texts(list("wxyz")))
    try:
        cross_val_probs("transformers:nobody/no-such-model", data, folds=2)
    except FileError as error:
        print(error)
"""


def test_a_model_that_cannot_be_fetched_is_told_with_what_to_do_by_hand(tmp_path):
    offline = os.environ | {"HF_HUB_OFFLINE": "1", "HF_HOME": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(OFFLINE)],
        capture_output=True, text=True, env=offline, check=True,
    )  # fmt: skip
    said = " ".join(done.stdout.split())
    assert said.startswith("transformers:nobody/no-such-model cannot be loaded (")
    assert "download config.json and model.safetensors" in said
    assert "from https://huggingface.co/nobody/no-such-model on a machine that has one" in said
    assert said.endswith("take the model transformers:FOLDER.")


def test_without_transformers_the_message_says_how_to_install_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "transformers", None)
    texts = dataset(Texts(["a", "b", "c", "d"]), 4)
    with pytest.raises(MissingExtraError, match=r'pip install "errata\[torch,vision\]"'):
        cross_val_probs("transformers:nobody/nothing", texts, folds=2)
