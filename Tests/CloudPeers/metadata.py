"""Gives out credentials on loopback as an EC2 instance's metadata service (version 2 only) and a container's endpoint do.

metadata.py PORT [--life SECONDS] [--no-role] [--fail N]

Each answer has other keys: AKID0001, AKID0002 and so on. /asked tells how many were given out.
"""

import argparse
import datetime
import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

parser = argparse.ArgumentParser()
parser.add_argument("port", type=int)
parser.add_argument("--life", type=int, default=3600, help="seconds that credentials are good for")
parser.add_argument("--no-role", action="store_true", help="no role is attached to the instance")
parser.add_argument("--fail", type=int, default=0, help="answers 500 to so many requests first")
options = parser.parse_args()

ROLE = "exporter"
TOKEN = "metadata-token"
AUTHORIZATION = "container-token"
given = 0
failures = options.fail


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def answer(self, status, text=""):
        body = text.encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def failing(self):
        global failures
        if failures == 0:
            return False
        failures -= 1
        self.answer(500)
        return True

    def credentials(self):
        global given
        given += 1
        end = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=options.life)
        self.answer(200, json.dumps({
            "Code": "Success", "Type": "AWS-HMAC", "AccessKeyId": f"AKID{given:04}",
            "SecretAccessKey": f"secret{given:04}", "Token": f"token{given:04}",
            "Expiration": end.strftime("%Y-%m-%dT%H:%M:%SZ")}))

    def do_PUT(self):
        if self.failing():
            return
        life = self.headers.get("X-aws-ec2-metadata-token-ttl-seconds", "")
        if self.path != "/latest/api/token" or not life.isdigit() or not 1 <= int(life) <= 21600:
            return self.answer(400)
        self.answer(200, TOKEN)

    def do_GET(self):
        if self.path == "/asked":
            return self.answer(200, str(given))
        if self.failing():
            return
        if self.path.startswith("/v2/credentials"):
            if self.headers.get("Authorization") != AUTHORIZATION:
                return self.answer(401, "no authorization")
            return self.credentials()
        if self.headers.get("X-aws-ec2-metadata-token") != TOKEN:
            return self.answer(401)
        place = "/latest/meta-data/iam/security-credentials/"
        if self.path == place and not options.no_role:
            return self.answer(200, ROLE)
        if self.path == place + ROLE and not options.no_role:
            return self.credentials()
        self.answer(404)


ThreadingHTTPServer(("127.0.0.1", options.port), Handler).serve_forever()
