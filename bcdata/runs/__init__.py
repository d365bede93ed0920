"""What a run is to do, before it begins: the plan, its cost, what has to hold, and who is told while it goes on."""
