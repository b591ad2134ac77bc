// Tokens that nobody may believe. Each function gives an object: the attack's name, and the token.
import {createHmac, createPublicKey} from 'node:crypto';
import {CompactSign, decodeJwt, decodeProtectedHeader, SignJWT} from 'jose';

const encoded = value => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');

/** ASN.1 DER of an ECDSA signature (RFC 3279, §2.2.3), from its two numbers in fixed size. */
function der(raw) {
  const integer = bytes => {
    let at = 0;
    while(at < bytes.length - 1 && bytes[at] === 0) {
      at++;
    }
    const sign = bytes[at] & 0x80 ? [0] : [];
    return [2, bytes.length - at + sign.length, ...sign, ...bytes.subarray(at)];
  };
  const half = raw.length / 2;
  const body = [...integer(raw.subarray(0, half)), ...integer(raw.subarray(half))];
  return Buffer.from([0x30, body.length, ...body]);
}

/** What a stranger can make of a token: he has the token and the public key, and a key of his own. */
export async function forgedWithoutKey({token, jwk, otherKid, stranger}) {
  const [header, payload, signature] = token.split('.');
  const fields = decodeProtectedHeader(token);
  const claims = decodeJwt(token);
  const raw = Buffer.from(signature, 'base64url');
  const changed = {...claims, credentialSubject: {...claims.credentialSubject, creditsEarned: 150}};
  const withHeader = more => `${encoded({...fields, ...more})}.${payload}.${signature}`;
  const hmac = secret => {
    const signed = `${encoded({...fields, alg: 'HS256'})}.${payload}`;
    return `${signed}.${createHmac('sha256', secret).update(signed).digest('base64url')}`;
  };
  const spki = createPublicKey({key: jwk, format: 'jwk'}).export({type: 'spki', format: 'pem'});
  const byStranger = more => new SignJWT(claims).setProtectedHeader({...fields, ...more}).sign(stranger.privateKey);
  const others = ['EdDSA', 'ES256', 'ES384', 'RS256', 'PS256'].filter(alg => alg !== fields.alg);
  const forged = {
    'altered-payload': `${header}.${encoded(changed)}.${signature}`,
    'altered-kid': withHeader({kid: otherKid}),
    'altered-typ': withHeader({typ: 'JWT'}),
    none: `${encoded({...fields, alg: 'none'})}.${payload}.`,
    'none-with-the-signature': withHeader({alg: 'none'}),
    'none-in-another-spelling': `${encoded({...fields, alg: 'NoNe'})}.${payload}.`,
    'hmac-with-the-public-key-in-pem': hmac(spki),
    'hmac-with-the-public-jwk': hmac(JSON.stringify(jwk)),
    'hmac-with-the-public-number': hmac(Buffer.from(jwk.x ?? jwk.n, 'base64url')),
    'no-signature': `${header}.${payload}.`,
    'signature-cut': `${header}.${payload}.${raw.subarray(0, raw.length - 1).toString('base64url')}`,
    'signature-cut-in-half': `${header}.${payload}.${raw.subarray(0, raw.length / 2).toString('base64url')}`,
    'signature-and-a-zero': `${header}.${payload}.${Buffer.concat([raw, Buffer.from([0])]).toString('base64url')}`,
    'signature-of-zeros': `${header}.${payload}.${Buffer.alloc(raw.length).toString('base64url')}`,
    'signature-of-ones': `${header}.${payload}.${Buffer.alloc(raw.length, 255).toString('base64url')}`,
    'four-parts': `${token}.${signature}`,
    'by-a-stranger': await byStranger({}),
    'by-a-stranger-with-his-key-in-the-header': await byStranger({jwk: stranger.publicJwk}),
    'by-a-stranger-who-names-an-address': await byStranger({jku: 'https://evil.example/keys.json'}),
  };
  for(const alg of others) {
    forged[`altered-alg-${alg}`] = withHeader({alg});
  }
  if(fields.alg.startsWith('ES')) {
    forged['signature-in-der'] = `${header}.${payload}.${der(raw).toString('base64url')}`;
  }
  return forged;
}

/** What the issuer's own key signed and still is no badge that holds. */
export async function signedWrongly({payload, pair, signed, seconds}) {
  const {alg, kid, privateKey} = pair;
  const compact = (text, header) => new CompactSign(Buffer.from(text)).setProtectedHeader(header).sign(privateKey);
  const [past, future] = ['2026-03-01T00:00:00Z', '2034-03-01T00:00:00Z'];
  return {
    expired: await signed({...payload, exp: seconds(past), validUntil: past}),
    'expired-by-the-claim-alone': await signed({...payload, exp: seconds(past)}),
    'not-yet-valid': await signed({...payload, nbf: seconds(future), validFrom: future}),
    'not-yet-valid-by-the-claim-alone': await signed({...payload, nbf: seconds(future)}),
    'another-type': await signed(payload, {typ: 'at+jwt'}),
    'an-issuer-who-is-not-the-key-s': await signed({...payload, issuer: {...payload.issuer, id: 'did:web:another.example'}, iss: 'did:web:another.example'}),
    'two-issuers': await signed({...payload, iss: 'did:web:another.example'}),
    'an-extension-that-must-be-understood': await forcedCrit(payload, pair),
    'no-object': await compact('"a badge"', {alg, kid, typ: 'vc+jwt'}),
    'a-date-that-is-a-text': await compact(JSON.stringify({...payload, exp: '2036'}), {alg, kid, typ: 'vc+jwt'}),
  };
}

/** jose signs no `crit` that it does not know, so it is told that it knows this one. */
function forcedCrit(payload, {alg, kid, privateKey}) {
  const header = {alg, kid, typ: 'vc+jwt', crit: ['urn:example:once'], 'urn:example:once': true};
  return new CompactSign(Buffer.from(JSON.stringify(payload)))
    .setProtectedHeader(header).sign(privateKey, {crit: {'urn:example:once': true}});
}
