"""Positions in the frame, in units of a 1080x1920 frame whatever the video's size.

The platforms' guides keep text inside x 108 to 912 and y 220 to 1440; buttons and the post's text cover the
rest. The camera may enlarge a panel by `MAX_ZOOM` around its focus, and a shout makes it tremble; the limits
for text in a panel hold after that.
"""

from __future__ import annotations

WIDTH, HEIGHT = 1080, 1920
MARGIN_X, MARGIN_Y = 60, 100  # what a panel has around the frame, so that the camera can move
PANEL_WIDTH, PANEL_HEIGHT = WIDTH + 2 * MARGIN_X, HEIGHT + 2 * MARGIN_Y
MAX_ZOOM = 1.07
TREMBLE = 22
"""Units by which a shout moves the camera at most."""
FOCUS_X, FOCUS_Y = 510, 900
"""The point that a zoom leaves where it is: the middle of the safe area."""

SAFE_LEFT, SAFE_TOP, SAFE_RIGHT, SAFE_BOTTOM = 108, 220, 912, 1440
SAFE_MIDDLE = (SAFE_LEFT + SAFE_RIGHT) // 2


def _inside(edge: float, focus: float) -> float:
    """Return the limit of a panel's text that is at an edge of the safe area at the camera's limits."""
    reach = abs(edge - focus) - TREMBLE
    return focus + (reach if edge > focus else -reach) / MAX_ZOOM


TEXT_LEFT, TEXT_RIGHT = _inside(SAFE_LEFT, FOCUS_X), _inside(SAFE_RIGHT, FOCUS_X)
TEXT_TOP, TEXT_BOTTOM = _inside(SAFE_TOP, FOCUS_Y), _inside(SAFE_BOTTOM, FOCUS_Y)
"""Where a panel's text may be, such as that of a bubble."""

CAPTION_TOP, CAPTION_BOTTOM = 1250, 1400
CAPTION_Y = (CAPTION_TOP + CAPTION_BOTTOM) // 2
HIGH_CAPTION_Y = 320
BELOW_HIGH_CAPTIONS = 430
"""Where bubbles begin if captions are at the top."""
CHIN_Y = 1184  # lowest point of a chin: even at full zoom the face ends above the captions
