// node token.mjs sign FOLDER --did DID [--list URL]  honest tokens and forged ones of a new issuer, signed with jose
// node token.mjs forge TOKEN FOLDER --jwk FILE      what a stranger can make of somebody's token without its key
// node token.mjs verify --keys FILE [--at DATE] TOKEN…   asks jose about each
//
// Tokens are VC-JWT of VCDM 2.0 (VC-JOSE-COSE 1.0, §3.1.1). `sign` and `forge` print {"keys": {KID: JWK, …}, "honest": [NAME, …],
// "forged": [NAME, …]} and write each token to FOLDER/NAME. `verify` takes the keys as such an object; names of `did:key`
// are computed. With `--list` every token names place 41 of the status list at URL, and that list is signed too, by the key of
// ES256: `clear.list.jwt` with nothing set, `revoked.list.jwt` with that place. The algorithm comes from the key and never from the token. It prints {"answers": [{"verified", "error"}, …]} and exits
// 0 if all are verified, 1 if one is not, 2 if asked wrongly.
import {createPublicKey} from 'node:crypto';
import {readFile, writeFile} from 'node:fs/promises';
import {basename, join} from 'node:path';
import {parseArgs} from 'node:util';
import {decodeProtectedHeader, exportJWK, generateKeyPair, importJWK, jwtVerify, SignJWT} from 'jose';
import * as EcdsaMultikey from '@digitalbazaar/ecdsa-multikey';
import * as Ed25519Multikey from '@digitalbazaar/ed25519-multikey';
import {createList} from '@digitalbazaar/vc-bitstring-status-list';
import {forgedWithoutKey, signedWrongly} from './forgeries.mjs';
import {CREDENTIALS_V2, OPEN_BADGES_V3, report} from './documents.mjs';

const ALGORITHMS = ['EdDSA', 'ES256', 'ES384', 'RS256'];
const ISSUED = '2026-01-15T09:30:00Z';
const ENDS = '2036-01-15T09:30:00Z';
const PLACE = 41;

function seconds(date) {
  return Math.floor(Date.parse(date) / 1000);
}

/** The payload: an Open Badges 3.0 credential with the claims of Open Badges 3.0, §8.2, beside it. */
function badge(issuer, list) {
  const id = 'urn:uuid:8d0a54c5-2c0e-4d52-9f2a-6e6f3a5e0b11';
  const subject = 'urn:uuid:5f0b1c1e-8c3a-4f6d-9a55-3b7f0d2e6a41';
  return {
    '@context': [CREDENTIALS_V2, OPEN_BADGES_V3],
    id,
    type: ['VerifiableCredential', 'OpenBadgeCredential'],
    name: 'Inquiry-Based Science',
    issuer: {id: issuer, type: ['Profile'], name: 'Señal Åkademie für Lehrkräfte 学院'},
    validFrom: ISSUED,
    validUntil: ENDS,
    ...(list === undefined ? {} : {credentialStatus: {
      id: `${list}#${PLACE}`,
      type: 'BitstringStatusListEntry',
      statusPurpose: 'revocation',
      statusListIndex: `${PLACE}`,
      statusListCredential: list,
    }}),
    credentialSubject: {
      id: subject,
      type: ['AchievementSubject'],
      identifier: [{type: 'IdentityObject', hashed: false, identityHash: 'Zoë Núñez-O’Brien', identityType: 'name'}],
      creditsEarned: 1.5,
      achievement: {
        id: 'https://learn.example.org/achievements/inquiry-science',
        type: ['Achievement'],
        name: 'Inquiry-Based Science, Grades 3–5',
        description: 'A micro-credential for teachers of the upper primary grades.',
        criteria: {narrative: 'Teach **three** lessons.'},
      },
    },
    iss: issuer,
    sub: subject,
    jti: id,
    nbf: seconds(ISSUED),
    exp: seconds(ENDS),
  };
}

/** A status list as a credential, with this place set, if any. */
async function statusList(issuer, url, place) {
  const list = await createList({length: 131072});
  if(place !== undefined) {
    list.setStatus(place, true);
  }
  return {
    '@context': [CREDENTIALS_V2],
    id: url,
    type: ['VerifiableCredential', 'BitstringStatusListCredential'],
    issuer,
    validFrom: ISSUED,
    credentialSubject: {
      id: `${url}#list`,
      type: 'BitstringStatusList',
      statusPurpose: 'revocation',
      encodedList: await list.encode(),
      ttl: 3600000,
    },
  };
}

async function newKey(alg) {
  const {publicKey, privateKey} = await generateKeyPair(alg, {extractable: true});
  return {alg, privateKey, publicJwk: {...await exportJWK(publicKey), alg}};
}

async function sign(folder, did, list) {
  const keys = {};
  const [honest, forged] = [[], []];
  const write = async (list, name, token) => {
    await writeFile(join(folder, name), token);
    list.push(name);
  };
  const pairs = new Map();
  for(const alg of ALGORITHMS) {
    const pair = await newKey(alg);
    pair.kid = `${did}#${alg}`;
    pairs.set(alg, pair);
    keys[pair.kid] = pair.publicJwk;
  }
  for(const pair of pairs.values()) {
    const {alg, kid, privateKey} = pair;
    const signed = (payload, header = {}) => new SignJWT(payload)
      .setProtectedHeader({alg, kid, typ: 'vc+jwt', ...header}).sign(privateKey);
    const token = await signed(badge(did, list));
    if(list !== undefined && alg === 'ES256') {
      for(const [name, place] of [['clear', undefined], ['revoked', PLACE]]) {
        await writeFile(join(folder, `${name}.list.jwt`), await signed(await statusList(did, list, place)));
      }
    }
    await write(honest, `${alg}.jwt`, token);
    const another = [...pairs.values()].find(other => other !== pair);
    const forgeries = {
      ...await forgedWithoutKey({token, jwk: pair.publicJwk, otherKid: another.kid, stranger: await newKey(alg)}),
      ...await signedWrongly({payload: badge(did, list), pair, signed, seconds}),
    };
    for(const [name, text] of Object.entries(forgeries)) {
      await write(forged, `${alg}.${name}.jwt`, text);
    }
  }
  report({keys, honest, forged});
}

