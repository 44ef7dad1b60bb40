"""Configuration as code for AXIS Camera Station sites."""

__version__ = "0.1.0"
