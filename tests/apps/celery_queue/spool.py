"""A queue in a directory: a message is a file of JSON, taken by renaming it. SPOOL names the directory."""
import json
import os
import time
import uuid

DIRECTORY = os.environ.get("SPOOL", "spool")


def put(message):
    os.makedirs(DIRECTORY, exist_ok=True)
    name = os.path.join(DIRECTORY, f"{time.time_ns()}-{uuid.uuid4().hex}")
    with open(name + ".tmp", "w", encoding="utf-8") as file:
        json.dump(message, file)
    os.rename(name + ".tmp", name + ".job")


def take():
    """The oldest message, or None."""
    for name in sorted(os.listdir(DIRECTORY)):
        if name.endswith(".job"):
            path = os.path.join(DIRECTORY, name)
            with open(path, encoding="utf-8") as file:
                message = json.load(file)
            os.remove(path)
            return message
    return None
