// Jobs with Bull in its defaults: bull.js MODULES HOST PORT. The worker waits for them (BRPOPLPUSH), and the queue's
// events are messages (PSUBSCRIBE). All keys have one hash tag.

const assert = require('assert');
const [, , modules, host, port] = process.argv;
const Queue = require(require('path').join(modules, 'bull'));

(async () => {
  const options = { redis: { host, port: Number(port) }, prefix: '{bull}' };
  const queue = new Queue('jobs', options);
  const worker = new Queue('jobs', options);
  await Promise.all([queue.isReady(), worker.isReady()]);
  queue.setMaxListeners(100); // as many jobs are waited for
  const events = new Set();
  queue.on('global:completed', (id) => events.add(id));
  let failed = 0;
  worker.process(5, async (job) => {
    if (job.data.fails && failed++ === 0) throw new Error('not the first time');
    return job.data.n * 2;
  });
  const done = async (job, n) => assert.strictEqual(await job.finished(), n * 2);
  const jobs = await queue.addBulk(Array.from({ length: 50 }, (_, n) => ({ data: { n } })));
  await Promise.all(jobs.map(done));
  for (let n = 0; n < 10; n++) await done(await queue.add({ n }), n); // the worker waits before each
  await done(await queue.add({ n: 7 }, { delay: 300 }), 7);
  await done(await queue.add({ n: 8, fails: true }, { attempts: 2, backoff: 10 }), 8);
  while (events.size < 62) await new Promise((resolve) => setTimeout(resolve, 10));
  const counts = await queue.getJobCounts();
  assert.deepStrictEqual(counts, { waiting: 0, active: 0, completed: 62, failed: 0, delayed: 0, paused: 0 });
  await Promise.all([queue.close(), worker.close()]);
  console.log('62 jobs');
})().catch((err) => {
  console.error(err);
  process.exit(1);
});
