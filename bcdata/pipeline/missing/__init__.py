"""What is asked and known about missing bars: other files of the archive, answers of REST, the exchange's days."""
