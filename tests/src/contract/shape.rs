//! The check that a JSON value is as a schema tells: the part of JSON Schema 2020-12 that the document uses.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::ApiContract;

/// The keywords that only tell.
const WORDS: [&str; 7] = [
    "description",
    "example",
    "examples",
    "title",
    "default",
    "deprecated",
    "discriminator",
];

/// Checks a value, its members closed.
///
/// # Errors
/// Says where it differs.
pub(super) fn fits(contract: &ApiContract, schema: &Value, value: &Value) -> Result<(), String> {
    check(contract, schema, value, "")?;
    closed(contract, schema, value, "")
}

fn check(contract: &ApiContract, schema: &Value, value: &Value, at: &str) -> Result<(), String> {
    let rules = match schema {
        Value::Object(rules) => rules,
        Value::Bool(true) => return Ok(()),
        _ => return Err(format!("at `{at}`: no schema: {schema}")),
    };
    for (rule, told) in rules {
        keyword(contract, rules, (rule, told), value, at)?;
    }
    Ok(())
}

fn keyword(
    contract: &ApiContract,
    rules: &Map<String, Value>,
    (rule, told): (&str, &Value),
    value: &Value,
    at: &str,
) -> Result<(), String> {
    let wrong = |why: String| Err(format!("at `{at}`: {why}: {}", shortened(value)));
    let number = || value.as_f64().zip(told.as_f64());
    let all = || told.as_array().into_iter().flatten();
    match rule {
        _ if WORDS.contains(&rule) => {}
        "$ref" => check(
            contract,
            contract.resolve(&serde_json::json!({"$ref": told})),
            value,
            at,
        )?,
        "type" => {
            let types: Vec<&str> = told
                .as_str()
                .into_iter()
                .chain(all().filter_map(Value::as_str))
                .collect();
            if !types.iter().any(|one| is_of_type(one, value)) {
                return wrong(format!("not {types:?}"));
            }
        }
        "enum" if !all().any(|one| one == value) => return wrong(format!("none of {told}")),
        "const" if told != value => return wrong(format!("not {told}")),
        "enum" | "const" => {}
        "allOf" => {
            for one in all() {
                check(contract, one, value, at)?;
            }
        }
        "oneOf" | "anyOf" => {
            let tried: Vec<_> = all().map(|one| check(contract, one, value, at)).collect();
            let fitting = tried.iter().filter(|one| one.is_ok()).count();
            if fitting == 0 || (rule == "oneOf" && fitting > 1) {
                return wrong(format!("{fitting} of {} alternatives fit: {tried:?}", tried.len()));
            }
        }
        "required" => {
            let missing = |name: &&Value| name.as_str().is_some_and(|name| value.get(name).is_none());
            if let Some(name) = all().find(missing).filter(|_| value.is_object()) {
                return wrong(format!("{name} is missing"));
            }
        }
        "properties" => {
            for (name, schema) in told.as_object().into_iter().flatten() {
                if let Some(member) = value.get(name) {
                    check(contract, schema, member, &format!("{at}/{name}"))?;
                }
            }
        }
        "additionalProperties" => {
            let known = rules.get("properties").and_then(Value::as_object);
            for (name, member) in value.as_object().into_iter().flatten() {
                let is_known = known.is_some_and(|known| known.contains_key(name));
                match told {
                    _ if is_known => {}
                    Value::Bool(false) => return wrong(format!("`{name}` is not declared")),
                    schema => check(contract, schema, member, &format!("{at}/{name}"))?,
                }
            }
        }
        "propertyNames" => {
            for name in value.as_object().into_iter().flat_map(Map::keys) {
                check(contract, told, &Value::from(name.as_str()), &format!("{at}/{name}"))?;
            }
        }
        "items" => {
            let first = rules.get("prefixItems").and_then(Value::as_array).map_or(0, Vec::len);
            for (index, one) in value.as_array().into_iter().flatten().enumerate().skip(first) {
                if *told == Value::Bool(false) {
                    return wrong(format!("more than {first}"));
                }
                check(contract, told, one, &format!("{at}/{index}"))?;
            }
        }
        "prefixItems" => {
            for (index, (schema, one)) in all().zip(value.as_array().into_iter().flatten()).enumerate() {
                check(contract, schema, one, &format!("{at}/{index}"))?;
            }
        }
        "minimum" if number().is_some_and(|(value, least)| value < least) => return wrong(format!("less than {told}")),
        "maximum" if number().is_some_and(|(value, most)| value > most) => return wrong(format!("more than {told}")),
        "minItems" | "maxItems" => {
            let count = value.as_array().map(|all| all.len() as u64).zip(told.as_u64());
            if count.is_some_and(|(count, told)| if rule == "minItems" { count < told } else { count > told }) {
                return wrong(format!("{rule} is {told}"));
            }
        }
        // The form of a text is its type's own test.
        "minimum" | "maximum" | "format" | "pattern" => {}
        other => return wrong(format!("the document uses `{other}`, which is not read here")),
    }
    Ok(())
}

/// No object has a member of which its schema, with all that it is made of, does not tell.
fn closed(contract: &ApiContract, schema: &Value, value: &Value, at: &str) -> Result<(), String> {
    match value {
        Value::Object(members) => {
            let mut schemas = Vec::new();
            gather(contract, schema, value, &mut schemas);
            let told = |name: &str| schemas.iter().filter_map(|one| one["properties"].get(name)).next();
            let other = schemas.iter().filter_map(|one| one.get("additionalProperties")).next();
            let names: BTreeSet<&String> = schemas
                .iter()
                .filter_map(|one| one["properties"].as_object())
                .flat_map(Map::keys)
                .collect();
            for (name, member) in members {
                let at = format!("{at}/{name}");
                match told(name).or(other) {
                    Some(schema) => closed(contract, schema, member, &at)?,
                    None if names.is_empty() => {}
                    None => return Err(format!("`{at}` is not declared; declared are {names:?}")),
                }
            }
        }
        Value::Array(all) => {
            let mut schemas = Vec::new();
            gather(contract, schema, value, &mut schemas);
            let items = schemas.iter().filter_map(|one| one.get("items")).next();
            for (index, one) in all.iter().enumerate() {
                if let Some(items) = items {
                    closed(contract, items, one, &format!("{at}/{index}"))?;
                }
            }
        }
        _ => {}
    }
    Ok(())
}

/// A schema and all of which it is made that fit the value.
fn gather<'a>(contract: &'a ApiContract, schema: &'a Value, value: &Value, into: &mut Vec<&'a Value>) {
    let schema = contract.resolve(schema);
    into.push(schema);
    for of in ["allOf", "oneOf", "anyOf"] {
        for one in schema[of].as_array().into_iter().flatten() {
            if check(contract, one, value, "").is_ok() {
                gather(contract, one, value, into);
            }
        }
    }
}

fn is_of_type(name: &str, value: &Value) -> bool {
    match name {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        "number" => value.is_number(),
        "integer" => value.is_i64() || value.is_u64(),
        _ => false,
    }
}

fn shortened(value: &Value) -> String {
    value.to_string().chars().take(200).collect()
}
