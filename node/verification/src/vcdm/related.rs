//! `relatedResource`: what a credential leans on, with a digest of it (VCDM 2.0, §5.3).

use std::collections::BTreeSet;

use aws_lc_rs::digest::{Algorithm, SHA256, SHA384, SHA512, digest};
use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use serde_json::{Map, Value};

use super::structure::CredentialFaults;
use crate::{badge::StructureProblem, contexts};

/// The multihash prefixes of SHA-256 and SHA-384: code and length.
const MULTIHASHES: [([u8; 2], &Algorithm); 2] = [([0x12, 0x20], &SHA256), ([0x20, 0x30], &SHA384)];

/// Checks the shape of all, and the digests of what is compiled in. **Nothing is fetched**: of other resources, whoever
/// uses them has to compare the digest.
pub(super) fn check(object: &Map<String, Value>, faults: &mut CredentialFaults) {
    const PLACE: &str = "relatedResource";
    let mut ids = BTreeSet::new();
    for resource in faults.objects(object, PLACE) {
        faults.url(resource, "id", "relatedResource.id");
        let id = resource.get("id").and_then(Value::as_str);
        match id {
            None => faults.add("relatedResource.id", StructureProblem::Missing),
            Some(id) if !ids.insert(id) => faults.add(PLACE, StructureProblem::NamesTwice),
            Some(_) => {}
        }
        let content = id.and_then(contexts::find).map(|context| context.json.as_bytes());
        let (sri, multibase) = (resource.get("digestSRI"), resource.get("digestMultibase"));
        if sri.is_none() && multibase.is_none() {
            faults.add(PLACE, StructureProblem::NoDigest);
        }
        for (place, value, read) in [
            ("relatedResource.digestSRI", sri, read_sri as DigestParser),
            ("relatedResource.digestMultibase", multibase, read_multibase),
        ] {
            let Some(value) = value else { continue };
            match (value.as_str().and_then(read), content) {
                (None, _) => faults.add(place, StructureProblem::UnknownDigest),
                (Some((algorithm, said)), Some(content)) if digest(algorithm, content).as_ref() != said => {
                    faults.add(place, StructureProblem::AnotherDigest);
                }
                _ => {}
            }
        }
    }
}

type ResourceDigest = (&'static Algorithm, Vec<u8>);
type DigestParser = fn(&str) -> Option<ResourceDigest>;

/// One digest of Subresource Integrity (§3.1): `sha384-` and base64.
fn read_sri(text: &str) -> Option<ResourceDigest> {
    let (name, base64) = text.split_once('-')?;
    let algorithm = match name {
        "sha256" => &SHA256,
        "sha384" => &SHA384,
        "sha512" => &SHA512,
        _ => return None,
    };
    let bytes = STANDARD.decode(base64).ok()?;
    (bytes.len() == algorithm.output_len()).then_some((algorithm, bytes))
}

/// Multibase of a multihash; many leave the multihash away for SHA-256, and 32 bytes leave no doubt.
fn read_multibase(text: &str) -> Option<ResourceDigest> {
    let bytes = match text.split_at_checked(1)? {
        ("u", rest) => URL_SAFE_NO_PAD.decode(rest).ok()?,
        ("z", rest) if rest.len() <= 100 => bs58::decode(rest).into_vec().ok()?,
        _ => return None,
    };
    if bytes.len() == SHA256.output_len() {
        return Some((&SHA256, bytes));
    }
    let (_, algorithm) = MULTIHASHES.iter().find(|(prefix, _)| bytes.starts_with(prefix))?;
    let rest = bytes.get(2..)?;
    (rest.len() == algorithm.output_len()).then(|| (*algorithm, rest.to_vec()))
}
