"""Works off the queue of letters.py, in a span for the whole loop.

SPOOL=DIR opentelemetry-instrument python work_off.py [--extract]

The span of a job is started in whatever context is current, which is that of the loop: all jobs become one trace, and
the one who ordered a letter never sees it done. With --extract each job goes on in the context that its message has.
"""
import argparse
import os
import time

import spool
from opentelemetry import propagate, trace

tracer = trace.get_tracer("work_off")
KIND = trace.SpanKind.CONSUMER
MESSAGING = {"messaging.system": "spool", "messaging.destination.name": "letters"}


def work(message, extract):
    context = propagate.extract(message["headers"]) if extract else None
    about = {"messaging.operation.name": "process", "messaging.operation.type": "process", **MESSAGING}
    about["letter.order"] = message["order"]
    with tracer.start_as_current_span("process letters", context=context, kind=KIND, attributes=about):
        with tracer.start_as_current_span("fold"):
            time.sleep(0.01)


if __name__ == "__main__":
    ap = argparse.ArgumentParser()
    ap.add_argument("--extract", action="store_true")
    args = ap.parse_args()
    os.makedirs(spool.DIRECTORY, exist_ok=True)
    with tracer.start_as_current_span("work off"):
        try:
            while True:
                message = spool.take()
                if message:
                    work(message, args.extract)
                else:
                    time.sleep(0.1)
        except KeyboardInterrupt:
            pass
