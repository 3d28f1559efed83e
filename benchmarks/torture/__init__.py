"""What a run survives, tried: the figures of docs/reliability.md."""
