//! Exact decimal numbers, for hours and credits.

use std::{fmt, str::FromStr};

use minicbor::{Decode, Encode};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// An exact decimal number, kept in ten-thousandths.
///
/// What people write ([`FromStr`], files, [`Decimal::is_plain`]) is 0 to 100,000 with at most two digits after the point, so
/// that the product of two such numbers is exact, and so is a sum of 9 million products. There is **no floating-point
/// arithmetic**.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
#[cbor(transparent)]
pub struct Decimal(#[n(0)] i64);

/// The text is no such number.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no amount: write a number from 0 to 100000 with at most two digits after the point, such as 0.5")]
pub struct BadDecimal(pub String);

const ONE: i64 = 10_000;
const MOST: i64 = 100_000;

impl Decimal {
    /// Nothing.
    pub const ZERO: Self = Self(0);

    /// A whole number.
    #[must_use]
    pub const fn whole(number: u32) -> Self {
        Self(number as i64 * ONE)
    }

    /// The sum.
    #[must_use]
    pub const fn plus(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }

    /// The difference, but not less than nothing.
    #[must_use]
    pub const fn minus(self, other: Self) -> Self {
        let left = self.0.saturating_sub(other.0);
        Self(if left < 0 { 0 } else { left })
    }

    /// The product: exact for two numbers as people write them.
    #[must_use]
    pub fn times(self, other: Self) -> Self {
        let product = i128::from(self.0) * i128::from(other.0) / i128::from(ONE);
        Self(i64::try_from(product).unwrap_or(i64::MAX))
    }

    /// Returns true if it is a number as people write it: from 0 to 100,000, with at most two digits after the point.
    #[must_use]
    pub const fn is_plain(self) -> bool {
        0 <= self.0 && self.0 <= MOST * ONE && self.0 % (ONE / 100) == 0
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let (whole, rest) = (self.0.unsigned_abs() / 10_000, self.0.unsigned_abs() % 10_000);
        if rest == 0 {
            write!(f, "{sign}{whole}")
        } else {
            let digits = format!("{rest:04}");
            write!(f, "{sign}{whole}.{}", digits.trim_end_matches('0'))
        }
    }
}

impl FromStr for Decimal {
    type Err = BadDecimal;

    fn from_str(text: &str) -> Result<Self, BadDecimal> {
        let bad = || BadDecimal(text.chars().take(32).collect());
        let (whole, rest) = text
            .split_once('.')
            .map_or((text, None), |(whole, rest)| (whole, Some(rest)));
        let digits = |t: &str, most: usize| (1..=most).contains(&t.len()) && t.bytes().all(|b| b.is_ascii_digit());
        if !digits(whole, 6) || rest.is_some_and(|rest| !digits(rest, 2)) {
            return Err(bad());
        }
        let whole: i64 = whole.parse().map_err(|_| bad())?;
        let hundredths: i64 = format!("{:0<2}", rest.unwrap_or_default()).parse().map_err(|_| bad())?;
        let number = Self(whole * ONE + hundredths * (ONE / 100));
        if number.is_plain() { Ok(number) } else { Err(bad()) }
    }
}

impl Serialize for Decimal {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Decimal {
    /// Reads `6`, `0.5` and `"0.5"`. A number with a point comes from the parser as binary; its shortest text is again
    /// what was written, for all numbers of at most 15 digits, and only that text is read.
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        struct DecimalVisitor;
        impl serde::de::Visitor<'_> for DecimalVisitor {
            type Value = Decimal;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an amount such as 6 or 0.5")
            }
            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Decimal, E> {
                text.parse().map_err(E::custom)
            }
            fn visit_i64<E: serde::de::Error>(self, number: i64) -> Result<Decimal, E> {
                self.visit_str(&number.to_string())
            }
            fn visit_u64<E: serde::de::Error>(self, number: u64) -> Result<Decimal, E> {
                self.visit_str(&number.to_string())
            }
            fn visit_f64<E: serde::de::Error>(self, number: f64) -> Result<Decimal, E> {
                self.visit_str(&number.to_string())
            }
        }
        d.deserialize_any(DecimalVisitor)
    }
}

#[cfg(feature = "openapi")]
mod openapi {
    use utoipa::openapi::{
        ObjectBuilder, RefOr, Schema,
        schema::{AnyOfBuilder, Type},
    };

    impl utoipa::PartialSchema for super::Decimal {
        fn schema() -> RefOr<Schema> {
            let number = ObjectBuilder::new()
                .schema_type(Type::Number)
                .minimum(Some(0))
                .maximum(Some(100_000));
            let text = ObjectBuilder::new()
                .schema_type(Type::String)
                .pattern(Some(r"^[0-9]{1,6}(\.[0-9]{1,2})?$"));
            let any = AnyOfBuilder::new()
                .item(number)
                .item(text)
                .description(Some("an amount with at most two digits after the point"));
            any.into()
        }
    }

    impl utoipa::ToSchema for super::Decimal {}
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decimal(text: &str) -> Decimal {
        text.parse().unwrap()
    }

    #[test]
    fn an_amount_reads_back_what_it_wrote() {
        for text in ["0", "6", "0.5", "7.25", "100000"] {
            assert_eq!(decimal(text).to_string(), text);
        }
        assert_eq!(decimal("0.10").to_string(), "0.1");
    }

    #[test]
    fn what_is_no_amount_is_refused() {
        for text in [
            "",
            ".5",
            "5.",
            "-1",
            "+1",
            "1e3",
            "0.125",
            "100000.01",
            "NaN",
            "1,5",
            " 1",
        ] {
            assert!(text.parse::<Decimal>().is_err(), "{text}");
        }
    }

    #[test]
    fn sums_and_products_are_exact() {
        let tenth = decimal("0.1");
        let sum = (0..10).fold(Decimal::ZERO, |sum, _| sum.plus(tenth));
        assert_eq!(sum, Decimal::whole(1));
        assert_eq!(decimal("7.25").times(decimal("0.15")).to_string(), "1.0875");
        assert_eq!(
            decimal("99999.99").times(decimal("99999.99")).to_string(),
            "9999998000.0001"
        );
        assert_eq!(tenth.minus(Decimal::whole(1)), Decimal::ZERO);
    }
}
