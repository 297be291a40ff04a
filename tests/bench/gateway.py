#!/usr/bin/env python3
"""The gateway beside nginx (a bare TLS-to-TLS reverse proxy) on the same upstream, in the same run.

Prints ratios, not absolute promises: machines are shared. Each pair is measured A, B, A, B … and the
median of the pairs' ratios is shown beside the bar it must reach. Run by `./dev bench gateway`."""
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time

SOURCE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = sys.argv[1] if len(sys.argv) > 1 else os.path.join(SOURCE, "build/release")
ROUNDS = int(os.environ.get("ROUNDS", "5"))
SECONDS = os.environ.get("SECONDS_EACH", "3")
MAIL = "ada.lovelace@analytical-engines.org"
HOST = "api.openai.com"


def openssl(*args):
    subprocess.run(["openssl", *args], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def make_certificates(folder):
    root, leaf = folder + "/root", folder + "/leaf"
    curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    openssl("req", "-x509", *curve, "-days", "7", "-subj", "/CN=Bench root", "-keyout", root + ".key", "-out", root + ".pem",
            "-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign")
    openssl("req", *curve, "-subj", "/CN=" + HOST, "-keyout", leaf + ".key", "-out", leaf + ".csr")
    with open(leaf + ".ext", "w") as file:
        file.write(f"basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature\nextendedKeyUsage=serverAuth\n"
                   f"subjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid:always\nsubjectAltName=DNS:{HOST}\n")
    openssl("x509", "-req", "-in", leaf + ".csr", "-CA", root + ".pem", "-CAkey", root + ".key", "-CAcreateserial",
            "-days", "7", "-extfile", leaf + ".ext", "-out", leaf + ".pem")


def free_port():
    import socket
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def start_nginx(folder, upstream_port):
    port = free_port()
    with open(folder + "/nginx.conf", "w") as file:
        file.write(f"""daemon off; pid {folder}/nginx.pid; error_log {folder}/nginx.log; worker_processes auto;
events {{ worker_connections 4096; }}
http {{
  access_log off; client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/f;
  uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s; client_max_body_size 64m; client_body_buffer_size 1m;
  upstream provider {{ server 127.0.0.1:{upstream_port}; keepalive 64; keepalive_requests 1000000; }}
  server {{
    listen 127.0.0.1:{port} ssl; keepalive_requests 1000000;
    ssl_certificate {folder}/leaf.pem; ssl_certificate_key {folder}/leaf.key; ssl_protocols TLSv1.2 TLSv1.3;
    location / {{
      proxy_pass https://provider; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_set_header Host {HOST};
      proxy_ssl_name {HOST}; proxy_ssl_server_name on; proxy_ssl_verify on; proxy_ssl_trusted_certificate {folder}/root.pem;
      proxy_buffering off;
    }}
  }}
}}""")
    process = subprocess.Popen(["nginx", "-p", folder, "-c", folder + "/nginx.conf"], stderr=subprocess.DEVNULL)
    time.sleep(0.7)
    return process, port


def start_gateway(folder, upstream_port):
    config = folder + "/customhouse.yaml"
    with open(config, "w") as file:
        file.write(f"""listen: {{proxy: "127.0.0.1:0", api: "127.0.0.1:0", admin: "127.0.0.1:0"}}
data_dir: var
upstream: {{extra_ca: ["{folder}/root.pem"], connect_to: {{"{HOST}:443": "127.0.0.1:{upstream_port}"}}}}
providers: {SOURCE}/config/providers.yaml
policies: ["{SOURCE}/config/policies/default.yaml"]
limits: {{max_requests_per_connection: 1000000}}
""")
    process = subprocess.Popen([BUILD + "/customhouse", "serve", "--config", config],
                               stdout=open(folder + "/gateway.out", "w"), stderr=subprocess.STDOUT)
    state = folder + "/var/run/listeners.json"
    for _ in range(500):
        if os.path.exists(state):
            return process, int(str(json.load(open(state))["proxy"]).rsplit(":", 1)[-1])
        time.sleep(0.02)
    sys.exit("the gateway did not start:\n" + open(folder + "/gateway.out").read())


def resident_mib(pid):
    for line in open(f"/proc/{pid}/status"):
        if line.startswith("VmRSS"):
            return int(line.split()[1]) / 1024
    return 0.0


def chat(prompt, stream=False):
    return json.dumps({"model": "gpt-test", **({"stream": True} if stream else {}),
                       "messages": [{"role": "user", "content": prompt}]}, separators=(",", ":"))


def prompt_of(size):
    key = "gh" + "p_" + "A1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6Q7r8"
    secret = f"Write to {MAIL}, charge 4111 1111 1111 1111 and deploy with {key}. "
    filler = ("The quarterly figures are attached and the meeting moves to Thursday afternoon in the large room, "
              "so please tell everybody who needs to know about the change of plan. ")
    text = secret + filler * (size // len(filler) + 1)
    return text[:size]


def main():
    with tempfile.TemporaryDirectory(prefix="customhouse-bench-") as folder:
        make_certificates(folder)
        upstream = subprocess.Popen([BUILD + "/tests/bench/bench_upstream", folder + "/leaf.pem", folder + "/leaf.key"], stdout=subprocess.PIPE)
        upstream_port = int(upstream.stdout.readline())
        nginx, nginx_port = start_nginx(folder, upstream_port)
        gateway, proxy_port = start_gateway(folder, upstream_port)
        bodies = {}
        for name, text in (("chat", chat(prompt_of(1900))), ("agent", chat(prompt_of(400_000))), ("stream", chat(prompt_of(1900), True))):
            bodies[name] = f"{folder}/{name}.json"
            open(bodies[name], "w").write(text)
        ca = folder + "/var/ca/ca.pem"

        def load(which, body, expect="", **options):
            args = [BUILD + "/tests/bench/bench_load", "--body", bodies[body], "--seconds", SECONDS]
            if which == "nginx":
                args += ["--to", f"127.0.0.1:{nginx_port}", "--ca", folder + "/root.pem"]
            else:
                args += ["--to", f"127.0.0.1:{proxy_port}", "--ca", ca, "--connect", HOST + ":443"]
            if expect:
                args += ["--expect", expect]
            for key, value in options.items():
                args += ["--" + key, str(value)]
            return json.loads(subprocess.run(args, check=True, stdout=subprocess.PIPE, text=True).stdout)

        def pairs(**options):
            load("nginx", **{**options, "seconds": 1}), load("gateway", **{**options, "seconds": 1})  # warm
            return [(load("nginx", **options), load("gateway", **options)) for _ in range(ROUNDS)]

        def median(values):
            return statistics.median(values)

        rows = []
        try:
            idle = resident_mib(gateway.pid)
            rows.append(("memory, idle", f"{idle:.0f} MiB", "under 64 MiB", idle < 64))
            got = pairs(body="chat", connections=32, expect=MAIL)
            ratio = median([g["per_second"] / n["per_second"] for n, g in got])
            rows.append(("32 connections, requests/s", f"{ratio:.2f} x nginx ({median([g['per_second'] for _, g in got]):.0f} against {median([n['per_second'] for n, _ in got]):.0f})", "at least 0.6", ratio >= 0.6))
            got = pairs(body="chat", connections=1, expect=MAIL)
            added = median([g["p50_us"] - n["p50_us"] for n, g in got]) / 1000
            rows.append(("1 connection, added median", f"{added:.3f} ms ({median([g['p50_us'] for _, g in got]) / 1000:.3f} against {median([n['p50_us'] for n, _ in got]) / 1000:.3f})", "at most 0.35 ms", added <= 0.35))
            got = pairs(body="chat", connections=8, mode="new")
            ratio = median([g["per_second"] / n["per_second"] for n, g in got])
            rows.append(("new TLS connections/s", f"{ratio:.2f} x nginx ({median([g['per_second'] for _, g in got]):.0f} against {median([n['per_second'] for n, _ in got]):.0f})", "at least 0.8", ratio >= 0.8))
            got = pairs(body="agent", connections=1)
            added = median([g["p50_us"] - n["p50_us"] for n, g in got]) / 1000
            rows.append(("400 KB prompt, added median", f"{added:.2f} ms", "at most 6 ms", added <= 6))
            got = pairs(body="stream", connections=1)
            added = median([g["first_event_p50_us"] - n["first_event_p50_us"] for n, g in got]) / 1000
            rows.append(("first streamed event, added", f"{added:.3f} ms", "at most 0.5 ms", added <= 0.5))
            before = resident_mib(gateway.pid)
            holder = subprocess.Popen([BUILD + "/tests/bench/bench_load", "--to", f"127.0.0.1:{proxy_port}", "--ca", ca, "--connect",
                                       HOST + ":443", "--body", bodies["chat"], "--connections", "1000", "--mode", "idle"],
                                      stdin=subprocess.PIPE, stdout=subprocess.PIPE)
            holder.stdout.readline()
            more = resident_mib(gateway.pid) - before
            holder.communicate(b"\n")
            rows.append(("1,000 idle intercepted connections", f"{more:.0f} MiB more", "under 96 MiB", more < 96))
        finally:
            for process in (gateway, nginx, upstream):
                process.terminate()
        width = max(len(row[0]) for row in rows)
        for name, value, bar, good in rows:
            print(f"{name:<{width}}  {value:<48}  {bar:<16}  {'ok' if good else 'MISSED'}")
        return 0 if all(row[3] for row in rows) else 1


sys.exit(main())
