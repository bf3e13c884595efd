"""Older records, sent through the public gRPC API as the agency that made them would have sent them.

A mapping (`mappings/*.toml`) says what the columns of a file mean and which steps a row stands for; what a row does not
state itself is marked synthetic. The import owns no storage: every id follows from the mapping and the row, so it can
stop anywhere and begin again, and the same row twice is one petition. It never reads or writes a node's database.
"""
