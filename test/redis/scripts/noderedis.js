// A session with node-redis in its defaults: noderedis.js MODULE HOST PORT session|outage.

const [, , module_, host, port, mode] = process.argv;
const { createClient } = require(module_);
const { run } = require('./session.js');

(async () => {
  const c = createClient({ socket: { host, port: Number(port) } });
  c.on('error', () => {});
  await c.connect();
  await run(mode, [
    [() => c.ping(), 'PONG'],
    [() => c.flushAll(), 'OK'],
    [() => c.set('k', 'v\r\n'), 'OK'],
    [() => c.get('k'), 'v\r\n'],
    [() => c.get('none'), null],
    [() => c.mSet({ a: '1', b: '2', c: '3', d: '4' }), 'OK'],
    [() => c.mGet(['d', 'none', 'a']), ['4', null, '1']],
    [() => c.del(['a', 'b', 'none']), 2],
    [() => c.exists(['c', 'd', 'none']), 2],
    [() => c.dbSize(), 3],
    [() => c.hSet('h', { f: '1', g: '2' }), 2],
    [() => c.hGetAll('h'), { f: '1', g: '2' }],
    [() => c.hGetAll('none'), {}],
    [() => c.zAdd('z', [{ score: 1.5, value: 'a' }, { score: 2, value: 'b' }]), 2],
    [() => c.zScore('z', 'a'), 1.5],
    [() => c.zScore('z', 'none'), null],
    [() => c.zRangeWithScores('z', 0, -1), [{ value: 'a', score: 1.5 }, { value: 'b', score: 2 }]],
    [() => c.sAdd('s', 'x'), 1],
    [() => c.sMembers('s'), ['x']],
    [() => c.lPush('l', ['a', 'b']), 2],
    [() => c.lRange('l', 0, -1), ['b', 'a']],
    [() => c.incr('n'), 1],
    [() => c.expire('n', 1000), 1],
    [() => c.multi().set('{t}a', '1').incr('{t}a').hGetAll('{t}h').exec(), ['OK', 2, {}]],
    [() => Array.from({ length: 20 }).reduce((m, _, i) => m.set(`other${i}`, '1'), c.multi()).exec(), /20 commands failed/],
    [() => c.eval('return {KEYS[1], ARGV[1]}', { keys: ['q'], arguments: ['r'] }), ['q', 'r']],
    [() => c.lPush('z', 'x'), /WRONGTYPE/],
    [() => c.keys('h*'), ['h']],
    [async () => { let n = 0; for await (const keys of c.scanIterator()) n += keys.length; return n; }, 9],
    [() => c.xAdd('x', '1-1', { f: 'v' }), '1-1'],
    [() => c.xRead({ key: 'x', id: '0' }), [{ name: 'x', messages: [{ id: '1-1', message: { f: 'v' }}]}]],
    [() => Promise.all(Array.from({ length: 100 }, () => c.incr('many'))).then((all) => all[99]), 100],
    [() => c.info().then((text) => text.includes('redis_version')), true],
    [() => c.clientInfo().then((info) => info.resp), 3],
    [() => c.type('h'), 'hash'],
  ], () => c.set('k', 'v'), () => c.close());
})();
