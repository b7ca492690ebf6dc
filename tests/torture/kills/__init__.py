"""Processes that are killed: host, scorers, storage account."""
