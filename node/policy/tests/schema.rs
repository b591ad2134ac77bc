//! The schema that is checked in is the one that follows from the types. `UPDATE=1` writes it anew.

#![expect(clippy::unwrap_used, reason = "a test says what is wrong by panicking")]

use std::{fs, path::Path};

use registry_schema::policy::PolicyFile;
use serde_json::{Map, Value, json};
use utoipa::{PartialSchema as _, ToSchema as _, openapi::RefOr};

/// JSON Schema 2020-12 of a policy file, from the same descriptions as OpenAPI 3.1's.
fn schema() -> Value {
    let mut parts: Vec<(String, RefOr<utoipa::openapi::Schema>)> = Vec::new();
    PolicyFile::schemas(&mut parts);
    let mut definitions = Map::new();
    for (name, part) in parts {
        definitions.insert(name, serde_json::to_value(part).unwrap());
    }
    let mut root = serde_json::to_value(PolicyFile::schema()).unwrap();
    let object = root.as_object_mut().unwrap();
    object.insert("$schema".into(), json!("https://json-schema.org/draft/2020-12/schema"));
    object.insert("title".into(), json!("Comity policy file, format 1"));
    object.insert("$defs".into(), Value::Object(definitions));
    serde_json::from_str(&root.to_string().replace("#/components/schemas/", "#/$defs/")).unwrap()
}

#[test]
fn the_schema_that_is_checked_in_follows_from_the_types() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("schema/policy.schema.json");
    let text = format!("{:#}\n", schema());
    if std::env::var_os("UPDATE").is_some() {
        fs::write(&path, &text).unwrap();
    }
    assert_eq!(
        text,
        fs::read_to_string(&path).unwrap(),
        "UPDATE=1 cargo test -p policy --test schema"
    );
}

/// A JSON value of a policy file, as TOML has it.
fn value(text: &str) -> Value {
    serde_json::to_value(text.parse::<toml::Table>().unwrap()).unwrap()
}

/// Holds a value against the parts of JSON Schema that the schema uses; says the first that does not fit.
fn fits(value: &Value, schema: &Value, root: &Value) -> Result<(), String> {
    let known = [
        "$ref",
        "$schema",
        "$defs",
        "title",
        "description",
        "type",
        "properties",
        "required",
        "additionalProperties",
        "items",
        "oneOf",
        "anyOf",
        "allOf",
        "enum",
        "minimum",
        "maximum",
        "pattern",
        "format",
        "example",
        "default",
    ];
    for (key, part) in schema.as_object().ok_or("a schema is an object")? {
        if !known.contains(&key.as_str()) {
            return Err(format!("this test does not know `{key}`"));
        }
        let count = |parts: &Value| {
            let parts = parts.as_array().cloned().unwrap_or_default();
            parts.iter().filter(|part| fits(value, part, root).is_ok()).count()
        };
        let ok = match key.as_str() {
            "$ref" => {
                let name = part
                    .as_str()
                    .and_then(|r| r.strip_prefix("#/$defs/"))
                    .ok_or("a reference")?;
                fits(value, root.get("$defs").and_then(|d| d.get(name)).ok_or(name)?, root)?;
                true
            }
            "oneOf" => count(part) == 1,
            "anyOf" => count(part) >= 1,
            "allOf" => part.as_array().is_some_and(|parts| parts.len() == count(&json!(parts))),
            "enum" => part.as_array().is_some_and(|all| all.contains(value)),
            "type" => {
                let one = |name: &str| match name {
                    "object" => value.is_object(),
                    "array" => value.is_array(),
                    "string" => value.is_string(),
                    "integer" => value.is_i64() || value.is_u64(),
                    "number" => value.is_number(),
                    "null" => value.is_null(),
                    "boolean" => value.is_boolean(),
                    _ => false,
                };
                match part {
                    Value::Array(any) => any.iter().filter_map(Value::as_str).any(one),
                    part => part.as_str().is_some_and(one),
                }
            }
            "minimum" => value
                .as_f64()
                .is_none_or(|v| part.as_f64().is_some_and(|least| v >= least)),
            "maximum" => value
                .as_f64()
                .is_none_or(|v| part.as_f64().is_some_and(|most| v <= most)),
            "required" => value.as_object().is_none_or(|o| {
                part.as_array()
                    .is_some_and(|all| all.iter().filter_map(Value::as_str).all(|name| o.contains_key(name)))
            }),
            "properties" => {
                for (name, part) in part.as_object().ok_or("properties")? {
                    if let Some(inner) = value.get(name) {
                        fits(inner, part, root).map_err(|why| format!("{name}: {why}"))?;
                    }
                }
                true
            }
            "additionalProperties" if *part == json!(false) => value.as_object().is_none_or(|o| {
                o.keys()
                    .all(|name| schema.get("properties").is_some_and(|known| known.get(name).is_some()))
            }),
            "items" => {
                for inner in value.as_array().into_iter().flatten() {
                    fits(inner, part, root)?;
                }
                true
            }
            _ => true,
        };
        if !ok {
            return Err(format!("`{value}` does not fit `{key}` of {part}"));
        }
    }
    Ok(())
}

#[test]
fn every_policy_that_is_shipped_fits_the_schema_and_misspelt_ones_do_not() {
    let schema = schema();
    for (name, file) in policy::samples::SAMPLES
        .into_iter()
        .chain([("model", policy::samples::MODEL)])
    {
        fits(&value(file), &schema, &schema).unwrap_or_else(|why| panic!("{name}: {why}"));
    }
    let tn = policy::samples::of("US-TN").unwrap();
    for (good, bad) in [
        ("earned_within_license", "earned_within_licence"),
        ("micro_credential = 6", "micro_credentials = 6"),
        ("purpose = \"renewal\"", "purpose = \"renewing\""),
        ("unit = \"PDP\"\namount = 60", "unit = \"PDP\""),
        ("amount = 60", "amount = -60"),
        ("citation =", "cite ="),
    ] {
        assert!(tn.contains(good));
        assert!(fits(&value(&tn.replace(good, bad)), &schema, &schema).is_err(), "{bad}");
    }
}
