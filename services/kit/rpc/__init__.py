"""The gRPC side of every node: messages in and out, refusals as statuses, and the server around them.

It knows protos in general and no service in particular: a service brings its methods, and its own reasons to refuse.
"""
