"""Jobs with RQ in its defaults: rqjobs.py HOST PORT. A worker waits for them (BLPOP), and is told to stop a job, and to
end, by messages (SUBSCRIBE)."""

import operator
import subprocess
import sys
import time

import redis
import rq
from rq.command import send_shutdown_command, send_stop_job_command

PATIENCE = 120  # seconds; what is waited for happens at once on an idle machine


def until(what, done):
    end = time.monotonic() + PATIENCE
    while not done():
        if time.monotonic() > end:
            sys.exit("waited in vain: " + what)
        time.sleep(0.01)


host, port = sys.argv[1], int(sys.argv[2])
connection = redis.Redis(host=host, port=port)
url = f"redis://{host}:{port}"
worker = subprocess.Popen(["rq", "worker", "--url", url, "--name", "w", "--quiet", "default"])
try:
    queue = rq.Queue(connection=connection)
    jobs = [queue.enqueue(operator.mul, n, 2) for n in range(10)]
    for n, job in enumerate(jobs):
        until("a job", lambda: job.get_status(refresh=True) == "finished")
        assert job.result == 2 * n, job.result
    failed = queue.enqueue(operator.truediv, 1, 0)
    until("a failure", lambda: failed.get_status(refresh=True) == "failed")
    first = queue.enqueue(operator.add, 1, 2)
    second = queue.enqueue(operator.add, 3, 4, depends_on=first)
    until("what depends on another", lambda: second.get_status(refresh=True) == "finished")
    long = queue.enqueue(time.sleep, 60)
    until("a long job begins", lambda: long.get_status(refresh=True) == "started")
    send_stop_job_command(connection, long.id)
    until("it was stopped", lambda: long.get_status(refresh=True) in ("stopped", "failed"))
    send_shutdown_command(connection, "w")
    worker.wait(PATIENCE)
    assert rq.Worker.all(connection=connection) == []
finally:
    worker.kill()
print("14 jobs")
