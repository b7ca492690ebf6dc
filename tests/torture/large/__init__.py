"""Long films and large blobs."""
