"""What every node stands on: the event log, the bus, keys, identity and the gRPC server.

The kit is the only importer of drivers (PostgreSQL, Kafka, event sourcing, cryptography), so a program is written
against the kit's few words and a driver can be replaced in one place. It never knows a rule of the regulations and
never imports a program.
"""
