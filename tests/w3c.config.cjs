// How the W3C's test suites find the node that tests/w3c started: copied there as `localConfig.cjs`.
const {BASE_URL: base, COMITY_W3C_TOKEN: token, COMITY_W3C_ED25519, COMITY_W3C_P256, COMITY_W3C_P384} = process.env;

// Issuing is for operators, here as everywhere: the token is one that `comityd operator add` printed.
const issuer = (id, settings) => ({
  id,
  endpoint: `${base}/credentials/issue`,
  headers: {authorization: `Bearer ${token}`},
  supports: {vc: ['1.1', '2.0']},
  ...settings
});
const verifier = settings => ({
  id: COMITY_W3C_ED25519,
  endpoint: `${base}/credentials/verify`,
  supports: {vc: ['1.1', '2.0']},
  ...settings
});

module.exports = {
  settings: {enableInteropTests: true},
  implementations: [{
    name: 'Comity',
    implementation: 'Comity',
    issuers: [
      issuer(COMITY_W3C_ED25519, {tags: ['vc2.0', 'BitstringStatusList', 'eddsa-rdfc-2022']}),
      issuer(COMITY_W3C_ED25519, {tags: ['eddsa-jcs-2022'], options: {cryptosuite: 'eddsa-jcs-2022'}}),
      issuer(COMITY_W3C_P256, {tags: ['ecdsa-rdfc-2019'], supportedEcdsaKeyTypes: ['P-256']}),
      issuer(COMITY_W3C_P384, {tags: ['ecdsa-rdfc-2019'], supportedEcdsaKeyTypes: ['P-384']})
    ],
    verifiers: [
      verifier({tags: ['vc2.0', 'BitstringStatusList', 'eddsa-rdfc-2022', 'eddsa-jcs-2022']}),
      verifier({tags: ['ecdsa-rdfc-2019'], supportedEcdsaKeyTypes: ['P-256', 'P-384']})
    ],
    vpVerifiers: [{
      id: COMITY_W3C_ED25519,
      endpoint: `${base}/presentations/verify`,
      tags: ['vc2.0']
    }]
  }]
};
