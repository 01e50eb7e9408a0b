"""An OpenAI-compatible model server whose answers come from a script, so that every run is the same."""
