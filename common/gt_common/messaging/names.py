"""The names of all exchanges and queues, made from the namespace in one place."""

from __future__ import annotations

from dataclasses import dataclass

from gt_common.durations import duration_label

STORY_KEY = "story"
RESULT_KEY = "result"
CRASH_LIMIT = 10
"""How often the broker delivers a story again before it dead-letters it (`x-delivery-limit`)."""
_DLX = ".dlx"


def is_dlx(exchange: str) -> bool:
    """Tell whether an exchange is that of a fleet's dead letters."""
    return exchange.endswith(_DLX)


@dataclass(frozen=True)
class Names:
    """Names of one fleet's exchanges and queues.

    Parameters:
        namespace: the prefix that keeps two fleets on one broker apart
    """

    namespace: str = "gt"

    @property
    def stories(self) -> str:
        """Direct exchange, and the queue of the same name, of stories to be made."""
        return f"{self.namespace}.stories"

    @property
    def retry(self) -> str:
        """Direct exchange in front of the wait queues; the routing key is the delay's label."""
        return f"{self.namespace}.retry"

    def retry_queue(self, delay_s: float) -> str:
        """Queue in which stories wait this long; one a delay, so that nobody waits behind a longer one."""
        return f"{self.retry}.{duration_label(delay_s)}"

    @property
    def results(self) -> str:
        """Topic exchange of result events; the routing key is `<batch id>.<event type>`."""
        return f"{self.namespace}.results"

    @property
    def progress(self) -> str:
        """Topic exchange for those who watch; gets every result event and the finer progress."""
        return f"{self.namespace}.progress"

    @property
    def dlx(self) -> str:
        """Direct exchange of dead letters: `story` goes to the dead-letter queue and to the ledger."""
        return f"{self.namespace}{_DLX}"

    @property
    def dlq(self) -> str:
        """Queue of dead stories."""
        return f"{self.namespace}.dlq"

    @property
    def ledger_queue(self) -> str:
        """Queue of everything that the ledger must know."""
        return f"{self.results}.ledger"

    @property
    def results_dlq(self) -> str:
        """Queue of result events that could not be understood."""
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
        """Exclusive queue that is the lock of the one worker that gives out tokens."""
        return f"{self.namespace}.metronome"

    @property
    def pauses(self) -> str:
        """Fanout exchange, and the stream of the same name, of providers that asked to be left alone."""
        return f"{self.namespace}.pauses"

    def follow(self, unique: str) -> str:
        """Queue of one follower's one connection."""
        return f"{self.namespace}.follow.{unique}"
