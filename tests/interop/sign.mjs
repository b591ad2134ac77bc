// node sign.mjs OUT [--seed HEX] [--did DID] [--curve CURVE] [--suite NAME]… [--tamper] [--status URL INDEX [PURPOSE]]…
//
// Writes an Open Badges 3.0 badge of a did:key issuer, or of DID with its key `#1`, signed with Digital Bazaar's libraries, to the file OUT.
// With `--seed` (32 bytes in hex) the file is the same every time. `--tamper` raises the credits after signing, so that
// the proof must fail. CURVE is `Ed25519` unless given, NAME is `eddsa-rdfc-2022`; several suites make a proof set. `--status` adds a BitstringStatusListEntry; PURPOSE is `revocation` unless given.
// Prints one line: {"issuer", "verificationMethod", "id"}.
import {randomUUID} from 'node:crypto';
import {writeFile} from 'node:fs/promises';
import {issue} from '@digitalbazaar/vc';
import {CREDENTIALS_V2, OPEN_BADGES_V3, documentLoader, issuerKey, report, signingSuite} from './documents.mjs';

const ACHIEVEMENT = 'https://learn.example.org/achievements/inquiry-science';

function parse(words) {
  const asked = {statuses: [], suites: [], tamper: false};
  const rest = [...words];
  const value = flag => {
    if(rest.length === 0 || rest[0].startsWith('--')) {
      throw new Error(`\`${flag}\` needs a value`);
    }
    return rest.shift();
  };
  while(rest.length > 0) {
    const word = rest.shift();
    if(word === '--seed') {
      asked.seed = value(word);
    } else if(word === '--did') {
      asked.did = value(word);
    } else if(word === '--curve') {
      asked.curve = value(word);
    } else if(word === '--suite') {
      asked.suites.push(value(word));
    } else if(word === '--tamper') {
      asked.tamper = true;
    } else if(word === '--status') {
      const [url, index] = [value(word), value(word)];
      const purpose = ['revocation', 'suspension'].includes(rest[0]) ? rest.shift() : 'revocation';
      asked.statuses.push({url, index, purpose});
    } else if(!word.startsWith('--') && asked.out === undefined) {
      asked.out = word;
    } else {
      throw new Error(`\`${word}\` is not understood`);
    }
  }
  if(asked.out === undefined) {
    throw new Error('usage: sign.mjs OUT [--seed HEX] [--did DID] [--curve CURVE] [--suite NAME]… [--tamper] [--status URL INDEX [PURPOSE]]…');
  }
  return asked;
}

