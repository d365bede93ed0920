"""The lake as SQL views: one statement that reads, over files that are verified. Nothing is written."""
