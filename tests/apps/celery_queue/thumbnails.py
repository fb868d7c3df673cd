"""Thumbnails, made by Celery. The broker is a directory that SPOOL names; there are no results.

SPOOL=DIR opentelemetry-instrument celery --app thumbnails worker --pool solo
SPOOL=DIR opentelemetry-instrument flask --app thumbnails:web run -p 8080
"""
import os
import time

from celery import Celery
from flask import Flask, jsonify, request

spool = os.environ.get("SPOOL", "spool")
os.makedirs(spool, exist_ok=True)
app = Celery("thumbnails", broker="filesystem://")
app.conf.broker_transport_options = {"data_folder_in": spool, "data_folder_out": spool, "control_folder": spool}
app.conf.worker_enable_remote_control = False

web = Flask(__name__)


@app.task
def shrink(item):
    time.sleep(0.01)


@app.task(autoretry_for=(OSError,), max_retries=1, default_retry_delay=0.1)
def publish(item):
    if item == 4 and not publish.request.retries:
        raise OSError("the store is busy")


@web.post("/pictures")
def picture():
    item = int(request.get_json()["item"])
    shrink.delay(item)
    publish.delay(item)
    return jsonify(queued=item), 202


@web.get("/health")
def health():
    return jsonify(ok=True)
