"""What is settled before a run starts: checks of the study, a trial of its step, its cost in time, memory and disk."""
