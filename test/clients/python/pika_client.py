"""pika as a child process. Arguments: host port"""

import sys
import threading

import pika

from lines import commands, emit, to_bytes, to_json, to_text

FIELDS = {
    "contentType": "content_type",
    "contentEncoding": "content_encoding",
    "headers": "headers",
    "deliveryMode": "delivery_mode",
    "priority": "priority",
    "correlationId": "correlation_id",
    "replyTo": "reply_to",
    "expiration": "expiration",
    "messageId": "message_id",
    "timestamp": "timestamp",
    "type": "type",
    "userId": "user_id",
    "appId": "app_id",
    "clusterId": "cluster_id",
}

host, port = sys.argv[1], int(sys.argv[2])
connection = pika.BlockingConnection(pika.ConnectionParameters(host=host, port=port))
channel = connection.channel()
channel.confirm_delivery()


def on_message(_channel, method, properties, body):
    fields = {}
    for name, attribute in FIELDS.items():
        value = getattr(properties, attribute)
        if value is not None:
            fields[name] = to_json(value)
    emit(
        event="message",
        address=method.routing_key,
        exchange=method.exchange,
        body=to_text(body),
        fields=fields,
    )


def run(command):
    if command["do"] == "subscribe":
        queue = channel.queue_declare("", exclusive=True).method.queue
        channel.queue_bind(queue, "amq.topic", command["address"])
        channel.basic_consume(queue, on_message, auto_ack=True)
        emit(event="subscribed")
    elif command["do"] == "publish":
        fields = {FIELDS[name]: value for name, value in command.get("fields", {}).items()}
        channel.basic_publish(
            command.get("exchange", "amq.topic"),
            command["address"],
            to_bytes(command["body"]),
            pika.BasicProperties(**fields),
        )
        emit(event="published")
    elif command["do"] == "close":
        connection.close()


def read():
    for command in commands():
        connection.add_callback_threadsafe(lambda command=command: run(command))


threading.Thread(target=read, daemon=True).start()
emit(event="ready")
while connection.is_open:
    connection.process_data_events(time_limit=1)
