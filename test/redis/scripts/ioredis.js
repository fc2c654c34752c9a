// A session with ioredis in its defaults: ioredis.js MODULE HOST PORT session|outage.

const [, , module_, host, port, mode] = process.argv;
const Redis = require(module_);
const { run } = require('./session.js');

(async () => {
  const c = new Redis(Number(port), host);
  c.on('error', () => {});
  await run(mode, [
    [() => c.ping(), 'PONG'],
    [() => c.flushall(), 'OK'],
    [() => c.set('k', 'v\r\n'), 'OK'],
    [() => c.get('k'), 'v\r\n'],
    [() => c.get('none'), null],
    [() => c.mset({ a: '1', b: '2', c: '3', d: '4' }), 'OK'],
    [() => c.mget('d', 'none', 'a'), ['4', null, '1']],
    [() => c.del('a', 'b', 'none'), 2],
    [() => c.exists('c', 'd', 'none'), 2],
    [() => c.dbsize(), 3],
    [() => c.hset('h', { f: '1', g: '2' }), 2],
    [() => c.hgetall('h'), { f: '1', g: '2' }],
    [() => c.hgetall('none'), {}],
    [() => c.zadd('z', 1.5, 'a', 2, 'b'), 2],
    [() => c.zscore('z', 'a').then(Number), 1.5],
    [() => c.zscore('z', 'none'), null],
    [() => c.zrange('z', 0, -1), ['a', 'b']],
    [() => c.sadd('s', 'x'), 1],
    [() => c.smembers('s'), ['x']],
    [() => c.lpush('l', 'a', 'b'), 2],
    [() => c.lrange('l', 0, -1), ['b', 'a']],
    [() => c.incr('n'), 1],
    [() => c.expire('n', 1000), 1],
    [() => c.multi().set('{t}a', '1').incr('{t}a').get('{t}none').exec(), [[null, 'OK'], [null, 2], [null, null]]],
    [() => c.pipeline().set('p', '1').incr('p').exec(), [[null, 'OK'], [null, 2]]],
    [() => c.eval('return {KEYS[1], ARGV[1]}', 1, 'q', 'r'), ['q', 'r']],
    [() => c.lpush('z', 'x'), /WRONGTYPE/],
    [() => c.keys('h*'), ['h']],
    [async () => { let n = 0; for await (const keys of c.scanStream()) n += keys.length; return n; }, 10],
    [() => c.xadd('x', '1-1', 'f', 'v'), '1-1'],
    [() => Promise.all(Array.from({ length: 100 }, () => c.incr('many'))).then((all) => all[99]), 100],
    [() => c.info().then((text) => text.includes('redis_version')), true],
    [() => c.client('ID').then((id) => id > 0), true],
    [() => c.type('h'), 'hash'],
  ], () => c.set('k', 'v'), () => c.quit());
})();
