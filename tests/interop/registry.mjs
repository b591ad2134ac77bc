// node registry.mjs lookup URL DID        the DID in the node's /registry.json and behind its /fetch, by DCC's client
// node registry.mjs entities URL [--tamper]   the node's RecognizedEntityCredential, by Digital Bazaar's libraries
//
// Prints one line: {"entry": …, "statement": …} or {"verified": bool, "errors": […]}. Exits 0, or 1 if not verified.
import {createPublicKey, verify} from 'node:crypto';
import {DataIntegrityProof} from '@digitalbazaar/data-integrity';
import {cryptosuite} from '@digitalbazaar/eddsa-rdfc-2022-cryptosuite';
import * as Ed25519Multikey from '@digitalbazaar/ed25519-multikey';
import {verifyCredential} from '@digitalbazaar/vc';
import {RegistryClient} from '@digitalcredentials/issuer-registry-client';
import {documentLoader, messages} from './documents.mjs';

const EXAMPLES = 'https://www.w3.org/ns/credentials/examples/v2';

async function json(url) {
  const response = await fetch(url);
  if(!response.ok) {
    throw new Error(`${url}: ${response.status}`);
  }
  return response.json();
}

/** The key with this name, if the agency's own document lets it assert. */
async function assertionKey(url, name) {
  const document = await json(`${url}/.well-known/did.json`);
  if(!document.assertionMethod.includes(name)) {
    throw new Error(`${name} may not assert for ${document.id}`);
  }
  const method = document.verificationMethod.find(({id}) => id === name);
  return {document, method: {'@context': 'https://w3id.org/security/multikey/v1', ...method}};
}

/** The claims of a token whose signature holds. */
async function claims(url, token) {
  const [header, payload, signature] = token.split('.');
  const {alg, typ, kid} = JSON.parse(Buffer.from(header, 'base64url'));
  const {method} = await assertionKey(url, kid);
  const key = await Ed25519Multikey.from(method);
  const {publicKey} = await key.export({publicKey: true, raw: true});
  const jwk = {kty: 'OKP', crv: 'Ed25519', x: Buffer.from(publicKey).toString('base64url')};
  const good = alg === 'EdDSA' && typ === 'entity-statement+jwt' && verify(
    null, Buffer.from(`${header}.${payload}`), createPublicKey({key: jwk, format: 'jwk'}), Buffer.from(signature, 'base64url'));
  if(!good) {
    throw new Error('the statement is not signed by the agency');
  }
  return JSON.parse(Buffer.from(payload, 'base64url'));
}

async function lookup(url, did) {
  const configuration = await fetch(`${url}/.well-known/openid-federation`);
  const said = await claims(url, await configuration.text());
  if(said.iss !== url || said.sub !== url) {
    throw new Error('the configuration is another\'s');
  }
  const one = async registry => {
    const client = new RegistryClient();
    client.use({registries: [{name: 'the node', ...registry}]});
    const {matchingIssuers, uncheckedRegistries} = await client.lookupIssuersFor(did);
    if(uncheckedRegistries.length > 0) {
      throw new Error(`the client could not read it as ${registry.type}`);
    }
    return matchingIssuers[0]?.issuer.federation_entity ?? null;
  };
  const entry = await one({type: 'dcc-legacy', url: `${url}/registry.json`});
  const statement = await one({type: 'oidf', trustAnchorEC: `${url}/.well-known/openid-federation`});
  if(statement) {
    // the client decodes the statement and leaves its signature unchecked
    const response = await fetch(`${url}/fetch?sub=${encodeURIComponent(did)}`);
    const {sub, iss} = await claims(url, await response.text());
    if(sub !== did || iss !== url) {
      throw new Error('the statement is about another');
    }
  }
  return {entry, statement};
}

async function entities(url, tamper) {
  const credential = await json(`${url}/v1/recognized-entities`);
  const {document, method} = await assertionKey(url, credential.proof.verificationMethod);
  const given = documentLoader([
    {id: EXAMPLES, '@context': {'@vocab': 'https://www.w3.org/ns/credentials/examples#'}}, document, method,
  ]);
  if(tamper) {
    credential.credentialSubject[0].name = 'Somebody Else';
  }
  const suite = new DataIntegrityProof({cryptosuite});
  const {verified, error} = await verifyCredential({credential, suite, documentLoader: given});
  return {verified, errors: verified ? [] : messages(error)};
}

async function main() {
  const [what, url, third] = process.argv.slice(2);
  const answer = what === 'lookup' ? await lookup(url, third) : await entities(url, third === '--tamper');
  console.log(JSON.stringify(answer));
  return answer.verified === false ? 1 : 0;
}

main().then(code => process.exitCode = code, error => {
  console.log(JSON.stringify({verified: false, errors: [error.message]}));
  process.exitCode = 2;
});
