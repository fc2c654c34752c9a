// Thirty steps with memjs, which speaks nothing but the binary protocol; with a third argument, so many seconds of
// writes and reads.
const memjs = require(process.env.MEMJS);
const [host, port, seconds] = process.argv.slice(2);
const c = memjs.Client.create(`${host}:${port}`, { timeout: 60, conntimeout: 60 });
let steps = 0;

function want(got, expected) {
	steps++;
	const [g, e] = [JSON.stringify(got), JSON.stringify(expected)];
	if (g !== e) {
		console.error(`step ${steps}: got ${g}`.slice(0, 200), `want ${e}`.slice(0, 200));
		process.exit(1);
	}
}

const text = async (key) => {
	const { value } = await c.get(key);
	return value && value.toString();
};

async function steady() {
	const end = Date.now() + 1000 * seconds;
	for (let n = 0; Date.now() < end; n++) {
		want(await c.set(`key${n % 100}`, String(n), {}), true);
		want(await text(`key${n % 100}`), String(n));
	}
	console.log('steady');
}

async function session() {
	const big = '0123456789'.repeat(50000);
	want(await c.set('a', '1', { expires: 100 }), true);
	want(await text('a'), '1');
	want(await text('none'), null);
	want(await c.add('a', '2', {}), false);
	want(await c.add('b', '2', {}), true);
	want(await text('b'), '2');
	want(await c.replace('a', '3', {}), true);
	want(await c.replace('none', '3', {}), false);
	want(await c.append('a', '4'), true);
	want(await c.append('a', '5'), true);
	want(await c.set('odd key', '1', {}), true);
	want(await text('odd key'), '1');
	want(await text('a'), '345');
	want((await c.increment('n', 6, { initial: 540 })).value, 540);
	want((await c.increment('n', 6, {})).value, 546);
	want((await c.decrement('n', 46, {})).value, 500);
	want(await text('n'), '500');
	want(await c.touch('b', 1000), true);
	want(await c.touch('none', 1000), false);
	want(await c.delete('a'), true);
	want(await c.delete('a'), false);
	want(await c.set('big', big, {}), true);
	want(await text('big'), big);
	want(await c.set('empty', '', {}), true);
	want(await text('empty'), '');
	want(await c.set('lines', 'a\r\nb\r\n', {}), true);
	want(await text('lines'), 'a\r\nb\r\n');
	want((await Promise.all(Array.from({ length: 100 }, (_, i) => c.set(`many${i}`, `${i}`, {})))).length, 100);
	want((await Promise.all(Array.from({ length: 100 }, (_, i) => text(`many${i}`)))).join(), [...Array(100).keys()].join());
	want(Object.values(await new Promise((ok, no) => c.flush((e, r) => (e ? no(e) : ok(r))))), [true]);
	console.log(`${steps} steps`);
}

(seconds ? steady() : session()).then(() => c.close(), (e) => {
	console.error(e);
	process.exit(1);
});
