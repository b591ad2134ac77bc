//! JSON read strictly: what two readers could understand differently is refused.

use std::{cell::Cell, fmt};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use registry_schema::phrases;
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value, map::Entry};

/// A JSON object.
pub(crate) type JsonObject = Map<String, Value>;

/// The deepest nesting of objects and arrays. The deepest badge seen in the wild has 9 levels.
pub(crate) const MAX_DEPTH: u32 = 64;

/// The most values that a document may hold: far above any badge, far below what would cost a second to look at.
pub(crate) const MAX_VALUES: u32 = 50_000;

phrases! {
    /// The reason why a text is no JSON that is read here.
    pub enum JsonProblem {
        TooDeep { most: u32, line: usize, column: usize },
        TooManyValues { most: u32, line: usize, column: usize },
        KeyTwice { key: String, line: usize, column: usize },
        Syntax { why: String },
    }
}

/// The reason why strict reading stopped, where a looser reader reads on.
enum StrictJsonRefusal {
    Depth,
    Values,
    Twice(String),
}

impl JsonProblem {
    fn new(error: &serde_json::Error, refusal: Option<StrictJsonRefusal>) -> Self {
        let (line, column) = (error.line(), error.column());
        match refusal {
            Some(StrictJsonRefusal::Depth) => Self::TooDeep {
                most: MAX_DEPTH,
                line,
                column,
            },
            Some(StrictJsonRefusal::Values) => Self::TooManyValues {
                most: MAX_VALUES,
                line,
                column,
            },
            Some(StrictJsonRefusal::Twice(key)) => Self::KeyTwice { key, line, column },
            None => Self::Syntax { why: error.to_string() },
        }
    }
}

/// Reads one JSON value with nothing after it; refuses duplicate keys, deep nesting and too many values.
///
/// Duplicate keys matter because a signature covers one of the two, and a reader may show the other.
pub(crate) fn read(text: &[u8]) -> Result<Value, JsonProblem> {
    // Once for all: reading from bytes looks at each text again.
    let text = std::str::from_utf8(text).map_err(|error| JsonProblem::Syntax { why: error.to_string() })?;
    let (left, refusal) = (Cell::new(MAX_VALUES), Cell::new(None));
    let mut reader = serde_json::Deserializer::from_str(text);
    let strict = StrictJsonVisitor {
        depth: 0,
        left: &left,
        refusal: &refusal,
    };
    let value = strict.deserialize(&mut reader);
    let value = value.and_then(|value| reader.end().map(|()| value));
    value.map_err(|error| JsonProblem::new(&error, refusal.take()))
}

/// Reads base64url without padding (RFC 7515, §2); one text for one value, so bits that say nothing are refused too.
pub(crate) fn base64url(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).ok()
}

#[derive(Clone, Copy)]
struct StrictJsonVisitor<'a> {
    depth: u32,
    left: &'a Cell<u32>,
    refusal: &'a Cell<Option<StrictJsonRefusal>>,
}

impl StrictJsonVisitor<'_> {
    fn deeper<E: Error>(self) -> Result<Self, E> {
        if self.depth >= MAX_DEPTH {
            return Err(self.refuses(StrictJsonRefusal::Depth));
        }
        Ok(Self {
            depth: self.depth + 1,
            ..self
        })
    }

    /// Stops the reader, which says where; the reason goes beside it.
    fn refuses<E: Error>(self, refusal: StrictJsonRefusal) -> E {
        self.refusal.set(Some(refusal));
        E::custom("refused")
    }
}

impl<'de> DeserializeSeed<'de> for StrictJsonVisitor<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        let left = self.left.get();
        if left == 0 {
            return Err(self.refuses(StrictJsonRefusal::Values));
        }
        self.left.set(left - 1);
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for StrictJsonVisitor<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_bool<E>(self, v: bool) -> Result<Value, E> {
        Ok(Value::Bool(v))
    }

    fn visit_i64<E>(self, v: i64) -> Result<Value, E> {
        Ok(Value::from(v))
    }

    fn visit_u64<E>(self, v: u64) -> Result<Value, E> {
        Ok(Value::from(v))
    }

    fn visit_f64<E>(self, v: f64) -> Result<Value, E> {
        Ok(Value::from(v))
    }

    fn visit_str<E>(self, v: &str) -> Result<Value, E> {
        Ok(Value::from(v))
    }

    fn visit_string<E>(self, v: String) -> Result<Value, E> {
        Ok(Value::String(v))
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let inner = self.deeper()?;
        let mut array = Vec::new();
        while let Some(item) = items.next_element_seed(inner)? {
            array.push(item);
        }
        Ok(Value::Array(array))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let inner = self.deeper()?;
        let mut object = Map::new();
        while let Some(key) = entries.next_key::<String>()? {
            match object.entry(key) {
                Entry::Vacant(place) => {
                    place.insert(entries.next_value_seed(inner)?);
                }
                Entry::Occupied(twice) => {
                    let shown: String = twice.key().chars().take(64).collect();
                    return Err(self.refuses(StrictJsonRefusal::Twice(shown)));
                }
            }
        }
        Ok(Value::Object(object))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_serde_json_reads_is_read_alike() {
        let text = r#"{"a":[1,-2,3.5,true,null,"x\u00e9"],"b":{"c":18446744073709551615}}"#;
        assert_eq!(
            read(text.as_bytes()).unwrap(),
            serde_json::from_str::<Value>(text).unwrap()
        );
    }

    #[test]
    fn duplicate_keys_depth_and_count_are_refused() {
        let twice = read(br#"{"a":{"b":1,"b":2}}"#).unwrap_err();
        let (line, column) = (1, 15);
        assert_eq!(
            twice,
            JsonProblem::KeyTwice {
                key: "b".to_owned(),
                line,
                column
            }
        );
        let deep = "[".repeat(65) + &"]".repeat(65);
        assert!(matches!(
            read(deep.as_bytes()),
            Err(JsonProblem::TooDeep { most: 64, .. })
        ));
        let fine = "[".repeat(64) + &"]".repeat(64);
        assert!(read(fine.as_bytes()).is_ok());
        let many = format!("[{}1]", "1,".repeat(50_000));
        assert!(matches!(
            read(many.as_bytes()),
            Err(JsonProblem::TooManyValues { most: 50_000, .. })
        ));
        assert!(read(b"{} {}").is_err());
        assert!(read("[".repeat(1_000_000).as_bytes()).is_err());
    }
}
