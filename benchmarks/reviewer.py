"""One simulated reviewer: asks the server for an example, answers it, and goes on until the end.

A process of its own, of the standard library alone, as a browser on another machine would be. What
to answer is told by the benchmark that started it (`reviewing.py`), over a socket. Every answer
that the server has acknowledged is written to a log before the next is asked for.
"""

import http.client
import json
import random
import socket
import sys
import time
from pathlib import Path

PATIENCE = 0.25  # seconds between two attempts while the server is away, or nothing is free


def main() -> None:
    """Review as told by the JSON in the first argument."""
    job = json.loads(sys.argv[1])
    rng = random.Random(job["seed"])
    truth = socket.create_connection(("127.0.0.1", job["truth"])).makefile("rw")
    server = Server(job["port"], job["token"])
    with Path(job["log"]).open("a", buffering=1) as log:
        time.sleep(rng.uniform(0, job["think"]))
        following = server.ask("GET", "/api/task")
        while True:
            question = following["question"]
            if question is None:
                if not following["waiting"]:
                    return
                time.sleep(PATIENCE)
                following = server.ask("GET", "/api/task")
                continue
            time.sleep(rng.expovariate(1 / job["think"]) if job["think"] else 0)
            if rng.random() < job["dawdle"]:  # until the example has gone to somebody else
                time.sleep(job["lease"] * 1.1)
            truth.write(json.dumps([job["name"], str(question["example"])]) + "\n")
            truth.flush()
            word = json.loads(truth.readline())
            if word is None:  # all five answers are with others
                time.sleep(PATIENCE)
                following = server.ask("GET", "/api/task")
                continue
            names = {one["name"]: one["answer"] for one in question["options"]}
            answer = {"ticket": question["ticket"], "answer": names.get(word, word)}
            begun = time.perf_counter()
            found = server.ask("POST", "/api/answer", answer)
            took = time.perf_counter() - begun
            log.write(f"{question['example']} {int(found['added'])} {took:.6f} {time.time():.3f}\n")
            following = found["next"]


class Server:
    """The review server; asked again until it answers, as it may be dead for a moment."""

    def __init__(self, port: int, token: str) -> None:
        self._port = port
        self._headers = {"authorization": f"Bearer {token}", "content-type": "application/json"}
        self._connection: http.client.HTTPConnection | None = None

    def ask(self, method: str, path: str, body: object = None) -> dict:
        """Return the answer to a request."""
        sent = None if body is None else json.dumps(body)
        while True:
            try:
                if self._connection is None:
                    self._connection = http.client.HTTPConnection(
                        "127.0.0.1", self._port, timeout=30
                    )
                self._connection.request(method, path, sent, self._headers)
                response = self._connection.getresponse()
                content = response.read()
                if response.status == 200:
                    return json.loads(content)
                if response.status < 500:
                    sys.exit(f"{response.status}: {content.decode()}")
            except (OSError, http.client.HTTPException):
                pass
            if self._connection is not None:
                self._connection.close()
                self._connection = None
            time.sleep(PATIENCE)


if __name__ == "__main__":
    main()
