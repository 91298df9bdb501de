"""Programs that run in the environments of the peers; only run_peer.py knows the others.

A program imports its library, the standard library, and nothing of this package.
"""
