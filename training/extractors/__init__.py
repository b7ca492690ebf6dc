"""Feature extractors: image classifiers whose feature maps say how a picture is painted and what it shows.

The weights come from a file that the user names (ONNX, torch or Caffe); which network it is, is told by the
shapes of its convolutions. Nothing is downloaded, but torchvision's VGG16 when asked for.
"""

from training.extractors.base import Extractor, ExtractorFacts, FeatureMaps
from training.extractors.opening import download_vgg16, open_extractor

__all__ = ["Extractor", "ExtractorFacts", "FeatureMaps", "download_vgg16", "open_extractor"]
