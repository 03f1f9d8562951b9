"""``call-scheduler demo``: the main job, played live on this machine alone.

``scenes.py`` is what is set out, ``verdict.py`` what must come of it, ``play.py`` the order of it all.
"""

from __future__ import annotations

from scheduler.demo.play import run_demo

__all__ = ["run_demo"]
