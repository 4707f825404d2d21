#!/bin/sh
# `docker stack deploy` with the same arguments, which also rolls out what has changed in a file under stack/:
#   sh stack/deploy.sh -c stack/stack.yml vigia
# Docker never changes a config or a secret, so their names have to. Each has a part of its own file's checksum in its name:
# what has not changed keeps its name, and a service none of whose files have changed is not restarted.
set -eu
here=$(dirname "$0")
for file in $(sed -n 's|^ *file: \./||p' "$here"/*.yml | sort -u); do
  # Certificates are there only where tls.yml is used.
  [ -f "$here/$file" ] || continue
  name=$(printf %s "$file" | tr -c 'A-Za-z0-9' _)
  export "VIGIA_FILE_$name=$(openssl dgst -sha256 -r "$here/$file" | cut -c 1-12)"
done
exec docker stack deploy "$@"
