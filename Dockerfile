# One image for every role: `serve` by default, else the command given (bridge, broker, devices, …). The program is what
# `npm pack` would publish, the packages are those of the lock file without the development ones.
ARG NODE_IMAGE=node:24-slim

FROM ${NODE_IMAGE} AS build
WORKDIR /app
COPY package.json package-lock.json ./
# `prepare` would compile here, before there is anything to compile.
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY . .
RUN npm run build \
 && rm -f dist/.tsbuildinfo \
 && npm pack --ignore-scripts --pack-destination /tmp \
 && mkdir /program \
 && tar -xzf /tmp/vigia-*.tgz -C /program --strip-components=1

FROM ${NODE_IMAGE} AS packages
WORKDIR /app
COPY package.json package-lock.json ./
# Source maps of packages are a third of their size.
RUN npm ci --omit=dev --ignore-scripts --no-audit --no-fund \
 && find node_modules -name '*.map' -delete

FROM ${NODE_IMAGE}
ENV NODE_ENV=production HOST=0.0.0.0 PORT=80 DATA_DIR=/data
# Open to the network: without secrets of yours the first start makes some, and prints them.
ENV GENERATE_SECRETS=yes
WORKDIR /app
COPY --from=packages /app/node_modules node_modules
COPY --from=build /program ./
COPY stack/healthcheck.js stack/
# Only this is ever written, and by the embedded store alone: the rest may be read-only.
RUN install -d -o node -g node /data
VOLUME /data
USER node
EXPOSE 80 1883
# Starting Node.js takes seconds on a machine that is short of CPU; that must not restart every bridge at once.
HEALTHCHECK --interval=10s --timeout=30s --start-period=30s --retries=3 CMD ["node", "/app/stack/healthcheck.js"]
# At the end: what differs from build to build leaves the layers before it alone.
ARG VERSION=0.2.0
ARG REVISION=
ARG CREATED=
ARG SOURCE=
LABEL org.opencontainers.image.title="Vigía" \
      org.opencontainers.image.description="MQTT telemetry bridge: every reading committed once, scored by an LSTM, alerted and shown" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.created="${CREATED}" \
      org.opencontainers.image.source="${SOURCE}"
ENTRYPOINT ["node", "--max-semi-space-size=4", "/app/bin/vigia.js"]
CMD ["serve"]
