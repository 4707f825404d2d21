"""What Vigia's legacy routes are measured against: the same two routes as a small Flask application with Redis."""
import os
import socket
import time

import redis
from flask import Flask, request

app = Flask(__name__)
store = redis.Redis(port=int(os.environ["BENCH_REDIS_PORT"]))


@app.route("/nuevo")
def nuevo():
    value = float(request.args["dato"])
    now = time.time_ns() // 1000
    store.zadd(request.args.get("sensor", "manual"), {f"{now}:{value}": now})
    return f"<p>Temperatura recibida: {value}°C</p><p>Se ha agregado al Redis correctamente!</p>"


@app.route("/listar")
def listar():
    rows = []
    for member in store.zrange(request.args.get("sensor", "manual"), -1000, -1):
        at, value = member.decode().split(":")
        shown = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(int(at) / 1e6))
        rows.append(f"<tr><td>{shown}</td><td>{value} °C</td></tr>")
    head = "<tr><th>Timestamp</th><th>Value (°C)</th></tr>"
    return f"<p>Hostname : {socket.gethostname()}</p><table>{head}{''.join(rows)}</table>"
