"""Markets that the simulated servers answer from: folders of real files, and generated ones."""
