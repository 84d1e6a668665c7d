"""Pictures: colours, camera, layout, and figures that stay the same."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from gt_consumer.studio.picture.camera import Camera, Move, Planes, blend, empty_frame, overlay, to_planes
from gt_consumer.studio.picture.cast import cast_looks
from gt_consumer.studio.picture.layout import CAPTION_TOP, FOCUS_Y, MAX_ZOOM, PANEL_HEIGHT, PANEL_WIDTH, WIDTH
from gt_consumer.studio.picture.panels import Painter, poses
from gt_consumer.studio.picture.shots import Shot
from gt_consumer.studio.text.dialogue import NARRATOR, Person

PERSONS = {
    key: Person(key, sex, age)
    for key, sex, age in (
        (NARRATOR, "f", "adult"),
        ("sister", "f", "adult"),
        ("boss", "m", "elder"),
        ("grandmother", "f", "old"),
    )
}


def _shot(framing: str, mood: str = "neutral", bubble: str | None = None, *, loud: bool = False) -> Shot:
    other = "sister" if framing == "two" else None
    return Shot(0.0, 3.0, framing, NARRATOR, mood, "hook", "room", other=other, bubble=bubble, loud=loud)


@pytest.mark.parametrize(
    ("rgb", "yuv"),
    [
        ((0, 0, 0), (16, 128, 128)),
        ((255, 255, 255), (235, 128, 128)),
        ((255, 0, 0), (63, 102, 240)),
        ((0, 0, 255), (32, 240, 118)),
    ],
)
def test_colours_are_bt709_limited_range(rgb: tuple[int, int, int], yuv: tuple[int, int, int]) -> None:
    planes = to_planes(np.full((4, 4, 3), rgb, np.uint8))
    assert (planes.y[0, 0], planes.u[0, 0], planes.v[0, 0]) == pytest.approx(yuv, abs=1)


def test_the_camera_keeps_its_focus_and_enlarges() -> None:
    scale = 0.5
    y = np.tile(
        np.linspace(0, 255, round(PANEL_WIDTH * scale)).astype(np.uint8), (round(PANEL_HEIGHT * scale), 1)
    )
    panel = Planes(y, y[::2, ::2].copy(), y[::2, ::2].copy())
    camera = Camera(540, 960, scale)
    slopes, middles = [], []
    for part in (0.0, 1.0):
        _, frame = empty_frame(540, 960)
        camera.shoot(panel, Move((1.0, 1.06), ((0, 0), (0, 0)), (540, FOCUS_Y)), part, 0, frame)
        row = frame.y[400].astype(float)
        slopes.append(row[-1] - row[0])
        middles.append(row[270])
        assert frame.u[200, 135] == pytest.approx(row[270], abs=2)
    assert middles[0] == pytest.approx(middles[1], abs=1)
    assert slopes[0] / slopes[1] == pytest.approx(1.06, abs=0.02)


def test_a_zoom_beyond_the_layout_is_refused() -> None:
    with pytest.raises(ValueError, match="zoom"):
        Move((1.0, MAX_ZOOM + 0.01), ((0, 0), (0, 0)), (540, 900))


def test_sprites_are_blended_in_their_box_only() -> None:
    _, frame = empty_frame(64, 64)
    for plane in (frame.y, frame.u, frame.v):
        plane[:] = 100
    rgb = np.full((8, 8, 3), 255, np.uint8)
    blend(frame, overlay(rgb, np.full((8, 8), 255, np.uint8)), 10, 20)
    assert (frame.y[20:28, 10:18] >= 234).all()
    frame.y[20:28, 10:18] = 100
    assert (frame.y == 100).all()


@pytest.mark.parametrize("framing", ["title", "single", "close", "wide", "two"])
def test_captions_never_cover_a_face(framing: str) -> None:
    for _, pose in poses(_shot(framing)):
        left, _, right, bottom = pose.face
        assert FOCUS_Y + (bottom - FOCUS_Y) * MAX_ZOOM < CAPTION_TOP
        assert left > 0
        assert right < WIDTH


@pytest.mark.parametrize(("mood", "loud"), [("happy", False), ("shout", True)])
def test_bubbles_stay_above_the_face(mood: str, loud: bool) -> None:
    scale = 0.4
    looks = cast_looks(PERSONS, 1)
    text = "You can sell the house, it is only fair to me and to everybody else."
    plain, spoken = (
        Painter(looks, scale, 1).paint(_shot("single", mood, b, loud=loud)) for b in (None, text)
    )
    changed = np.nonzero((plain.planes.y != spoken.planes.y).any(axis=1))[0]
    # The figure stands a little smaller beside a bubble, so only what is white and new is the bubble.
    white = np.nonzero(((spoken.planes.y > 232) & (plain.planes.y < 225)).sum(axis=1) > 60)[0]
    ((_, pose),) = poses(_shot("single", mood, text, loud=loud))
    top_of_face = (pose.face[1] + 100) * scale
    assert len(changed) > 0
    assert len(white) > 20
    assert white.max() < top_of_face
    assert white.min() > (220 + 100) * scale


def test_everybody_keeps_a_look_of_their_own() -> None:
    looks, again = cast_looks(PERSONS, 5), cast_looks(PERSONS, 5)
    assert looks == again
    for a, b in itertools.combinations(looks.values(), 2):
        assert (a.hair, a.clothes) != (b.hair, b.clothes)
    assert looks[NARRATOR].skin == looks["sister"].skin == looks["grandmother"].skin


def test_moods_change_the_face_and_eyes_blink() -> None:
    painter = Painter(cast_looks(PERSONS, 1), 0.4, 1)
    panels = [painter.paint(_shot("single", mood)) for mood in ("happy", "angry", "shock")]
    for a, b in itertools.combinations(panels, 2):
        assert (a.planes.y != b.planes.y).sum() > 200
    patch = panels[1].blinking[0]
    height, width = patch.planes.y.shape
    open_eyes = panels[1].planes.y[patch.top : patch.top + height, patch.left : patch.left + width]
    assert (np.abs(open_eyes.astype(int) - patch.planes.y) > 60).sum() > 50
