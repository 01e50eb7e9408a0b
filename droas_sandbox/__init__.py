"""A Discord-compatible server and an OpenAI-compatible model server on loopback.

Imports nothing of the rest of DROAS, so that it can contradict it.
"""
