"""Deploying to Azure: what is checked before, done after and cleaned up behind it. Standard library only."""
