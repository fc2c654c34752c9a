// Jobs with BullMQ in its defaults: bullmq.js MODULE HOST PORT. The worker waits for them (BZPOPMIN), and the queue's
// events are read as they come (XREAD BLOCK). All keys have one hash tag.

const assert = require('assert');
const [, , module_, host, port] = process.argv;
const { Queue, QueueEvents, Worker } = require(module_);

const options = { connection: { host, port: Number(port) }, prefix: '{bull}' };

(async () => {
  const queue = new Queue('jobs', options);
  queue.setMaxListeners(100); // as many jobs are waited for
  const events = new QueueEvents('jobs', options);
  await Promise.all([queue.waitUntilReady(), events.waitUntilReady()]);
  let failed = 0;
  const worker = new Worker('jobs', async (job) => {
    if (job.name === 'twice' && failed++ === 0) throw new Error('not the first time');
    return job.data.n * 2;
  }, { ...options, concurrency: 5 });
  await worker.waitUntilReady();
  const done = async (job, n) => assert.strictEqual(await job.waitUntilFinished(events), n * 2);

  const jobs = await queue.addBulk(Array.from({ length: 50 }, (_, n) => ({ name: 'job', data: { n } })));
  await Promise.all(jobs.map(done));
  for (let n = 0; n < 10; n++) await done(await queue.add('job', { n }), n); // the worker waits before each
  await done(await queue.add('late', { n: 7 }, { delay: 300 }), 7);
  await done(await queue.add('twice', { n: 8 }, { attempts: 2, backoff: 10 }), 8);
  const counts = await queue.getJobCounts('completed', 'failed', 'active', 'waiting', 'delayed');
  assert.deepStrictEqual(counts, { completed: 62, failed: 0, active: 0, waiting: 0, delayed: 0 });
  await Promise.all([worker.close(), events.close(), queue.close()]);
  console.log('62 jobs');
})().catch((err) => {
  console.error(err);
  process.exit(1);
});
