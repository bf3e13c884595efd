"""The Joint Meeting Office: takes in every agency's facts, keeps views across all of them, watches the dates.

A fold reads facts by the names of their types, so every released type is made known before the first one is read: one
that nobody had asked for would otherwise look unknown, and its petition would be parked.
"""

import importlib
import pkgutil

import domain

for _module in pkgutil.iter_modules(domain.__path__, "domain."):
    importlib.import_module(_module.name)
