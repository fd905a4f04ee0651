"""Measurements of speed: ``python -m benchmarks NAME``.

Each is a module with ``add_options(parser)`` and ``run(args)``; the sentence at its head describes it in the help.
"""
