use super::*;
use crate::IssuerSigningKey;

/// The order of the Ed25519 group, little-endian.
const ORDER: [u8; 32] = [
    0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, 0, 0, 0, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
];

fn p256() -> IssuerSigningKey {
    IssuerSigningKey::from_secret(KeyKind::P256, &[7; 32]).unwrap()
}

fn p384() -> IssuerSigningKey {
    IssuerSigningKey::from_secret(KeyKind::P384, &[7; 48]).unwrap()
}

#[test]
fn points_of_small_order_are_no_keys() {
    for mut small in SMALL_ORDER {
        assert_eq!(VerificationKey::from_bytes(&small), Err(BadKey::SmallOrder));
        small[31] |= 0x80;
        assert_eq!(VerificationKey::from_bytes(&small), Err(BadKey::SmallOrder));
    }
}

#[test]
fn an_ed25519_signature_has_one_form() {
    let key = IssuerSigningKey::from_seed(&[7; 32]).unwrap();
    let signature = key.sign(b"x").unwrap();
    assert!(key.public_key().verifies(b"x", &signature));
    // S + L is the same number in the group, and must not be the same signature (RFC 8032, §5.1.7).
    let mut other = signature.clone();
    let mut carry = 0_u16;
    for (byte, add) in other[32..].iter_mut().zip(ORDER) {
        let sum = u16::from(*byte) + u16::from(add) + carry;
        *byte = sum.to_le_bytes()[0];
        carry = sum >> 8;
    }
    assert_eq!(carry, 0);
    assert_ne!(other, signature);
    assert!(!key.public_key().verifies(b"x", &other));
    // R = 0 and S = 0 fit every message under a key of small order, and none under ours.
    assert!(!key.public_key().verifies(b"x", &[0; 64]));
    for bit in 0..512 {
        let mut flipped = signature.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        assert!(!key.public_key().verifies(b"x", &flipped), "bit {bit}");
    }
}

#[test]
fn ecdsa_keys_sign_with_fixed_size_and_the_hash_of_their_curve() {
    for (key, length) in [(p256(), 64), (p384(), 96)] {
        let public = key.public_key();
        let signature = key.sign(b"x").unwrap();
        assert_eq!(signature.len(), length);
        assert!(public.verifies(b"x", &signature));
        assert!(!public.verifies(b"y", &signature));
        assert!(!public.verifies(b"x", &signature[1..]));
        assert!(!public.verifies(b"x", &[&[0], &signature[..]].concat()));
        for bad in [vec![0; length], vec![0xff; length]] {
            assert!(!public.verifies(b"x", &bad));
        }
        let (r, s) = signature.split_at(length / 2);
        assert!(!public.verifies(b"x", &[r, &vec![0; length / 2]].concat()));
        // The form that X.509 uses: the same numbers, wrapped.
        let wrapped = der(0x30, &[der_number(r), der_number(s)].concat());
        assert!(!public.verifies(b"x", &wrapped));
    }
    assert!(!p256().public_key().verifies(b"x", &p384().sign(b"x").unwrap()));
}

#[test]
fn only_compressed_points_on_the_curve_are_keys() {
    for key in [p256(), p384()] {
        let public = key.public_key();
        let (kind, bytes) = (public.kind(), public.as_bytes().to_vec());
        assert!(matches!(bytes[0], 2 | 3), "{bytes:?}");
        assert_eq!(VerificationKey::new(kind, &bytes).as_ref(), Ok(&public));
        let mut other = bytes.clone();
        other[0] ^= 1;
        assert_ne!(VerificationKey::new(kind, &other).unwrap(), public);
        for first in [0, 1, 4, 5, 6, 7, 0xff] {
            other[0] = first;
            assert_eq!(
                VerificationKey::new(kind, &other),
                Err(BadKey::Invalid(kind)),
                "{first}"
            );
        }
        let mut beyond = vec![0xff; bytes.len()];
        beyond[0] = 2;
        assert_eq!(VerificationKey::new(kind, &beyond), Err(BadKey::Invalid(kind)));
        assert_eq!(
            VerificationKey::new(kind, &bytes[1..]),
            Err(BadKey::Length(bytes.len() - 1))
        );
        let off = VerificationKey::from_point(kind, &bytes[1..], &vec![1; bytes.len() - 1]);
        assert_eq!(off, Err(BadKey::Invalid(kind)));
    }
    let kind = KeyKind::P256;
    for secret in [[0; 32], [0xff; 32]] {
        assert_eq!(
            IssuerSigningKey::from_secret(kind, &secret).unwrap_err(),
            BadKey::Invalid(kind)
        );
    }
    assert!(IssuerSigningKey::from_secret(kind, &[7; 31]).is_err());
    assert!(IssuerSigningKey::from_secret(KeyKind::Ed25519, &[7; 31]).is_err());
    assert!(IssuerSigningKey::from_secret(KeyKind::Rsa, &[7; 32]).is_err());
    assert!(!format!("{:?}", p256()).contains("0707"));
}

#[test]
fn rsa_keys_have_2048_to_8192_bits_and_one_form() {
    let of = |bytes: usize| VerificationKey::from_modulus(&vec![0xc1; bytes], &[1, 0, 1]);
    assert_eq!(of(128), Err(BadKey::Bits(1024)));
    assert_eq!(of(255), Err(BadKey::Bits(2040)));
    assert_eq!(of(256).unwrap().kind(), KeyKind::Rsa);
    assert!(of(1025).is_err());
    assert!(of(100_000).is_err());
    assert!(of(0).is_err());
    assert!(VerificationKey::from_modulus(&[0xc1; 256], &[]).is_err());
    assert!(VerificationKey::from_modulus(&[0xc1; 256], &[1]).is_err());
    let key = of(256).unwrap();
    let again = VerificationKey::from_modulus(&[&[0, 0], &[0xc1; 256][..]].concat(), &[0, 1, 0, 1]);
    assert_eq!(again.as_ref(), Ok(&key));
    assert!(VerificationKey::new(KeyKind::Rsa, &[key.as_bytes(), &[0]].concat()).is_err());
    assert_eq!(
        crate::multikey::decode(&crate::multikey::encode(&key)).as_ref(),
        Ok(&key)
    );
}
