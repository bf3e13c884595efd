"""The programs around the domain: an agency's node, the office, the import, the demo and the command that starts them.

Each folder is one program, built on `services.kit` and on the messages generated from `protos/`. Programs meet over
Kafka and gRPC only: none imports another, except `services.cli`, which starts them all.
"""
