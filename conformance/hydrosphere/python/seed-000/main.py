import logging
import os
import signal
import threading

from runtime import ModelServer

if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO)
    server = ModelServer(os.getenv("MODEL_DIR", "/model"), int(os.getenv("APP_PORT", "9090")))
    server.start()
    ended = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: ended.set())
    ended.wait()
    server.stop()
