"""Files that let other systems ask the gate: Kubernetes and CI."""
