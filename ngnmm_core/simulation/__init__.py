"""Networks in time: settings, stimuli, lesions, initial states, the engine that integrates and the simulator."""
