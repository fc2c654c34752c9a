"""Jobs with Celery: celeryjobs.py HOST PORT [PREFIX]. Results come by messages (SUBSCRIBE), as do commands to workers
(PSUBSCRIBE). With PREFIX all keys begin with it: a hash tag."""

import os
import subprocess
import sys

import celery

PATIENCE = 120  # seconds; what is waited for happens at once on an idle machine

if len(sys.argv) > 2 and sys.argv[2].isdigit():
    os.environ["JOBS_AT"] = f"redis://{sys.argv[1]}:{sys.argv[2]}/0"
    os.environ["JOBS_PREFIX"] = sys.argv[3] if len(sys.argv) > 3 else ""

app = celery.Celery("celeryjobs", broker=os.environ["JOBS_AT"], backend=os.environ["JOBS_AT"])
if os.environ["JOBS_PREFIX"]:
    options = {"global_keyprefix": os.environ["JOBS_PREFIX"]}
    app.conf.broker_transport_options = options
    app.conf.result_backend_transport_options = options


@app.task
def double(n):
    return 2 * n


@app.task(bind=True, default_retry_delay=0.1)
def twice(self, n):
    if self.request.retries == 0:
        raise self.retry()
    return 2 * n


@app.task
def total(numbers):
    return sum(numbers)


def main():
    worker = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-m", "celery", "-A", "celeryjobs", "worker", "--pool", "solo", "--loglevel", "error"],
        cwd=os.path.dirname(os.path.abspath(__file__)), stdout=subprocess.DEVNULL)
    try:
        results = [double.delay(n) for n in range(20)]
        for n, result in enumerate(results):
            assert result.get(timeout=PATIENCE) == 2 * n
        assert double.apply_async((21,), countdown=0.3).get(timeout=PATIENCE) == 42
        assert twice.delay(4).get(timeout=PATIENCE) == 8
        assert celery.group(double.s(n) for n in range(5))().get(timeout=PATIENCE) == [0, 2, 4, 6, 8]
        if not os.environ["JOBS_PREFIX"]:  # a chord has two keys, which before Celery 5.3 have no prefix
            assert celery.chord((double.s(n) for n in range(5)), total.s())().get(timeout=PATIENCE) == 20
        assert len(app.control.ping(timeout=PATIENCE, limit=1)) == 1
        app.control.shutdown()
        worker.wait(PATIENCE)
    finally:
        worker.kill()
    print("all jobs")


if __name__ == "__main__":
    main()
