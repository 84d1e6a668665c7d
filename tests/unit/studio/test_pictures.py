"""Pictures: colours, camera, layout, and figures that stay the same."""

from __future__ import annotations

import itertools

import cv2
import numpy as np
import pytest

from gt_consumer.studio.picture import camera as camera_module
from gt_consumer.studio.picture.camera import (
    EDGE,
    Camera,
    Move,
    Planes,
    blend,
    find_cut,
    overlay,
    planes_of,
    to_planes,
)
from gt_consumer.studio.picture.cast import cast_looks
from gt_consumer.studio.picture.fonts import in_font, title_typeface
from gt_consumer.studio.picture.layout import CAPTION_TOP, FOCUS_Y, MAX_ZOOM, PANEL_HEIGHT, PANEL_WIDTH, WIDTH
from gt_consumer.studio.picture.panels import Painter
from gt_consumer.studio.picture.poses import poses
from gt_consumer.studio.picture.shots import Shot
from gt_consumer.studio.picture.views import View
from gt_consumer.studio.script.model import Member
from gt_consumer.studio.script.words import NARRATOR

HALF = View(540, 960, 0, 0, WIDTH, 540)
PERSONS = [
    Member(id=NARRATOR, role=NARRATOR, sex="female", age=28),
    Member(id="sister", role="sister", sex="female", age="young"),
    Member(id="boss", role="boss", sex="male", age="adult"),
    Member(id="grandmother", role="grandmother", sex="female", age="old"),
]


def _shot(framing: str, mood: str = "neutral", bubble: str | None = None, *, loud: bool = False) -> Shot:
    other = "sister" if framing in {"two", "over"} else None
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
    camera = Camera(HALF, scale)
    slopes, middles = [], []
    for part in (0.0, 1.0):
        frame = planes_of(np.empty(540 * 960 * 3 // 2, np.uint8), 540, 960)
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
    frame = planes_of(np.empty(64 * 64 * 3 // 2, np.uint8), 64, 64)
    for plane in (frame.y, frame.u, frame.v):
        plane[:] = 100
    blend(frame, overlay(np.full((8, 8, 4), 255, np.uint8)), 10, 20)
    assert (frame.y[20:28, 10:18] >= 234).all()
    frame.y[20:28, 10:18] = 100
    assert (frame.y == 100).all()


@pytest.mark.parametrize("framing", ["title", "single", "close", "wide", "two", "over"])
def test_captions_never_cover_a_face(framing: str) -> None:
    for _, pose in poses(_shot(framing), cast_looks(PERSONS, 1)):
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
    ((_, pose),) = poses(_shot("single", mood, text, loud=loud), looks)
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


@pytest.mark.parametrize("zoom", [1.02, 1.035, 1.07])
@pytest.mark.parametrize("offset", [60.0, 71.37, 99.81])
def test_a_cut_shows_the_wanted_pixels_within_a_part_of_one(zoom: float, offset: float) -> None:
    slope = 1 / zoom
    cut = find_cut(slope, offset, 1080, 1200)
    assert cut is not None
    assert cut.begin + (cut.skip + 0.5) * slope - 0.5 == pytest.approx(offset, abs=(1 - slope) / 2 + 1e-9)
    assert (cut.end - cut.begin) / slope >= cut.skip + 1080


@pytest.mark.parametrize(
    ("slope", "offset"), [(1.0, 60.3), (0.995, 60.3), (0.96, -0.4), (0.99, 10.01), (0.96, 170)]
)
def test_no_cut_is_found_without_zoom_or_beyond_the_panel(slope: float, offset: float) -> None:
    assert find_cut(slope, offset, 1080, 1200) is None


def test_a_picture_is_enlarged_as_it_is_moved_pixel_by_pixel(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(3)
    noise = rng.integers(0, 255, (PANEL_HEIGHT // 2, PANEL_WIDTH // 2), np.uint8)
    y = cv2.GaussianBlur(noise, (0, 0), 3).astype(np.uint8, copy=False)
    panel = Planes(y, y[::2, ::2].copy(), y[1::2, ::2].copy())
    pictures = []
    for least in (0.01, 2.0):  # with the second, every cut is refused
        monkeypatch.setattr(camera_module, "_LEAST_SHIFT", least)
        frame = planes_of(np.zeros(540 * 960 * 3 // 2, np.uint8), 540, 960)
        Camera(HALF, 0.5).shoot(panel, Move((1.04, 1.06), ((-20, 0), (20, 0)), (540, FOCUS_Y)), 0.4, 1, frame)
        pictures.append(frame)
    for fast, slow in ((pictures[0].y, pictures[1].y), (pictures[0].u, pictures[1].u)):
        assert np.abs(fast.astype(int) - slow).max() <= 6
        assert (fast != slow).any(), "the same way was taken twice"


def test_with_an_edge_little_zoom_is_enough_and_nothing_of_the_edge_is_seen(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("moved pixel by pixel")

    monkeypatch.setattr(camera_module, "_move", refuse)
    noise = np.random.default_rng(3).integers(0, 255, (PANEL_HEIGHT // 2, PANEL_WIDTH // 2, 3), np.uint8)
    panel = to_planes(noise, edged=True)
    pictures = []
    for value in (0, 255):
        for plane in panel.edged:
            plane[:EDGE] = plane[:, :EDGE] = value
        data = np.zeros(540 * 960 * 3 // 2, np.uint8)
        move = Move((1.004, 1.004), ((0, 0), (0, 0)), (510, FOCUS_Y))
        Camera(HALF, 0.5).shoot(panel, move, 0.4, 1, planes_of(data, 540, 960))
        pictures.append(data)
    assert np.array_equal(pictures[0], pictures[1])
    plain = to_planes(noise)
    assert np.array_equal(panel.y, plain.y)
    assert np.array_equal(panel.v, plain.v)


def test_a_title_in_other_letters_is_written_in_those_of_the_font() -> None:
    assert in_font("小雨 и Łukasz 🙂 café", title_typeface()) == "Xiaoyu I Łukasz café"
