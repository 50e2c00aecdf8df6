"""paho-mqtt as a child process. Arguments: host port version(3.1.1|5)"""

import sys

import paho.mqtt.client as mqtt
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from lines import commands, emit, to_bytes, to_text

NAMES = {
    "contentType": "ContentType",
    "responseTopic": "ResponseTopic",
    "correlationData": "CorrelationData",
    "messageExpiryInterval": "MessageExpiryInterval",
    "payloadFormatIndicator": "PayloadFormatIndicator",
}

host, port, version = sys.argv[1], int(sys.argv[2]), sys.argv[3]
is5 = version == "5"
client = mqtt.Client(client_id="", protocol=mqtt.MQTTv5 if is5 else mqtt.MQTTv311)


def properties_of(fields):
    properties = Properties(PacketTypes.PUBLISH)
    for name, value in fields.items():
        if name == "userProperties":
            properties.UserProperty = [(key, text) for key, text in value]
        elif name == "correlationData":
            properties.CorrelationData = to_bytes(value)
        elif name in NAMES:
            setattr(properties, NAMES[name], value)
    return properties


def on_connect(client, userdata, flags, reason, properties=None):
    emit(event="ready")


def on_message(client, userdata, message):
    fields = {"qos": message.qos, "retain": bool(message.retain)}
    known = getattr(message, "properties", None)
    for name, attribute in NAMES.items():
        value = getattr(known, attribute, None) if known is not None else None
        if value is not None:
            fields[name] = to_text(value) if isinstance(value, bytes) else value
    pairs = getattr(known, "UserProperty", None) if known is not None else None
    if pairs:
        fields["userProperties"] = [list(pair) for pair in pairs]
    emit(event="message", address=message.topic, body=to_text(message.payload), fields=fields)


client.on_connect = on_connect
client.on_message = on_message
client.on_subscribe = lambda *_: emit(event="subscribed")
client.on_publish = lambda *_: emit(event="published")
client.connect(host, port)
client.loop_start()

for command in commands():
    if command["do"] == "subscribe":
        client.subscribe(command["address"], qos=command.get("qos", 1))
    elif command["do"] == "publish":
        fields = command.get("fields", {})
        extra = {"properties": properties_of(fields)} if is5 else {}
        client.publish(
            command["address"],
            to_bytes(command["body"]),
            qos=fields.get("qos", 1),
            retain=fields.get("retain", False),
            **extra,
        )
    elif command["do"] == "close":
        break

client.disconnect()
client.loop_stop()
