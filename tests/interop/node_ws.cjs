// The package ws of node, against tenon's WebSocket: `client URL` tries a server that echoes, `server` is one; for
// wss with the file of the certificate behind it, and of the key.
// Prints `ok` at the end, or what was wrong.
const WebSocket = require('ws');
const assert = require('assert');
const fs = require('fs');
const https = require('https');
const certificate = process.argv[4] && fs.readFileSync(process.argv[4]);

const opened = (url, protocols, options) => new Promise((resolve, reject) => {
    const socket = new WebSocket(url, protocols, { ca: certificate, ...options });
    socket.on('open', () => resolve(socket));
    socket.on('unexpected-response', (request, response) => resolve(response.statusCode));
    socket.on('error', reject);
});
const next = (socket) => new Promise((resolve, reject) => {
    socket.once('message', (data, binary) => resolve([data, binary]));
    socket.once('close', (code) => reject(new Error('closed with ' + code)));
});
const closing = (socket) => new Promise((resolve) => socket.on('close', (code) => resolve(code)));

async function client(url) {
    const socket = await opened(url + '/play', ['chat', 'tenon'], { origin: 'https://game.example' });
    assert.strictEqual(socket.protocol, 'tenon');
    for (const size of [1, 125, 126, 4096, 65535, 65536, 66000]) {
        const bytes = Buffer.alloc(size, size % 251);
        const heard = next(socket);
        socket.send(bytes);
        const [echo, binary] = await heard;
        assert(binary && bytes.equals(echo), 'an echo of ' + size);
    }
    // In pieces, with a ping between them.
    const pong = new Promise((resolve) => socket.once('pong', (data) => resolve(data.toString())));
    const heard = next(socket);
    socket.send(Buffer.from('in '), { binary: true, fin: false });
    socket.ping('there?');
    socket.send(Buffer.from('pie'), { binary: true, fin: false });
    socket.send(Buffer.from('ces'), { binary: true, fin: true });
    assert.strictEqual(await pong, 'there?');
    assert.strictEqual((await heard)[0].toString(), 'in pieces');
    let closed = closing(socket);
    socket.close(4001, 'enough');
    assert.strictEqual(await closed, 4001);

    const ends = async (what) => {
        const other = await opened(url + '/play');
        assert.strictEqual(other.protocol, '');
        const code = closing(other);
        other.on('error', () => {});
        what(other);
        return code;
    };
    assert.strictEqual(await ends((s) => s.send('words')), 1003);
    assert.strictEqual(await ends((s) => s.send(Buffer.alloc(66001))), 1009);
    assert.strictEqual(await ends((s) => s.send(Buffer.alloc(0))), 1008);
    assert.strictEqual(await ends((s) => s.send(Buffer.from('hang up'))), 1000);
    assert.strictEqual(await opened(url + '/elsewhere'), 404);
    assert.strictEqual(await opened(url + '/play', [], { origin: 'https://evil.example' }), 403);
    assert.strictEqual(await opened(url + '/play', ['chess']), 400);
    assert.strictEqual(await opened(url + '/play', [], { protocolVersion: 8 }), 426);
    console.log('ok');
}

function server() {
    const door = certificate
        ? { server: https.createServer({ cert: certificate, key: fs.readFileSync(process.argv[5]) }) }
        : { port: 0, host: '127.0.0.1' };
    const host = new WebSocket.Server({ ...door, path: '/echo',
        handleProtocols: (offered) => new Set(offered).has('tenon') ? 'tenon' : false,
        verifyClient: ({ origin }) => origin === 'https://game.example' });
    host.on('listening', () => console.log('port ' + host.address().port));
    host.on('connection', (socket) => {
        socket.on('message', (data) => {
            socket.ping('still there?');
            if (data.length < 100) return socket.send(data, { binary: true });
            socket.send(data.subarray(0, 50), { binary: true, fin: false });
            socket.send(data.subarray(50), { binary: true, fin: true });
        });
        let pongs = 0;
        socket.on('pong', () => ++pongs);
        socket.on('close', (code) => console.log('closed ' + code + (pongs ? ' after pongs' : '')));
    });
    if (door.server) door.server.listen(0, '127.0.0.1');
    process.stdin.on('end', () => process.exit(0)).resume();
}

if (process.argv[2] === 'server') server();
else client(process.argv[3]).catch((error) => { console.log('wrong: ' + error.stack); process.exit(1); });
