// node canonicalize.mjs CONTEXTS < DOCUMENTS
//
// Prints, for each JSON line on stdin, the SHA-256 of the document's canonical N-Quads (RDFC-1.0) as jsonld.js makes
// them, in hexadecimal; or `refused: why`. CONTEXTS is a JSON file: an object of contexts by URL.
import {createHash} from 'node:crypto';
import {readFile} from 'node:fs/promises';
import {createInterface} from 'node:readline';
import jsonld from 'jsonld';

const contexts = new Map(Object.entries(JSON.parse(await readFile(process.argv[2], 'utf8'))));

async function documentLoader(url) {
  if(!contexts.has(url)) {
    throw new Error(`\`${url}\` is not among the contexts given, and nothing is fetched`);
  }
  return {contextUrl: null, documentUrl: url, document: contexts.get(url)};
}

async function canonical(line) {
  try {
    const nquads = await jsonld.canonize(JSON.parse(line), {
      algorithm: 'RDFC-1.0',
      format: 'application/n-quads',
      base: null,
      safe: true,
      documentLoader,
      // as generous as Comity is with parts that look alike
      canonizeOptions: {maxWorkFactor: 2},
    });
    return createHash('sha256').update(nquads, 'utf8').digest('hex');
  } catch(error) {
    const why = error.details?.event?.message ?? error.message;
    return `refused: ${String(why).replaceAll('\n', ' ').slice(0, 200)}`;
  }
}

for await (const line of createInterface({input: process.stdin, crlfDelay: Infinity})) {
  process.stdout.write(`${await canonical(line)}\n`);
}
