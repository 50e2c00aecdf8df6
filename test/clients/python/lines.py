"""Commands come as JSON lines on standard input, events go as JSON lines to standard output."""

import json
import sys
import threading

_lock = threading.Lock()


def emit(**event):
    with _lock:
        sys.stdout.write(json.dumps(event) + "\n")
        sys.stdout.flush()


def commands():
    for line in sys.stdin:
        if line.strip():
            yield json.loads(line)


def to_text(data):
    """Bytes as text where they are UTF-8, else `hex:...`."""
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return "hex:" + data.hex()


def to_bytes(text):
    return bytes.fromhex(text[4:]) if text.startswith("hex:") else text.encode("utf-8")


def to_json(value):
    """A header's value as JSON can hold it."""
    if isinstance(value, bytes):
        return "bytes:" + to_text(value)
    if isinstance(value, dict):
        return {key: to_json(item) for key, item in value.items()}
    if isinstance(value, list):
        return [to_json(item) for item in value]
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    return str(value)
