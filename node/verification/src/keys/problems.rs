//! The words for keys that cannot be used, as values.

use registry_schema::phrases;

use super::BadKey;

phrases! {
    /// The reason why a text or bytes are no key that this registry uses.
    pub enum KeyProblem {
        NoBase58,
        UnknownKind,
        AnotherLength { bytes: usize },
        SmallOrder,
        NoPoint { kind: &'static str },
        AnotherSize { bits: u32 },
        NoUsableJwk { why: JwkProblem },
        CannotSign,
    }
}

phrases! {
    /// The reason why a JSON Web Key cannot be used.
    pub enum JwkProblem {
        NoObject,
        Secret,
        NoNumber,
        NotForSignatures,
        NotForVerifying,
        AnotherAlgorithm,
    }
}

impl From<BadKey> for KeyProblem {
    fn from(why: BadKey) -> Self {
        match why {
            BadKey::Encoding => Self::NoBase58,
            BadKey::Kind => Self::UnknownKind,
            BadKey::Length(bytes) => Self::AnotherLength { bytes },
            BadKey::SmallOrder => Self::SmallOrder,
            BadKey::Invalid(kind) => Self::NoPoint { kind: kind.name() },
            BadKey::Bits(bits) => Self::AnotherSize { bits },
            BadKey::Jwk(why) => Self::NoUsableJwk { why },
            BadKey::CannotSign => Self::CannotSign,
        }
    }
}
