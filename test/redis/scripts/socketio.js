// socket.io with its adapter for Redis: socketio.js MODULES HOST PORT. Two servers reach the clients of each other by
// messages, and know how many servers there are by PUBSUB NUMSUB.

const assert = require('assert');
const path = require('path');
const [, , modules, host, port] = process.argv;
const need = (name) => require(path.join(modules, name));
const { Server } = need('socket.io');
const { io } = need('socket.io-client');
const { createAdapter } = need('@socket.io/redis-adapter');
const Redis = need('ioredis');

const heard = (socket, event) => new Promise((resolve) => socket.once(event, resolve));

async function start() {
  const pub = new Redis(Number(port), host);
  const sub = pub.duplicate();
  const server = new Server(0, { adapter: createAdapter(pub, sub, { requestsTimeout: 120000 }) });
  await Promise.all([heard(pub, 'ready'), heard(sub, 'ready')].map((p) => Promise.race([p, pub.ping()])));
  server.on('connection', (socket) => socket.join('room'));
  return { server, redis: [pub, sub] };
}

(async () => {
  const ends = [await start(), await start()];
  const [one, other] = ends.map((e) => e.server);
  while (await one.of('/').adapter.serverCount() < 2) await new Promise((resolve) => setTimeout(resolve, 10));
  const clients = [];
  for (const s of [one, other]) {
    const c = io(`http://127.0.0.1:${s.httpServer.address().port}`, { transports: ['websocket'] });
    await heard(c, 'connect');
    clients.push(c);
  }
  for (let n = 0; n < 20; n++) {
    const got = Promise.all(clients.map((c) => heard(c, 'news')));
    [one, other][n % 2].to('room').emit('news', n);
    assert.deepStrictEqual(await got, [n, n]);
  }
  const sockets = await one.fetchSockets();
  assert.strictEqual(sockets.length, 2);
  for (const c of clients) c.close();
  for (const e of ends) {
    await e.server.close();
    for (const r of e.redis) r.disconnect();
  }
  console.log('20 messages');
  process.exit(0);
})().catch((err) => {
  console.error(err);
  process.exit(1);
});
