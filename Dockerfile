# Production image: web, worker and beat, told apart by their command in docker-compose.yml.

FROM node:22-slim AS assets
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --ignore-scripts --no-audit --no-fund

FROM python:3.11-slim-trixie AS packages
COPY requirements.lock ./
RUN python -m venv /venv \
    && /venv/bin/pip install --no-cache-dir --require-hashes -r requirements.lock

FROM python:3.11-slim-trixie
# pg_dump and pg_restore, for manage.py backup and restore.
RUN apt-get update \
    && apt-get install -y --no-install-recommends postgresql-client-17 \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --no-create-home portal \
    && install -d -o portal -g portal /data/media /data/backups
COPY --from=packages /venv /venv
WORKDIR /app
COPY --from=assets /app/node_modules ./node_modules
COPY manage.py ./
COPY communities ./communities
COPY grid ./grid
COPY services ./services
COPY funding ./funding
COPY portal ./portal
COPY templates ./templates
COPY deploy ./deploy
ENV PATH=/venv/bin:$PATH \
    PORTAL_ENV=production \
    MEDIA_ROOT=/data/media \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1
# Settings refuse to load without these; the values here serve this one command and are not kept.
RUN SECRET_KEY="$(head -c 48 /dev/urandom | base64 -w0)" ENCRYPTION_KEY="$(head -c 48 /dev/urandom | base64 -w0)" \
    ALLOWED_HOSTS=build.invalid \
    DATABASE_URL=postgres://build.invalid/build REDIS_URL=redis://build.invalid \
    python manage.py collectstatic --no-input \
    && rm -rf node_modules
USER portal
EXPOSE 8000
CMD ["gunicorn", "--config", "deploy/gunicorn.conf.py", "portal.wsgi:application"]
