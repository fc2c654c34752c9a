const memjs = require(process.env.MEMJS);
const [host, port, user, password] = process.argv.slice(2);
const logger = { log: () => {} };
const client = memjs.Client.create(`${user}:${password}@${host}:${port}`, { timeout: 30, conntimeout: 30, logger });
client.set('node', 'value', {}, (err, stored) => {
	if (err || !stored) {
		console.log(/auth/i.test(String(err)) ? 'refused' : String(err));
		process.exit();
	}
	client.get('node', (e, value) => {
		console.log(`stored, read ${value}`);
		process.exit();
	});
});
