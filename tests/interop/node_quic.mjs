// node_quic.mjs PORT: quiche, as @matrixai/quic has it, sends frames behind their length and wants them back.
// $QUIC_MODULES is the node_modules where it lies.
import { webcrypto } from 'node:crypto';
import { pathToFileURL } from 'node:url';

const { QUICClient } = await import(
  pathToFileURL(process.env.QUIC_MODULES + '/@matrixai/quic/dist/index.js').href);
const words = process.argv.slice(2);
const crypto = { ops: { randomBytes: async (into) => { webcrypto.getRandomValues(new Uint8Array(into)); } } };

const frame = (bytes) => {
  const head = [];
  let size = bytes.length;
  for (; size >= 0x80; size >>>= 7) head.push((size & 0x7f) | 0x80);
  return Buffer.concat([Buffer.from([...head, size]), bytes]);
};

async function client(port) {
  const quic = await QUICClient.createQUICClient({
    host: '127.0.0.1', port: Number(port), localHost: '127.0.0.1', crypto,
    config: { applicationProtos: ['tenon/1'], verifyPeer: false },
  });
  const stream = quic.connection.newStream();
  const writer = stream.writable.getWriter();
  const said = Buffer.concat([1, 127, 128, 1200, 16384, 66000].map((size, i) => frame(Buffer.alloc(size, 97 + i))));
  (async () => { for (let at = 0; at < said.length; at += 5000) await writer.write(said.subarray(at, at + 5000)); })();
  let heard = Buffer.alloc(0);
  for await (const part of stream.readable) {
    heard = Buffer.concat([heard, part]);
    if (heard.length >= said.length) break;
  }
  console.log(heard.equals(said) ? 'ok' : 'what came back differs');
  await quic.destroy({ force: true });
}

await client(...words);
process.exit(0);
