"""What must be fast, beside a peer in the same run: ``python -m benchmarks.NAME`` (``--quick`` to try it)."""
