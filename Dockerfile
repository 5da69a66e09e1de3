# fer-live in a container that needs no root and writes nowhere but to /results and /tmp:
#     docker build --target cpu -t fer-live .         # or --target cuda, for an NVIDIA card
#     docker run --rm --read-only --tmpfs /tmp -v "$PWD/results:/results" -v "$PWD/clips:/clips:ro" \
#         fer-live annotate /clips --out /results
# Checked by hadolint (`make lint-containers`); docs/guide/containers.md says what was not run.

FROM python:3.12-slim-bookworm AS base
# What opencv-python's wheel asks of the system (fer_live/system_errors.py).
RUN apt-get update \
    && apt-get install --yes --no-install-recommends \
        libegl1=1.6.* libgl1=1.6.* libglib2.0-0=2.74.* libxcb1=1.15-* \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --uid 10001 --no-create-home --home-dir /tmp --shell /usr/sbin/nologin fer \
    && install --directory --owner=fer /results
ENV PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 HOME=/tmp

# An environment of its own, made where compilers and caches may lie about.
FROM base AS build
COPY requirements-cpu.txt /src/
RUN python -m venv /opt/fer \
    && /opt/fer/bin/pip install --no-cache-dir --requirement /src/requirements-cpu.txt
COPY . /src
RUN /opt/fer/bin/pip install --no-cache-dir --no-deps /src \
    && /opt/fer/bin/pip uninstall --yes pip

FROM base AS build-cuda
COPY . /src
# NVIDIA's libraries come as wheels; the machine brings the driver alone.
RUN python -m venv /opt/fer \
    && /opt/fer/bin/pip install --no-cache-dir "/src[cuda]" \
    && /opt/fer/bin/pip uninstall --yes pip

FROM base AS cuda
ENV NVIDIA_VISIBLE_DEVICES=all NVIDIA_DRIVER_CAPABILITIES=compute,utility
COPY --from=build-cuda /opt/fer /opt/fer
USER 10001
WORKDIR /results
ENTRYPOINT ["/opt/fer/bin/fer-live"]
CMD ["doctor"]

# The last one is what `docker build .` makes.
FROM base AS cpu
COPY --from=build /opt/fer /opt/fer
USER 10001
WORKDIR /results
ENTRYPOINT ["/opt/fer/bin/fer-live"]
CMD ["doctor"]
