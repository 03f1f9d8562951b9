"""config.toml → the settings of each floor; every problem in one message, with its line."""

from __future__ import annotations

from scheduler.config.messages import MessagesConfig
from scheduler.config.read import read_config, read_gateway_config
from scheduler.config.settings import BookConfig, CalendarConfig, CallbackConfig, Config, ProviderConfig

__all__ = [
    "BookConfig",
    "CalendarConfig",
    "CallbackConfig",
    "Config",
    "MessagesConfig",
    "ProviderConfig",
    "read_config",
    "read_gateway_config",
]
