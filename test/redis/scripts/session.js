// What the sessions of Node.js' clients have in common. A session is a list of steps; an outage writes one key again and
// again, and prints "up" and "down" with the time in milliseconds when that changes, until its input ends.

const assert = require('assert');

async function session(steps) {
  let n = 0;
  for (const [call, want] of steps) {
    n++;
    let got;
    try {
      got = plain(await call());
    } catch (e) {
      if (want instanceof RegExp && want.test(String(e))) continue;
      got = String(e);
    }
    try {
      assert.deepStrictEqual(got, want);
    } catch (e) {
      console.log(`step ${n}: ${e}`);
      process.exit(1);
    }
  }
  console.log(`${n} steps`);
}

// plain makes a plain object of one without a prototype, also inside of arrays.
function plain(value) {
  if (Array.isArray(value)) return value.map(plain);
  if (value && typeof value === 'object') return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, plain(v)]));
  return value;
}

async function outage(write) {
  let ended = false, was = '';
  process.stdin.on('end', () => { ended = true; }).resume();
  while (!ended) {
    let is = 'up';
    try {
      await write();
    } catch (e) {
      is = 'down';
    }
    if (is !== was) console.log(`${is} ${Date.now()}`);
    was = is;
    await new Promise((resolve) => { setTimeout(resolve, 1); });
  }
}

async function run(mode, steps, write, close) {
  if (mode === 'outage') await outage(write);
  else await session(steps);
  await close();
}

module.exports = { run };
