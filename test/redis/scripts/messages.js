// Messages with ioredis and node-redis in their defaults: messages.js MODULES HOST PORT. Subscribers print what they
// get, line by line, until the end of the standard input. When their connections are lost, the libraries connect and
// subscribe again by themselves.

const path = require('path');
const [, , modules, host, port] = process.argv;
const Redis = require(path.join(modules, 'ioredis'));
const { createClient } = require(path.join(modules, 'redis'));

(async () => {
  const io = new Redis(Number(port), host);
  io.on('error', () => {});
  io.on('message', (channel, text) => console.log('ioredis', channel, text));
  io.on('pmessage', (pattern, channel, text) => console.log('ioredis', pattern, channel, text));
  await io.subscribe('one', 'two');
  await io.psubscribe('t*');
  const node = createClient({ url: `redis://${host}:${port}` });
  node.on('error', () => {});
  await node.connect();
  await node.subscribe(['one', 'two'], (text, channel) => console.log('node-redis', channel, text));
  await node.pSubscribe('t*', (text, channel) => console.log('node-redis', 't*', channel, text));
  process.stdin.resume();
  process.stdin.on('end', () => process.exit(0));
})().catch((err) => {
  console.error(err);
  process.exit(1);
});
