# gt-produce. Build from the checkout: docker build -f ops/images/producer.Dockerfile .
FROM ghcr.io/astral-sh/uv:0.13.9 AS uv

FROM python:3.11-slim-bookworm AS build
COPY --from=uv /uv /usr/local/bin/uv
ENV UV_COMPILE_BYTECODE=1 UV_LINK_MODE=copy UV_PYTHON_DOWNLOADS=never UV_PROJECT_ENVIRONMENT=/app
WORKDIR /src
# Dependencies, in a layer that changes only with the lock file.
COPY pyproject.toml uv.lock ./
COPY common/pyproject.toml common/
COPY producer/pyproject.toml producer/
COPY consumer/pyproject.toml consumer/
RUN --mount=type=cache,target=/root/.cache/uv \
    uv sync --locked --no-dev --no-install-workspace --package gt-producer --extra postgres --extra otel
COPY common common
COPY producer producer
COPY consumer consumer
RUN --mount=type=cache,target=/root/.cache/uv \
    uv sync --locked --no-dev --no-editable --package gt-producer --extra postgres --extra otel

FROM python:3.11-slim-bookworm
# tini is PID 1: it reaps orphans and forwards signals.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install -y --no-install-recommends tini \
    && rm -rf /var/lib/apt/lists/*
RUN useradd --uid 10001 --create-home --shell /usr/sbin/nologin gossiptoon \
    && install -d -o gossiptoon -g gossiptoon /state
COPY --from=build /app /app
ENV PATH=/app/bin:$PATH PYTHONUNBUFFERED=1 GT_LOG_FORMAT=json GT_STATE_DIR=/state
USER 10001
WORKDIR /home/gossiptoon
ENTRYPOINT ["/usr/bin/tini", "-s", "--", "gt-produce"]
