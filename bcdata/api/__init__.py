"""What `import bcdata` offers: reading the lake as frames, and what is asked of it. Nothing is written but exports."""
