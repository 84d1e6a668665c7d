"""Code behind the scripts in ops/: a local broker, broker users, and libraries of the system.

Standard library only, because the scripts run before anything is installed.
"""
