//! The campaigns files, their schema and their reader say the same.

use std::collections::BTreeSet;

use cartwright_server::sandbox::campaigns::{Campaigns, DEFAULT};
use jsonschema::Validator;
use serde_json::{Value, json};

use crate::harness::repository;

fn file(name: &str) -> String {
    std::fs::read_to_string(repository(&format!("server/campaigns/{name}"))).unwrap()
}

fn schema() -> (Value, Validator) {
    let schema: Value = serde_json::from_str(&file("schema.json")).unwrap();
    let validator = jsonschema::options().should_validate_formats(true).build(&schema).unwrap();
    (schema, validator)
}

#[test]
fn the_campaigns_files_are_right() {
    let (_, validator) = schema();
    assert_eq!(file("default.json"), DEFAULT);
    for name in ["default.json", "everything.json"] {
        let text = file(name);
        Campaigns::parse(&text).unwrap();
        let value: Value = serde_json::from_str(&text).unwrap();
        let errors: Vec<String> = validator.iter_errors(&value).map(|error| error.to_string()).collect();
        assert_eq!(errors, Vec::<String>::new(), "{name}");
    }
}

/// Every place of a document, and one of each kind: entries of lists are of one kind.
fn places(value: &Value, pointer: &str, kind: &str, seen: &mut BTreeSet<String>, found: &mut Vec<String>) {
    if seen.insert(kind.to_string()) {
        found.push(pointer.to_string());
    }
    match value {
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                places(item, &format!("{pointer}/{index}"), &format!("{kind}/*"), seen, found);
            }
        }
        Value::Object(object) => {
            for (name, value) in object {
                let step = name.replace('~', "~0").replace('/', "~1");
                places(value, &format!("{pointer}/{step}"), &format!("{kind}/{step}"), seen, found);
            }
        }
        _ => {}
    }
}

/// The document with something else at a place.
fn changed(document: &Value, pointer: &str, change: impl FnOnce(&mut Value)) -> Value {
    let mut document = document.clone();
    change(document.pointer_mut(pointer).unwrap());
    document
}

/// Each place of one kind in `everything.json`, in a document of no more campaigns than it needs.
fn kinds() -> Vec<(Value, String)> {
    let everything: Value = serde_json::from_str(&file("everything.json")).unwrap();
    let mut seen = BTreeSet::new();
    let mut kinds = Vec::new();
    for campaign in everything["campaigns"].as_array().unwrap() {
        let document = changed(&everything, "/campaigns", |campaigns| *campaigns = json!([campaign]));
        let mut found = Vec::new();
        places(&document, "", "", &mut seen, &mut found);
        kinds.extend(found.into_iter().map(|pointer| (document.clone(), pointer)));
    }
    kinds
}

/// What a schema path leads to, through references.
fn followed<'s>(schema: &'s Value, path: &str) -> &'s Value {
    let mut place = schema;
    for step in path.split('/').skip(1) {
        if let Some(reference) = place.get("$ref").and_then(Value::as_str)
            && (step == "$ref" || place.get(step).is_none())
        {
            place = schema.pointer(reference.strip_prefix('#').unwrap()).unwrap();
        }
        if step != "$ref" {
            place = match place {
                Value::Array(items) => &items[step.parse::<usize>().unwrap()],
                other => &other[step],
            };
        }
    }
    place
}

#[test]
fn the_reader_and_the_schema_know_the_same_names() {
    let (schema, validator) = schema();
    let mut compared = BTreeSet::new();
    for (everything, pointer) in kinds() {
        if !everything.pointer(&pointer).unwrap().is_object() {
            continue;
        }
        let more = changed(&everything, &pointer, |object| object["novelty"] = Value::Null);
        let refused = Campaigns::parse(&more.to_string()).err().map(|misfit| misfit.wanted);
        let known = refused.as_ref().and_then(|wanted| wanted.split_once("known are "));
        let by_reader: Option<BTreeSet<&str>> = known.map(|(_, names)| names.split(", ").collect());
        let extra = validator.iter_errors(&more).find_map(|error| {
            error.schema_path().as_str().strip_suffix("/additionalProperties").map(ToString::to_string)
        });
        let by_schema = extra.map(|path| {
            let properties = followed(&schema, &path)["properties"].as_object().unwrap();
            properties.keys().map(String::as_str).collect::<BTreeSet<_>>()
        });
        assert_eq!(by_reader, by_schema, "{pointer}");
        assert_eq!(refused.is_some(), !validator.is_valid(&more), "{pointer}: {refused:?}");
        compared.extend(by_schema.into_iter().flatten().map(ToString::to_string));
    }
    // Every name of the schema was met in some place of the file.
    let mut named = BTreeSet::new();
    names(&schema, &mut named);
    assert_eq!(compared, named);
}

/// All names that a schema gives to members.
fn names(schema: &Value, named: &mut BTreeSet<String>) {
    match schema {
        Value::Object(object) => {
            for (keyword, value) in object {
                if keyword == "properties" {
                    named.extend(value.as_object().unwrap().keys().cloned());
                    value.as_object().unwrap().values().for_each(|value| names(value, named));
                } else {
                    names(value, named);
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| names(item, named)),
        _ => {}
    }
}

#[test]
fn the_reader_and_the_schema_refuse_the_same() {
    let (_, validator) = schema();
    let others = [
        json!(null),
        json!(true),
        json!(-1),
        json!(0),
        json!(0.5),
        json!(101),
        json!(1_000_000),
        json!(""),
        json!("word"),
        json!("2030-01-01T00:00:00Z"),
        json!("x".repeat(101)),
        json!([]),
        json!([null]),
        json!({}),
    ];
    let compare = |document: &Value, what: &str| {
        let by_reader = Campaigns::parse(&document.to_string());
        // That a thing is declared, and only once, no schema can tell.
        let reference = by_reader.as_ref().is_err_and(|misfit| {
            misfit.wanted.contains("is not declared") || misfit.wanted.contains("stands in the file twice")
        });
        if !reference {
            assert_eq!(by_reader.is_ok(), validator.is_valid(document), "{what}: {:?}", by_reader.err());
        }
    };
    let mut compared = 0;
    for (everything, pointer) in kinds() {
        for other in &others {
            compare(
                &changed(&everything, &pointer, |place| *place = other.clone()),
                &format!("{pointer} = {other}"),
            );
            compared += 1;
        }
        if let Some((parent, name)) = pointer.rsplit_once('/') {
            let less = changed(&everything, parent, |parent| {
                if let Some(object) = parent.as_object_mut() {
                    object.remove(&name.replace("~1", "/").replace("~0", "~"));
                }
            });
            compare(&less, &format!("without {pointer}"));
        }
    }
    assert!(compared > 3000, "{compared}");
}
