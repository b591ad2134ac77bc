// node verify.mjs FILE [--status-list FILE]… [--at DATE]
//
// Verifies a JSON-LD credential with Digital Bazaar's libraries and prints one line:
//   {"verified": bool, "statusOk": bool, "errors": [string, …]}
// `verified`: proof, issuer's control of the key, dates. `statusOk`: every status entry could be read, from a list that
// verifies and has the same issuer, and none is set; true if the credential has no status. Exits 0 if verified, 1 if
// not, 2 if asked wrongly. A revoked badge with a good proof exits 0: read `statusOk`.
import {readFile} from 'node:fs/promises';
import {parseArgs} from 'node:util';
import {verifyCredential} from '@digitalbazaar/vc';
import {checkStatus, decodeList} from '@digitalbazaar/vc-bitstring-status-list';
import {documentLoader, messages, report, verifyingSuites} from './documents.mjs';

const FEWEST_ENTRIES = 131072;

async function json(file) {
  return JSON.parse(await readFile(file, 'utf8'));
}

async function statusErrors(credential, loader, suite) {
  const entries = [credential.credentialStatus ?? []].flat();
  const errors = [];
  for(const entry of entries) {
    const {type, statusPurpose, statusListIndex, statusListCredential} = entry;
    const here = `status entry ${statusListIndex} of \`${statusListCredential}\``;
    try {
      if(type !== 'BitstringStatusListEntry') {
        throw new Error(`its type is \`${type}\``);
      }
      if(statusPurpose !== 'revocation' && statusPurpose !== 'suspension') {
        throw new Error(`its purpose is \`${statusPurpose}\``);
      }
      // the library takes any integer, and numbers too
      if(typeof statusListIndex !== 'string' || !/^(0|[1-9][0-9]*)$/.test(statusListIndex)) {
        throw new Error('its index is no decimal string');
      }
      const one = {...credential, credentialStatus: entry};
      const {verified, error, results} = await checkStatus({credential: one, documentLoader: loader, suite});
      if(!verified) {
        throw error ?? new Error('not verified');
      }
      const {document} = await loader(statusListCredential);
      const {length} = await decodeList({encodedList: document.credentialSubject.encodedList});
      if(length < FEWEST_ENTRIES) {
        throw new Error(`the list holds ${length} entries, fewer than ${FEWEST_ENTRIES}`);
      }
      if(results.length !== 1 || results[0].status !== false) {
        errors.push(`${here}: the ${statusPurpose} bit is set`);
      }
    } catch(error) {
      errors.push(...messages(error).map(message => `${here}: ${message}`));
    }
  }
  return errors;
}

async function main() {
  const {values, positionals: [file, ...rest]} = parseArgs({
    allowPositionals: true,
    options: {'status-list': {type: 'string', multiple: true, default: []}, at: {type: 'string'}},
  });
  if(!file || rest.length > 0) {
    throw new Error('usage: verify.mjs FILE [--status-list FILE]… [--at DATE]');
  }
  const credential = await json(file);
  const loader = documentLoader(await Promise.all(values['status-list'].map(json)));
  const suite = verifyingSuites();
  const now = values.at ? new Date(values.at) : new Date();
  if(Number.isNaN(now.getTime())) {
    throw new Error(`\`${values.at}\` is no date`);
  }
  // status is asked below, so that each entry has its own answer even when the proof fails
  const {verified, error} = await verifyCredential({
    credential, suite, documentLoader: loader, now, checkStatus: async () => ({verified: true}),
  });
  const ofStatus = await statusErrors(credential, loader, suite);
  report({verified, statusOk: ofStatus.length === 0, errors: [...(verified ? [] : messages(error)), ...ofStatus]});
  return verified ? 0 : 1;
}

main().then(code => process.exitCode = code, error => {
  report({verified: false, statusOk: false, errors: [error.message]});
  process.exitCode = 2;
});
