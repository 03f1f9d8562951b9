"""What the tests here report to."""

from __future__ import annotations

from tests.torture_table import tell as tell
