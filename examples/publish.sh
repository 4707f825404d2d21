#!/bin/sh
# Publishes a reading of this machine: its load. Usage: publish.sh [HOST [PORT [SENSOR]]]
set -eu
host=${1:-localhost} port=${2:-1883} sensor=${3:-$(hostname)}
load=$(cut -d ' ' -f 1 /proc/loadavg 2>/dev/null || uptime | sed 's/.*average[s]*: \([0-9.]*\).*/\1/')
# QoS 1: mosquitto_pub ends when the reading is stored. With the time, a repeated message is one reading.
mosquitto_pub -h "$host" -p "$port" -q 1 -t "sensors/$sensor/load" -m "{\"value\": $load, \"ts\": $(date +%s)}"