function badge({issuer, id, statuses}) {
  const entries = statuses.map(({url, index, purpose}) => ({
    id: `${url}#${index}`,
    type: 'BitstringStatusListEntry',
    statusPurpose: purpose,
    statusListIndex: index,
    statusListCredential: url,
  }));
  return {
    '@context': [CREDENTIALS_V2, OPEN_BADGES_V3],
    id,
    type: ['VerifiableCredential', 'OpenBadgeCredential'],
    name: 'Inquiry-Based Science, Grades 3–5 🔬',
    description: 'Plans and leads lessons that start from the pupils’ own questions. “Warum?” · ¿Por qué? · 为什么 · なぜ · لماذا',
    issuer: {
      id: issuer,
      type: ['Profile'],
      name: 'Señal Åkademie für Lehrkräfte 学院',
      url: 'https://learn.example.org/',
      email: 'badges@learn.example.org',
      address: {
        type: ['Address'],
        addressCountry: 'US',
        addressRegion: 'NC',
        addressLocality: 'Asheville',
        geo: {type: 'GeoCoordinates', latitude: 35.5951, longitude: -82.5515},
      },
    },
    validFrom: '2026-01-15T09:30:00Z',
    validUntil: '2036-01-15T09:30:00Z',
    credentialSubject: {
      id: 'urn:uuid:5f0b1c1e-8c3a-4f6d-9a55-3b7f0d2e6a41',
      type: ['AchievementSubject'],
      identifier: [{type: 'IdentityObject', hashed: false, identityHash: 'Zoë Núñez-O’Brien', identityType: 'name'}],
      activityEndDate: '2026-01-10T00:00:00Z',
      creditsEarned: 1.5,
      narrative: 'Two lines\nwith a "quoted" word, a \\ and a tab\there.',
      achievement: {
        id: ACHIEVEMENT,
        type: ['Achievement'],
        achievementType: 'MicroCredential',
        name: 'Inquiry-Based Science, Grades 3–5',
        description: 'A micro-credential for teachers of the upper primary grades.',
        inLanguage: 'en-US',
        humanCode: 'SCI-3-5',
        creditsAvailable: 1.5,
        tag: ['science', 'inquiry', 'naïve questions', '科学'],
        criteria: {
          id: `${ACHIEVEMENT}/criteria`,
          narrative: '## To earn it\n\n1. Teach **three** lessons.\n2. Hand in the pupils’ work.\n3. Reflect: e\u0301 and \u00e9 are not the same bytes.',
        },
        alignment: [
          {
            type: ['Alignment'],
            targetType: 'CFItem',
            targetName: 'Plan and carry out an investigation',
            targetUrl: 'https://frameworks.example.org/science/3-5/plan',
            targetFramework: 'Science Practices',
            targetCode: 'SP.3-5.3',
          },
          {
            type: ['Alignment'],
            targetName: 'Ask questions that can be investigated',
            targetUrl: 'https://frameworks.example.org/science/3-5/ask',
          },
        ],
        creator: {
          id: 'https://learn.example.org/creators/science',
          type: ['Profile'],
          name: 'The Science Faculty',
          parentOrg: {id: 'https://learn.example.org/', type: ['Profile'], name: 'Señal Åkademie'},
        },
        resultDescription: [
          {
            id: `${ACHIEVEMENT}/results/level`,
            type: ['ResultDescription'],
            name: 'Level',
            resultType: 'RubricCriterionLevel',
            rubricCriterionLevel: [
              {id: `${ACHIEVEMENT}/levels/proficient`, type: ['RubricCriterionLevel'], name: 'Proficient', level: '2', points: '4'},
              {id: `${ACHIEVEMENT}/levels/advanced`, type: ['RubricCriterionLevel'], name: 'Advanced', level: '3', points: '6'},
            ],
          },
        ],
      },
      result: [
        {
          type: ['Result'],
          resultDescription: `${ACHIEVEMENT}/results/level`,
          achievedLevel: `${ACHIEVEMENT}/levels/advanced`,
        },
      ],
    },
    evidence: [
      {type: ['Evidence'], name: 'Lesson films', genre: 'Film', narrative: 'Three lessons, filmed.'},
      {id: 'https://learn.example.org/evidence/41', type: ['Evidence'], name: 'Pupils’ notebooks'},
    ],
    ...(entries.length === 0 ? {} : {credentialStatus: entries.length === 1 ? entries[0] : entries}),
  };
}

async function main() {
  const asked = parse(process.argv.slice(2));
  const key = await issuerKey(asked.seed, asked.curve, asked.did);
  const id = asked.seed === undefined ? `urn:uuid:${randomUUID()}` : 'urn:uuid:0f2a6a1b-57c5-4f0e-8b4e-7d1c9a3e5b60';
  const date = '2026-01-15T09:30:00Z';
  let signed = badge({issuer: key.controller, id, statuses: asked.statuses});
  for(const name of asked.suites.length === 0 ? ['eddsa-rdfc-2022'] : asked.suites) {
    signed = await issue({credential: signed, suite: signingSuite(name, key, date), documentLoader: documentLoader()});
  }
  if(asked.tamper) {
    signed.credentialSubject.creditsEarned = 15;
  }
  await writeFile(asked.out, `${JSON.stringify(signed, null, 2)}\n`);
  report({issuer: key.controller, verificationMethod: key.id, id});
}

main().catch(error => {
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 2;
});
