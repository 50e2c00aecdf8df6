"""stomp.py as a child process. Arguments: host port version(1.0|1.1|1.2)"""

import sys

import stomp

from lines import commands, emit, to_bytes, to_text

CONNECTIONS = {
    "1.0": stomp.Connection10,
    "1.1": stomp.Connection11,
    "1.2": stomp.Connection12,
}

host, port, version = sys.argv[1], int(sys.argv[2]), sys.argv[3]
settings = {"host_and_ports": [(host, port)], "auto_decode": False}
if version != "1.0":
    settings["vhost"] = "/"
connection = CONNECTIONS[version](**settings)
subscriptions = 0


def to_bytes_body(body):
    return body if isinstance(body, bytes) else body.encode("utf-8")


class Listener(stomp.ConnectionListener):
    def on_connected(self, frame):
        emit(event="ready")

    def on_message(self, frame):
        fields = dict(frame.headers)
        emit(
            event="message",
            address=fields.get("destination", ""),
            body=to_text(to_bytes_body(frame.body)),
            fields=fields,
        )

    def on_receipt(self, frame):
        emit(event="subscribed" if frame.headers["receipt-id"].startswith("subscribe") else "published")

    def on_error(self, frame):
        emit(event="error", message=str(frame.headers) + str(frame.body))


connection.set_listener("", Listener())
connection.connect("guest", "guest", wait=True)

for command in commands():
    if command["do"] == "subscribe":
        subscriptions += 1
        headers = {"receipt": "subscribe-%d" % subscriptions}
        connection.subscribe(command["address"], str(subscriptions), "auto", headers)
    elif command["do"] == "publish":
        headers = dict(command.get("fields", {}))
        headers["receipt"] = "publish"
        connection.send(command["address"], to_bytes(command["body"]), headers=headers)
    elif command["do"] == "close":
        break

connection.disconnect()
