"""What touches the world: Discord, the model, the mother, the process itself."""
