"""The broker: a queue in memory, not instrumented. python broker.py PORT"""
import queue
import sys
from multiprocessing.managers import BaseManager

orders = queue.Queue()


class Broker(BaseManager):
    pass


Broker.register("orders", callable=lambda: orders)
Broker(("127.0.0.1", int(sys.argv[1])), authkey=b"pubsub").get_server().serve_forever()
