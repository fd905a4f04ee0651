"""The synthetic corpus, golden-file judges and small factories for tests."""
