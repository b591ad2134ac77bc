// node dcc-verify.mjs FILE [--status-list FILE]… [--schema FILE]…
//
// The same question to the Digital Credentials Consortium's verifier-core. It reaches the web through `fetch` only, so
// that is replaced before it is loaded: the files given are served by their `id` (status lists) or `$id` (schemas), and
// every other address is refused and named. Prints one line:
//   {"verified": bool, "statusOk": bool, "schema": "valid"|"invalid"|"not checked", "errors": […], "refused": [address, …]}
// Exits 0 if verified, 1 if not, 2 if asked wrongly.
import {readFile} from 'node:fs/promises';
import {parseArgs} from 'node:util';

const served = new Map();
const refused = new Set();
globalThis.fetch = async request => {
  const url = typeof request === 'string' ? request : (request.url ?? String(request));
  const document = served.get(url);
  if(document === undefined) {
    refused.add(url);
    throw new TypeError(`\`${url}\` is not among the documents given, and nothing is fetched`);
  }
  return new Response(JSON.stringify(document), {status: 200, headers: {'content-type': 'application/json'}});
};
// the library writes what it could not fetch to the console; stdout is ours
console.log = console.error = () => {};

function report(answer) {
  process.stdout.write(`${JSON.stringify({...answer, refused: [...refused].sort()})}\n`);
}

async function json(file) {
  return JSON.parse(await readFile(file, 'utf8'));
}

async function main() {
  const {values, positionals: [file, ...rest]} = parseArgs({
    allowPositionals: true,
    options: {
      'status-list': {type: 'string', multiple: true, default: []},
      schema: {type: 'string', multiple: true, default: []},
    },
  });
  if(!file || rest.length > 0) {
    throw new Error('usage: dcc-verify.mjs FILE [--status-list FILE]… [--schema FILE]…');
  }
  const credential = await json(file);
  for(const list of await Promise.all(values['status-list'].map(json))) {
    served.set(list.id, list);
  }
  for(const schema of await Promise.all(values.schema.map(json))) {
    served.set(schema.$id, schema);
  }
  const {verifyCredential} = await import('@digitalcredentials/verifier-core');
  const answer = await verifyCredential({credential, knownDIDRegistries: []});

  const step = id => answer.log?.find(entry => entry.id === id);
  const errors = (answer.errors ?? []).map(({name, message}) => `${name}: ${message}`);
  for(const id of ['valid_signature', 'expiration']) {
    if(answer.log && step(id)?.valid !== true) {
      errors.push(`${id}: ${step(id)?.error?.message ?? 'no'}`);
    }
  }
  const verified = errors.length === 0 && answer.log !== undefined;
  const statuses = [credential.credentialStatus ?? []].flat();
  let statusOk = verified || statuses.length === 0;
  for(const {statusPurpose} of statuses) {
    // a log that does not speak of a status that the credential has is no good answer
    // (what goes wrong with any list stands under `revocation_status`)
    const general = step('revocation_status');
    const found = step(`${statusPurpose}_status`) ?? (general?.error ? general : undefined);
    if(found?.valid !== true) {
      statusOk = false;
      errors.push(`${statusPurpose}_status: ${found?.error?.message ?? (found ? 'set' : 'not answered')}`);
    }
  }
  const checked = answer.additionalInformation?.find(entry => entry.id === 'schema_check')?.results;
  let schema = 'not checked';
  if(Array.isArray(checked)) {
    const failed = checked.filter(({result}) => result.valid !== true);
    schema = failed.length === 0 ? 'valid' : 'invalid';
    errors.push(...failed.flatMap(({result}) => (result.errors ?? []).map(e => `schema: ${e.instancePath} ${e.message}`)));
  }
  report({verified, statusOk, schema, errors});
  return verified ? 0 : 1;
}

main().then(code => process.exitCode = code, error => {
  report({verified: false, statusOk: false, schema: 'not checked', errors: [error.message]});
  process.exitCode = 2;
});
