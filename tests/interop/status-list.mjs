// node status-list.mjs OUT --id URL [--purpose revocation|suspension] [--set INDEX]… [--length N] [--ttl MS] [--seed HEX]
//   [--did DID] [--tamper]
//
// Writes a signed BitstringStatusListCredential of a did:key issuer, or of DID with its key `#1`: a foreign issuer's status
// list. `--ttl` says for how many milliseconds it may be kept. `--length` below
// 131072 makes one that is too short; `--tamper` replaces the bits by those of an empty list after signing.
import {writeFile} from 'node:fs/promises';
import {parseArgs} from 'node:util';
import {DataIntegrityProof} from '@digitalbazaar/data-integrity';
import {cryptosuite} from '@digitalbazaar/eddsa-rdfc-2022-cryptosuite';
import {issue} from '@digitalbazaar/vc';
import {createCredential, createList} from '@digitalbazaar/vc-bitstring-status-list';
import {documentLoader, issuerKey, report} from './documents.mjs';

async function main() {
  const {values, positionals: [out, ...rest]} = parseArgs({
    allowPositionals: true,
    options: {
      id: {type: 'string'},
      purpose: {type: 'string', default: 'revocation'},
      set: {type: 'string', multiple: true, default: []},
      length: {type: 'string', default: '131072'},
      ttl: {type: 'string'},
      seed: {type: 'string'},
      did: {type: 'string'},
      tamper: {type: 'boolean', default: false},
    },
  });
  if(!out || rest.length > 0 || !values.id) {
    throw new Error('usage: status-list.mjs OUT --id URL [--purpose PURPOSE] [--set INDEX]… [--length N] [--ttl MS] [--seed HEX] [--did DID] [--tamper]');
  }
  const list = await createList({length: Number(values.length)});
  for(const index of values.set) {
    list.setStatus(Number(index), true);
  }
  const key = await issuerKey(values.seed, 'Ed25519', values.did);
  const credential = await createCredential({id: values.id, list, statusPurpose: values.purpose});
  credential.issuer = key.controller;
  if(values.ttl !== undefined) {
    credential.credentialSubject.ttl = Number(values.ttl);
  }
  credential.validFrom = '2026-01-15T09:30:00Z';
  const suite = new DataIntegrityProof({signer: key.signer(), date: '2026-01-15T09:30:00Z', cryptosuite});
  const signed = await issue({credential, suite, documentLoader: documentLoader()});
  if(values.tamper) {
    signed.credentialSubject.encodedList = await (await createList({length: Number(values.length)})).encode();
  }
  await writeFile(out, `${JSON.stringify(signed, null, 2)}\n`);
  report({issuer: key.controller, id: values.id});
}

main().catch(error => {
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 2;
});
