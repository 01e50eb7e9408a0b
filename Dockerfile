# The mother and her children in one container; the compiler and pip stay behind in the first stage.
FROM python:3.12-slim AS build
WORKDIR /opt/droas
RUN python -m venv .venv
COPY requirements/build.lock requirements/runtime.lock requirements/
RUN .venv/bin/pip install --no-cache-dir --require-hashes -r requirements/build.lock -r requirements/runtime.lock
COPY pyproject.toml README.md LICENSE ./
COPY droas_common droas_common
COPY droas_mother droas_mother
COPY droas_child droas_child
COPY droas_sandbox droas_sandbox
RUN .venv/bin/pip install --no-cache-dir --no-deps --no-build-isolation . \
    && .venv/bin/pip uninstall --yes hatchling editables pip

FROM python:3.12-slim
COPY --from=build /opt/droas /opt/droas
RUN mkdir -p /etc/droas /run/droas /var/lib/droas \
    && chown 10001:10001 /run/droas /var/lib/droas \
    && chmod 0700 /run/droas /var/lib/droas
ENV PATH=/opt/droas/.venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    DROAS_RUNTIME_DIR=/run/droas \
    DROAS_DATA_DIR=/var/lib/droas
USER 10001:10001
WORKDIR /var/lib/droas
VOLUME /var/lib/droas
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s --retries=3 \
    CMD ["droasctl", "health"]
ENTRYPOINT ["droas-mother", "--config", "/etc/droas"]
