"""What tests of backends share: the stand-in for Azure Machine Learning."""

from tests.fakes.azureml.fixture import azure_ml

__all__ = ["azure_ml"]
