"""The language that mother and children both speak; imports nobody of ours."""
