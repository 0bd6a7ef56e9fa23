FROM node:24.21.0-bookworm-slim AS dependencies
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# Two packages stay behind: a second Node, and the local ClickHouse server (540 MB), for which there is an image of its own.
RUN npm ci --omit=dev && rm -rf node_modules/node node_modules/@chdb

FROM node:24.21.0-bookworm-slim
WORKDIR /app
COPY --from=dependencies /app ./
COPY bin bin
COPY src src
COPY docker/healthcheck.js docker/
# The data directory is the only place that is written.
RUN mkdir /data && chown node:node /data
ENV NODE_ENV=production MILLRACE_DATA_DIR=/data NODE_COMPILE_CACHE=/data/.cache
VOLUME /data
USER node
EXPOSE 8080 8081
HEALTHCHECK --interval=10s --timeout=5s --start-period=20s CMD ["node", "docker/healthcheck.js"]
ENTRYPOINT ["node", "bin/millrace.js"]
CMD ["--help"]
