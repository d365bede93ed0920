"""What the lake's records say: manifests of raw, footers of published files, and the findings in both."""
