FROM golang:1.26-bookworm AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
# With .git, from which the binary knows its commit.
COPY . .
RUN make build
RUN mkdir --mode=700 /data

FROM scratch
# Whom to believe when PostgreSQL or the upstream is asked over TLS.
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=build /src/bin/ration /usr/bin/ration
# A new volume gets its owner and mode from here.
COPY --from=build --chown=65532:65532 /data /data

ENV PATH=/usr/bin
ENV RATION_DB=sqlite:/data/ration.db
ENV RATION_LISTEN=0.0.0.0:8080
ENV RATION_API_LISTEN=0.0.0.0:8081

USER 65532:65532
# Where SQLite puts its temporary files too, as there is no other place to write to.
WORKDIR /data
VOLUME /data
EXPOSE 8080 8081
HEALTHCHECK --interval=10s --timeout=5s --start-period=10s CMD ["ration", "health"]
ENTRYPOINT ["ration"]
CMD ["serve"]
