# syntax=docker/dockerfile:1

FROM rust:1.95-bookworm AS build
# Guests compile with the installed target; without it `cargo xtask guests` would build the target's std itself.
RUN rustup target add wasm32-unknown-unknown
WORKDIR /src
COPY . .
RUN --mount=type=cache,target=/usr/local/cargo/registry,sharing=locked \
    --mount=type=cache,target=/src/target,sharing=locked \
    cargo xtask guests \
 && cargo build --release --locked -p server \
 && install -D -m 0755 target/release/strowger /out/strowger \
 && install -D -m 0644 -t /out/guests target/guests/hello.wasm target/guests/office.wasm \
    target/guests/ivr.wasm

# What callers hear: an English voice and music on hold, as Debian packages them, with the attribution that their licence
# (CC BY-SA 3.0) asks for beside them. Another voice goes over it: `-v /srv/prompts:/usr/share/strowger/prompts:ro`.
FROM debian:bookworm-slim AS prompts
COPY deploy/prompts.sh /usr/local/bin/
RUN apt-get update && prompts.sh /out/prompts && rm -rf /var/lib/apt/lists/*

FROM debian:bookworm-slim
RUN groupadd --system --gid 5060 strowger \
 && useradd --system --uid 5060 --gid strowger --home-dir /data --no-create-home --shell /usr/sbin/nologin strowger \
 && install -d -m 0750 -o strowger -g strowger /data
# Whose signatures on carriers' certificates are believed.
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
COPY --from=build /out/strowger /usr/local/bin/strowger
COPY --from=build /out/guests /usr/share/strowger/guests
COPY --from=prompts /out/prompts /usr/share/strowger/prompts
ENV STROWGER__MEDIA__PROMPTS=/usr/share/strowger/prompts
COPY LICENSE-MIT LICENSE-APACHE /usr/share/doc/strowger/

USER strowger
# The server keeps its files under ./data: from here that is the volume.
WORKDIR /
VOLUME /data

# 5060 SIP, 5061 SIP over TLS, 20000-20999 media, 9090 metrics, 50051 admin API. The last two are for the operator alone: never publish
# them beyond loopback.
EXPOSE 5060/udp 5060/tcp 5061/tcp 20000-20999/udp 9090/tcp 50051/tcp

# Asks the running server by its admin port.
HEALTHCHECK --interval=15s --timeout=5s --start-period=10s --retries=3 CMD ["strowger", "status"]

# SIGTERM lets calls end within a limit; give the container as long (`docker stop --time 60`).
STOPSIGNAL SIGTERM
ENTRYPOINT ["strowger"]
CMD ["run"]
