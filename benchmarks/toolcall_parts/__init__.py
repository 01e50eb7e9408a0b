"""The contestants of the tool-call benchmark: a server and a client each, in processes of their own."""
