"""Panels, camera, captions and their rendering into frames."""
