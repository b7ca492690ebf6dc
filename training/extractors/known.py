"""Well-known weights files, told by their sha256: what they may be used for, and how they see pictures.

torch's model files carry the first eight hex digits of their sha256 in their names, which is how those that
were not at hand are listed here.
"""

from typing import NamedTuple

from training.extractors.base import CAFFE, INCLUDED, TORCHVISION, Preparation


class Known(NamedTuple):
    """start: of the hex sha256."""

    start: str
    license: str
    preparation: Preparation


_SQUEEZENET = "BSD-2-Clause (forresti/SqueezeNet)"
_VGG = "CC BY 4.0 (robots.ox.ac.uk/~vgg/research/very_deep)"
_TORCHVISION = "BSD-3-Clause (torchvision)"
_DISTILLED = "MIT (MingSun-Tse/Collaborative-Distillation)"

FILES = (
    Known("21f25e3d9254af93e6218a359469fac714a017b3f9035c0f5c4acbf9a3ff7233", _SQUEEZENET, CAFFE),
    Known("0edf82c0696085d0da9471e62e4becc733d8653ed0be03b0c06352fe43e0a87c", _DISTILLED, INCLUDED),
    Known("1970ae6ed908afa18a8b6c734f01b0e7b27326211f67efdd365b3890ad6c1228", _DISTILLED, INCLUDED),
    Known("a56a7df403821970c13b98e6bc16fce1ace5ee2256a648a15923b7a449b7f2ec", _DISTILLED, INCLUDED),
    Known("397923af", _TORCHVISION, TORCHVISION),  # vgg16-397923af.pth
    Known("dcbb9e9d", _TORCHVISION, TORCHVISION),  # vgg19-dcbb9e9d.pth
    Known("b8a52dc0", _TORCHVISION, TORCHVISION),  # squeezenet1_1-b8a52dc0.pth
    Known("f364aa15", _TORCHVISION, TORCHVISION),  # squeezenet1_1-f364aa15.pth
    Known("00b39a1b", _VGG, CAFFE),  # vgg16-00b39a1b.pth, converted from Caffe
    Known("d01eb7cb", _VGG, CAFFE),  # vgg19-d01eb7cb.pth, converted from Caffe
)


def known_file(sha256: str) -> Known | None:
    """The entry of a file with this hex digest, or None."""
    return next((entry for entry in FILES if sha256.startswith(entry.start)), None)
