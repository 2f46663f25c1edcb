"""What a step hands on, small, frozen, JSON; `signed` holds what is signed of it."""
