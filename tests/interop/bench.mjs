// node bench.mjs FILE [--seconds N]
//
// How long Digital Bazaar's libraries take to verify a JSON-LD credential, status aside: prints one line,
//   {"peer": MICROSECONDS}
// the median of single verifications on one thread, with all documents in memory. Exits 1 if it does not verify.
//
// node bench.mjs --serve PORT
//
// Does the same for whoever POSTs a credential to 127.0.0.1:PORT; answers {"verified": BOOLEAN}. Prints `ready`.
import {readFile} from 'node:fs/promises';
import {createServer} from 'node:http';
import {parseArgs} from 'node:util';
import {DataIntegrityProof} from '@digitalbazaar/data-integrity';
import {cryptosuite} from '@digitalbazaar/eddsa-rdfc-2022-cryptosuite';
import {verifyCredential} from '@digitalbazaar/vc';
import {documentLoader, messages, report} from './documents.mjs';

const {values, positionals: [file]} = parseArgs({
  allowPositionals: true,
  options: {seconds: {type: 'string', default: '3'}, serve: {type: 'string'}},
});
const loader = documentLoader();
const suite = new DataIntegrityProof({cryptosuite});
const fixed = new Date('2026-11-23T14:02:11Z');

async function check(text, now) {
  const credential = JSON.parse(text);
  return verifyCredential({
    credential, suite, documentLoader: loader, now, checkStatus: async () => ({verified: true}),
  });
}

if(values.serve) {
  const server = createServer((request, response) => {
    const chunks = [];
    request.on('data', chunk => chunks.push(chunk));
    request.on('end', async () => {
      const {verified} = await check(Buffer.concat(chunks).toString('utf8'), new Date());
      const body = JSON.stringify({verified});
      response.writeHead(200, {'content-type': 'application/json', 'content-length': Buffer.byteLength(body)});
      response.end(body);
    });
  });
  await new Promise(resolve => server.listen(Number(values.serve), '127.0.0.1', resolve));
  console.log('ready');
  await new Promise(() => {});
}

const text = await readFile(file, 'utf8');

async function verify() {
  const {verified, error} = await check(text, fixed);
  if(!verified) {
    throw new Error(messages(error).join('; '));
  }
}

const times = [];
const end = performance.now() + Number(values.seconds) * 1000;
while(performance.now() < end || times.length < 20) {
  const from = performance.now();
  await verify();
  times.push(performance.now() - from);
}
// the first half warms up
const warm = times.slice(times.length / 2).sort((a, b) => a - b);
report({peer: warm[Math.floor(warm.length / 2)] * 1000});
