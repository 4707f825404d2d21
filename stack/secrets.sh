#!/bin/sh
# Makes the secrets that stack.yml names: random passwords, and the users of Redis and of Mosquitto with their hashes.
# Prints the two passwords that people need. For a second set: VIGIA_SECRETS=other, here and when deploying.
set -eu
cd "$(dirname "$0")"
prefix=${VIGIA_SECRETS:-vigia}
password() { openssl rand -hex 24; }
sha256() { printf %s "$1" | openssl dgst -sha256 -r | cut -d ' ' -f 1; }
secret() { docker secret create "${prefix}_$1" - >/dev/null; }

redis_bridge=$(password) redis_grafana=$(password)
mqtt_bridge=$(password) mqtt_sensors=$(password) mqtt_grafana=$(password)
grafana_admin=$(password)

sed -e "s/BRIDGE_SHA256/$(sha256 "$redis_bridge")/" -e "s/GRAFANA_SHA256/$(sha256 "$redis_grafana")/" redis/users.acl | secret redis_users
printf 'redis://bridge:%s@redis:6379' "$redis_bridge" | secret redis_url
printf %s "$redis_grafana" | secret redis_grafana_password
printf 'bridge:%s\nsensors:%s\ngrafana:%s\n' "$mqtt_bridge" "$mqtt_sensors" "$mqtt_grafana" |
  docker run --rm -i "${MOSQUITTO_IMAGE:-eclipse-mosquitto:2.0.22}" \
    sh -c 'cat >/tmp/users && mosquitto_passwd -U /tmp/users && cat /tmp/users' | secret mqtt_users
printf %s "$mqtt_bridge" | secret mqtt_bridge_password
printf %s "$mqtt_sensors" | secret mqtt_sensors_password
printf %s "$mqtt_grafana" | secret mqtt_grafana_password
printf %s "$grafana_admin" | secret grafana_admin_password

echo "MQTT user sensors, password $mqtt_sensors"
echo "Grafana user admin, password $grafana_admin"
