#!/bin/sh
# Makes the secrets that stack.yml and its overrides name, all or none: random passwords, their hashes for Redis and for
# Mosquitto. Prints what people need. For a second set: VIGIA_SECRETS=other, here and when deploying.
set -eu
prefix=${VIGIA_SECRETS:-vigia}
password() { openssl rand -hex 24; }
sha256() { printf %s "$1" | openssl dgst -sha256 -r | cut -d ' ' -f 1; }

redis_bridge=$(password) redis_grafana=$(password)
mqtt_bridge=$(password) mqtt_sensors=$(password) mqtt_grafana=$(password)
grafana_admin=$(password) http_token=$(password)
# Before the first secret is made, because it can fail: the image may have to be fetched.
mqtt_users=$(
  printf 'bridge:%s\nsensors:%s\ngrafana:%s\n' "$mqtt_bridge" "$mqtt_sensors" "$mqtt_grafana" |
    docker run --rm -i "${MOSQUITTO_IMAGE:-eclipse-mosquitto:2.0.22}" \
      sh -c 'cat >/tmp/users && mosquitto_passwd -U /tmp/users && cat /tmp/users'
)

made=
# Some of them would stand in the way of the next run.
trap '[ -z "$made" ] || docker secret rm $made >/dev/null' EXIT
secret() {
  printf %s "$2" | docker secret create "${prefix}_$1" - >/dev/null
  made="$made ${prefix}_$1"
}
secret redis_bridge_sha256 "$(sha256 "$redis_bridge")"
secret redis_grafana_sha256 "$(sha256 "$redis_grafana")"
secret redis_url "redis://bridge:$redis_bridge@redis:6379"
secret redis_grafana_password "$redis_grafana"
secret mqtt_users "$mqtt_users"
secret mqtt_bridge_password "$mqtt_bridge"
secret mqtt_sensors_password "$mqtt_sensors"
secret mqtt_grafana_password "$mqtt_grafana"
secret grafana_admin_password "$grafana_admin"
secret http_token "$http_token"
made=

echo "MQTT user sensors, password $mqtt_sensors"
echo "Grafana user admin, password $grafana_admin"
echo "HTTP token: $http_token"