async function forge(file, folder, jwkFile) {
  const token = (await readFile(file, 'utf8')).trim();
  const {alg} = decodeProtectedHeader(token);
  const jwk = jwkFile ? JSON.parse(await readFile(jwkFile, 'utf8')) : await keyOf(token, {});
  const forged = [];
  const all = await forgedWithoutKey({token, jwk, otherKid: 'did:web:another.example#1', stranger: await newKey(alg)});
  for(const [name, text] of Object.entries(all)) {
    forged.push(`${basename(file)}.${name}.jwt`);
    await writeFile(join(folder, forged.at(-1)), text);
  }
  report({keys: {}, honest: [], forged});
}

/** The RSA key in a did:key: base58btc of the prefix 0x8524 and an RSAPublicKey (RFC 8017, §A.1.1). */
function rsaOf(multibase) {
  const digits = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz';
  const number = [...multibase.slice(1)].reduce((sum, digit) => sum * 58n + BigInt(digits.indexOf(digit)), 0n);
  const bytes = Buffer.from(number.toString(16), 'hex');
  if(bytes[0] !== 0x85 || bytes[1] !== 0x24) {
    throw new Error('this is no RSA key');
  }
  return {...createPublicKey({key: bytes.subarray(2), format: 'der', type: 'pkcs1'}).export({format: 'jwk'}), alg: 'RS256'};
}

/** The public key that a token's header names, with its algorithm; from `keys`, or from the name of a did:key. */
async function keyOf(token, keys) {
  const {kid} = decodeProtectedHeader(token);
  if(Object.hasOwn(keys, kid)) {
    return keys[kid];
  }
  const multibase = typeof kid === 'string' && kid.startsWith('did:key:') ? kid.slice('did:key:'.length).split('#')[0] : undefined;
  if(multibase?.startsWith('z4MX')) {
    return rsaOf(multibase);
  }
  const kinds = {z6Mk: [Ed25519Multikey, 'EdDSA'], zDna: [EcdsaMultikey, 'ES256'], z82L: [EcdsaMultikey, 'ES384']};
  if(multibase === undefined || !Object.hasOwn(kinds, multibase.slice(0, 4))) {
    throw new Error(`the key \`${kid}\` is not among those given`);
  }
  const [library, alg] = kinds[multibase.slice(0, 4)];
  const controller = `did:key:${multibase}`;
  const keyPair = await library.from({type: 'Multikey', id: kid, controller, publicKeyMultibase: multibase});
  return {...await library.toJwk({keyPair}), alg};
}

async function verified(token, keys, currentDate) {
  const jwk = await keyOf(token, keys);
  const key = await importJWK(jwk, jwk.alg);
  const {payload} = await jwtVerify(token, key, {algorithms: [jwk.alg], typ: 'vc+jwt', currentDate});
  const {kid} = decodeProtectedHeader(token);
  const issuer = payload.issuer?.id ?? payload.issuer;
  // jose checks tokens and knows nothing of credentials: whose the key is, and the credential's own dates
  if(issuer !== kid.split('#')[0] || (payload.iss ?? issuer) !== issuer) {
    throw new Error('the key is another\'s than the issuer\'s');
  }
  if(Date.parse(payload.validFrom) > currentDate || Date.parse(payload.validUntil ?? ENDS) < currentDate) {
    throw new Error('the credential is not in date');
  }
}

async function verify(files, keysFile, at) {
  const keys = keysFile ? JSON.parse(await readFile(keysFile, 'utf8')) : {};
  const currentDate = at ? new Date(at) : new Date();
  const answers = [];
  for(const file of files) {
    const token = (await readFile(file, 'utf8')).trim();
    const answer = await verified(token, keys, currentDate).then(
      () => ({verified: true, error: null}), error => ({verified: false, error: error.message}));
    answers.push(answer);
  }
  report({answers});
  return answers.length > 0 && answers.every(answer => answer.verified) ? 0 : 1;
}

async function main() {
  const {values, positionals: [what, ...words]} = parseArgs({
    allowPositionals: true,
    options: {did: {type: 'string'}, list: {type: 'string'}, keys: {type: 'string'}, jwk: {type: 'string'}, at: {type: 'string'}},
  });
  if(what === 'sign' && words.length === 1 && values.did) {
    return sign(words[0], values.did, values.list);
  }
  if(what === 'forge' && words.length === 2) {
    return forge(words[0], words[1], values.jwk);
  }
  if(what === 'verify' && words.length > 0) {
    return verify(words, values.keys, values.at);
  }
  throw new Error('usage: token.mjs sign FOLDER --did DID [--list URL] | forge TOKEN FOLDER [--jwk FILE] | verify [--keys FILE] [--at DATE] TOKEN…');
}

main().then(code => process.exitCode = code ?? 0, error => {
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 2;
});
