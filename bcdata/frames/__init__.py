"""What rows are: schemas, units and labels of the frames in the lake."""
