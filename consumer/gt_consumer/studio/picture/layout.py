"""Positions in the frame, in units of a 1080x1920 frame whatever the video's size.

The platforms' guides keep text inside x 108 to 912 and y 220 to 1440; buttons and the post's text cover the
rest. The camera may enlarge a panel by `MAX_ZOOM` around the face; the limits here hold after that.
"""

from __future__ import annotations

WIDTH, HEIGHT = 1080, 1920
MARGIN_X, MARGIN_Y = 60, 100  # what a panel has around the frame, so that the camera can move
PANEL_WIDTH, PANEL_HEIGHT = WIDTH + 2 * MARGIN_X, HEIGHT + 2 * MARGIN_Y
MAX_ZOOM = 1.07

TEXT_LEFT, TEXT_RIGHT = 108, 972
BUBBLE_TOP = 282
CAPTION_TOP, CAPTION_BOTTOM = 1250, 1400
CAPTION_Y = (CAPTION_TOP + CAPTION_BOTTOM) // 2
CHIN_Y = 1184  # lowest point of a chin: even at full zoom the face ends above the captions
FOCUS_Y = 900
