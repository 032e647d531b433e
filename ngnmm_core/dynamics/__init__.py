"""What is known of a model without simulating its network: equilibria, orbits, Floquet and Lyapunov exponents."""
