"""Deploying to Azure: what is checked before it, done after it, and cleaned up behind it. Standard library only."""
