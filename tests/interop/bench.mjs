// node bench.mjs FILE [--seconds N]
//
// How long Digital Bazaar's libraries take to verify a JSON-LD credential, status aside: prints one line,
//   {"peer": MICROSECONDS}
// the median of single verifications on one thread, with all documents in memory. Exits 1 if it does not verify.
import {readFile} from 'node:fs/promises';
import {parseArgs} from 'node:util';
import {DataIntegrityProof} from '@digitalbazaar/data-integrity';
import {cryptosuite} from '@digitalbazaar/eddsa-rdfc-2022-cryptosuite';
import {verifyCredential} from '@digitalbazaar/vc';
import {documentLoader, messages, report} from './documents.mjs';

const {values, positionals: [file]} = parseArgs({
  allowPositionals: true,
  options: {seconds: {type: 'string', default: '3'}},
});
const text = await readFile(file, 'utf8');
const loader = documentLoader();
const suite = new DataIntegrityProof({cryptosuite});
const now = new Date('2026-11-23T14:02:11Z');

async function verify() {
  const credential = JSON.parse(text);
  const {verified, error} = await verifyCredential({
    credential, suite, documentLoader: loader, now, checkStatus: async () => ({verified: true}),
  });
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
