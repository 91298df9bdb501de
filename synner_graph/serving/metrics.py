"""What a server counts, in the text format of Prometheus."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
TOKENS = (16, 64, 256, 1024, 4096, 16384)


class Metrics:
    """The counters of one server."""

    def __init__(self) -> None:
        self._registry = registry = CollectorRegistry()
        self._requests = Counter(
            "synner_requests", "Requests answered", ("path", "status"), registry=registry
        )
        self._seconds = Histogram(
            "synner_request_seconds",
            "Seconds from a request to its answer",
            ("path",),
            buckets=SECONDS,
            registry=registry,
        )
        self._texts = Counter("synner_texts", "Texts named", registry=registry)
        self._characters = Counter(
            "synner_characters", "Characters of the texts named", registry=registry
        )
        self._rounds = Histogram(
            "synner_round_tokens",
            "Tokens that the model read in one round",
            buckets=TOKENS,
            registry=registry,
        )
        self._waiting = Gauge(
            "synner_waiting_characters", "Characters that wait for the model", registry=registry
        )

    def answered(self, path: str, status: int, seconds: float) -> None:
        """Count a request."""
        self._requests.labels(path, str(status)).inc()
        self._seconds.labels(path).observe(seconds)

    def named(self, characters: int) -> None:
        """Count a text."""
        self._texts.inc()
        self._characters.inc(characters)

    def round(self, tokens: int) -> None:
        """Count a round of the model."""
        self._rounds.observe(tokens)

    def text(self, waiting: int) -> bytes:
        """Return everything as text.

        Args:
            waiting: Characters that wait now.
        """
        self._waiting.set(waiting)
        return generate_latest(self._registry)
