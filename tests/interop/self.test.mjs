// The tools against each other: what they make verifies, and what was changed does not.
import assert from 'node:assert/strict';
import {execFile} from 'node:child_process';
import {mkdtemp, readFile, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {after, before, test} from 'node:test';
import {fileURLToPath} from 'node:url';

const SEED = [...Array(32).keys()].map(i => i.toString(16).padStart(2, '0')).join('');
const REVOCATION = 'https://learn.example.org/status/revocation';
const SUSPENSION = 'https://learn.example.org/status/suspension';
const FIXTURES = fileURLToPath(new URL('../fixtures/', import.meta.url));

let folder;
const at = name => join(folder, name);
before(async () => folder = await mkdtemp(join(tmpdir(), 'comity-interop-')));
after(() => rm(folder, {recursive: true}));

function run(script, ...words) {
  return new Promise(resolve => {
    const file = fileURLToPath(new URL(script, import.meta.url));
    execFile(process.execPath, [file, ...words], (error, stdout, stderr) => {
      const line = stdout.trim();
      resolve({code: error?.code ?? 0, stderr, ...(line ? JSON.parse(line) : {})});
    });
  });
}
async function made(script, ...words) {
  const answer = await run(script, ...words);
  assert.equal(answer.code, 0, answer.stderr);
  return answer;
}

for(const verifier of ['verify.mjs', 'dcc-verify.mjs']) {
  test(`${verifier}: a badge verifies, and not after a change`, async () => {
    await made('sign.mjs', at('good.json'));
    await made('sign.mjs', at('bad.json'), '--tamper');
    const good = await run(verifier, at('good.json'));
    assert.deepEqual([good.code, good.verified, good.statusOk, good.errors], [0, true, true, []]);
    const bad = await run(verifier, at('bad.json'));
    assert.deepEqual([bad.code, bad.verified], [1, false]);
    assert.match(bad.errors.join(), /signature/i);
  });

  test(`${verifier}: both purposes of status are read`, async () => {
    await made('sign.mjs', at('with-status.json'), '--seed', SEED, '--status', REVOCATION, '41', '--status', SUSPENSION, '7', 'suspension');
    const list = (name, id, ...words) => made('status-list.mjs', at(name), '--id', id, '--seed', SEED, ...words);
    await list('revocation.json', REVOCATION, '--set', '40', '--set', '42');
    await list('revoked.json', REVOCATION, '--set', '41');
    await list('forged.json', REVOCATION, '--set', '41', '--tamper');
    await list('suspension.json', SUSPENSION, '--purpose', 'suspension');
    await list('suspended.json', SUSPENSION, '--purpose', 'suspension', '--set', '7');
    const ask = async (...names) => {
      const answer = await run(verifier, at('with-status.json'), ...names.flatMap(name => ['--status-list', at(name)]));
      assert.equal(answer.verified, true, 'the proof is good whatever the status');
      return answer.statusOk;
    };
    assert.equal(await ask('revocation.json', 'suspension.json'), true);
    assert.equal(await ask('revoked.json', 'suspension.json'), false);
    assert.equal(await ask('revocation.json', 'suspended.json'), false);
    assert.equal(await ask('forged.json', 'suspension.json'), false);
    assert.equal(await ask('revocation.json'), false, 'a list that is not there is no good answer');
    assert.equal(await ask(), false);
  });
}

test('verify.mjs: a list that is too short, or of another issuer, is refused', async () => {
  await made('sign.mjs', at('one-status.json'), '--seed', SEED, '--status', REVOCATION, '41');
  await made('status-list.mjs', at('short.json'), '--id', REVOCATION, '--seed', SEED, '--length', '1024');
  await made('status-list.mjs', at('other.json'), '--id', REVOCATION);
  for(const [name, why] of [['short.json', /fewer than 131072/], ['other.json', /[Ii]ssuers/]]) {
    const answer = await run('verify.mjs', at('one-status.json'), '--status-list', at(name));
    assert.equal(answer.statusOk, false);
    assert.match(answer.errors.join(), why);
  }
});

test('verify.mjs: dates are checked', async () => {
  for(const date of ['2020-01-01', '2040-01-01']) {
    const answer = await run('verify.mjs', join(FIXTURES, 'digitalbazaar-ob3.json'), '--at', date);
    assert.deepEqual([answer.code, answer.verified], [1, false]);
  }
});

test('the fixture is what sign.mjs makes of its seed', async () => {
  await made('sign.mjs', at('again.json'), '--seed', SEED);
  assert.equal(await readFile(at('again.json'), 'utf8'), await readFile(join(FIXTURES, 'digitalbazaar-ob3.json'), 'utf8'));
  const answer = await run('verify.mjs', join(FIXTURES, 'digitalbazaar-ob3.json'), '--at', '2026-06-01');
  assert.equal(answer.verified, true);
});

test('sign.mjs and verify.mjs: every cryptosuite, and a set of two', async () => {
  for(const words of [
    ['--suite', 'eddsa-jcs-2022'],
    ['--curve', 'P-256', '--suite', 'ecdsa-rdfc-2019'],
    ['--curve', 'P-384', '--suite', 'ecdsa-rdfc-2019'],
    ['--suite', 'eddsa-rdfc-2022', '--suite', 'eddsa-jcs-2022'],
  ]) {
    await made('sign.mjs', at('suite.json'), ...words);
    const {proof} = JSON.parse(await readFile(at('suite.json'), 'utf8'));
    assert.deepEqual([proof].flat().map(({cryptosuite}) => cryptosuite), words.filter((_, n) => words[n - 1] === '--suite'));
    assert.equal((await run('verify.mjs', at('suite.json'))).verified, true, words.join());
    await made('sign.mjs', at('suite.json'), ...words, '--tamper');
    assert.equal((await run('verify.mjs', at('suite.json'))).verified, false, words.join());
  }
});

test('token.mjs: what jose signed it verifies, and nothing that is forged', async () => {
  const {keys, honest, forged} = await made('token.mjs', 'sign', folder, '--did', 'did:web:learn.example.org');
  await writeFile(at('keys.json'), JSON.stringify(keys));
  assert.deepEqual(honest, ['EdDSA.jwt', 'ES256.jwt', 'ES384.jwt', 'RS256.jwt']);
  assert.ok(forged.length > 120, `${forged.length} forgeries`);
  const asked = names => run('token.mjs', 'verify', '--keys', at('keys.json'), ...names.map(at));
  const good = await asked(honest);
  assert.deepEqual([good.code, good.answers.map(({verified}) => verified)], [0, [true, true, true, true]]);
  const bad = await asked(forged);
  assert.equal(bad.code, 1);
  assert.deepEqual(forged.filter((_, n) => bad.answers[n].verified), []);
});
