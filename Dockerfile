FROM node:24-slim

WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=dev --no-audit --no-fund && npm cache clean --force
COPY bin bin
COPY src src
# The data directory is the only place that is written.
RUN mkdir /data && chown node:node /data
ENV MILLRACE_DATA_DIR=/data NODE_COMPILE_CACHE=/data/.cache
VOLUME /data
USER node
EXPOSE 8080 8081
# The one of both services that this container is.
HEALTHCHECK --interval=10s --timeout=5s --start-period=20s CMD ["node", "-e", "Promise.any([8080, 8081].map((port) => fetch(`http://127.0.0.1:${port}/health`).then((answer) => answer.ok || Promise.reject()))).catch(() => process.exit(1))"]
ENTRYPOINT ["node", "bin/millrace.js"]
CMD ["start"]
