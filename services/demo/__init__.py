"""The demonstration: a made-up city at work, its office's picture in the terminal, and a count of what was lost.

The city runs as it would in earnest: one process a node, mutual TLS, the bus between them. `simulator.py` plays the
officials of every agency through the public gRPC API; what the screen shows is what the office answers.
"""
