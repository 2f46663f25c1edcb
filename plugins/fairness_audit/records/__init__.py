"""What a step hands on, small, frozen, JSON; what of it is signed lies in `signed`."""
