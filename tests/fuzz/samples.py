"""Sound inputs of each kind, from which fuzzing starts."""

from __future__ import annotations

URL = "https://www.reddit.com/comments/abc/"
FAILURE = {
    "type": "TimeoutError",
    "message": "no answer",
    "stage": "voice",
    "retryable": True,
    "traceback": "x",
}
STORY: dict[str, object] = {
    "v": 1,
    "batch_id": "b1",
    "story_id": "0123456789abcdef",
    "position": 1,
    "url": URL,
    "canonical_url": URL,
    "options": {"voice": "heart", "n": [1, 2.5, None, True]},
    "published_at": "2026-03-01T12:00:00Z",
}
LETTER: dict[str, object] = STORY | {
    "attempt": 3,
    "died_at": "2026-03-01T12:05:00Z",
    "errors": [{"failure": FAILURE, "generation": 1, "attempt": 3, "ended_at": "2026-03-01T12:05:00Z"}],
}
EVENT: dict[str, object] = {
    "v": 1,
    "type": "story.failed",
    "event_id": "e1",
    "batch_id": "b1",
    "at": "2026-03-01T12:05:00Z",
    "story_id": "0123456789abcdef",
    "position": 1,
    "url": URL,
    "failure": FAILURE,
    "letter": LETTER,
}
RESULT: dict[str, object] = {
    "schema": 1,
    "batch_id": "b1",
    "story_id": "0123456789abcdef",
    "project_id": "p",
    "video_s": 61.0,
    "size": 5,
}
POST: dict[str, object] = {
    "kind": "t3",
    "data": {
        "id": "abc",
        "subreddit": "tifu",
        "title": "TIFU",
        "selftext": "Once.",
        "author": "[deleted]",
        "permalink": "/r/tifu/comments/abc/tifu/",
        "ups": 5,
        "upvote_ratio": 0.9,
        "created_utc": 1700000000.0,
        "crosspost_parent_list": [],
    },
}
