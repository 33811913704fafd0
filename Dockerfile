# The session endpoint alone: docker build -t cartwright-server .
FROM rust:1.95-slim-trixie AS build
WORKDIR /source
COPY Cargo.toml Cargo.lock ./
COPY src src
COPY server server
COPY scripts/bindgen scripts/bindgen
COPY tests/sim tests/sim
RUN cargo build --release --locked -p cartwright-server

FROM debian:trixie-slim
COPY --from=build /source/target/release/cartwright-server /usr/local/bin/
RUN useradd --system --uid 10001 cartwright && install -d -o cartwright /data
USER cartwright
WORKDIR /data
VOLUME /data
EXPOSE 8787
# A container is reached through its own address only, never through loopback.
ENTRYPOINT ["cartwright-server", "--host", "0.0.0.0"]
