"""Names of all exchanges and queues, derived from the namespace."""

from __future__ import annotations

from dataclasses import dataclass

from gt_common.durations import duration_label

STORY_KEY = "story"
RESULT_KEY = "result"
LETTER_KEY = "letter"
"""Routing key of dead letters that leads to the dead-letter queue only."""
RECORD_KEY = "record"
"""Routing key of dead letters that leads to the ledger's queue only."""
CRASH_LIMIT = 10
"""How often the broker redelivers a story before it dead-letters it (`x-delivery-limit`)."""
_DLX = ".dlx"
_STORIES = ".stories"


def is_dlx(exchange: str) -> bool:
    """Whether an exchange is the dead-letter exchange of a fleet."""
    return exchange.endswith(_DLX)


def is_story_queue(queue: object) -> bool:
    """Whether a name is that of the story queue of a fleet."""
    return isinstance(queue, str) and queue.endswith(_STORIES)


@dataclass(frozen=True)
class Names:
    """Names of one fleet's exchanges and queues.

    Parameters:
        namespace: the prefix that keeps two fleets on one broker apart
    """

    namespace: str = "gt"

    @property
    def stories(self) -> str:
        """Direct exchange, and queue of the same name, for stories to process."""
        return f"{self.namespace}{_STORIES}"

    @property
    def retry(self) -> str:
        """Direct exchange in front of the wait queues; the routing key is the delay's label."""
        return f"{self.namespace}.retry"

    def retry_queue(self, delay_s: float) -> str:
        """Queue in which stories wait this long; one per delay, so that none waits behind a longer delay."""
        return f"{self.retry}.{duration_label(delay_s)}"

    def delay(self, level: int) -> str:
        """Topic exchange, and queue of the same name, of a level of the ladder: waits of 2^level seconds."""
        return f"{self.namespace}.delay.{level}"

    @property
    def results(self) -> str:
        """Topic exchange of result events; the routing key is `<batch id>.<event type>`."""
        return f"{self.namespace}.results"

    @property
    def progress(self) -> str:
        """Topic exchange for live views; receives every event that the ledger has, and finer progress."""
        return f"{self.namespace}.progress"

    @property
    def dlx(self) -> str:
        """Direct exchange of dead letters.

        `letter` leads to the dead-letter queue, `record` to the ledger's queue, `story`, which the broker
        itself uses, to both.
        """
        return f"{self.namespace}{_DLX}"

    @property
    def dlq(self) -> str:
        """Queue of dead letters."""
        return f"{self.namespace}.dlq"

    @property
    def ledger_queue(self) -> str:
        """Queue of everything that goes into the ledger."""
        return f"{self.results}.ledger"

    @property
    def results_dlq(self) -> str:
        """Queue of result events that could not be read."""
        return f"{self.results}.dlq"

    @property
    def tokens(self) -> str:
        """Direct exchange in front of the token queues; the routing key is the provider."""
        return f"{self.namespace}.tokens"

    def token_queue(self, provider: str) -> str:
        """Queue of tokens; each allows one call to the provider."""
        return f"{self.tokens}.{provider}"

    @property
    def metronome(self) -> str:
        """Exclusive queue that serves as the lock of the elected worker that hands out tokens."""
        return f"{self.namespace}.metronome"

    @property
    def pauses(self) -> str:
        """Fanout exchange, and stream of the same name, for pauses that providers asked for."""
        return f"{self.namespace}.pauses"

    @property
    def control(self) -> str:
        """Fanout exchange, and stream of the same name, for the orders of operators to all workers."""
        return f"{self.namespace}.control"

    @property
    def marks(self) -> str:
        """Direct exchange for the marks by which a reader finds a stream's end; the key is the stream."""
        return f"{self.namespace}.marks"

    @property
    def presence(self) -> str:
        """Fanout exchange, and stream of the same name, in which workers say that they live."""
        return f"{self.namespace}.presence"

    @property
    def parked(self) -> str:
        """Direct exchange in front of the queues for stories of paused batches."""
        return f"{self.namespace}.parked"

    def parked_key(self, batch_id: str, revision: int) -> str:
        """Routing key of the stories of a batch that were parked under one hold."""
        return f"{batch_id}.{revision}"

    def parked_queue(self, batch_id: str, revision: int) -> str:
        """Queue of the stories of a batch that were parked under one hold."""
        return f"{self.parked}.{self.parked_key(batch_id, revision)}"

    def follow(self, unique: str) -> str:
        """Queue of one connection of one follower."""
        return f"{self.namespace}.follow.{unique}"
