//! The OpenAPI document, made from the routes below `/api/`, so that it names every route there is and none that is not.

use crate::console::Desk;
use crate::console::call::{Call, Refusal, Reply};
use crate::console::routes::{ROUTES, Who};
use serde_json::{Map, Value, json};

/// `GET /api/v1/openapi.json`.
pub(super) fn show(_: &Desk, _: &Call) -> Result<Reply, Refusal> {
    Ok(Reply::Json(200, document()))
}

fn document() -> Value {
    let mut paths = Map::new();
    for route in ROUTES.iter().filter(|r| r.path.starts_with("/api/")) {
        let (summary, query, body) = words(route.path, route.method);
        let in_path = route.path.split('/').filter_map(|p| p.strip_prefix('{')?.strip_suffix('}'));
        let mut parameters: Vec<Value> = in_path
            .map(|name| json!({"name": name, "in": "path", "required": true, "schema": {"type": "string", "pattern": "^XS-[0-9A-Z]{10}$"}}))
            .collect();
        parameters.extend(query.iter().map(|(name, kind)| json!({"name": name, "in": "query", "schema": {"type": kind}})));
        let mut operation = json!({
            "summary": summary, "parameters": parameters,
            "responses": {
                "200": {"description": "done", "content": {"application/json": {"schema": {"type": "object"}}}},
                "401": {"description": "no valid token"}, "403": {"description": "the token's role does not allow this"},
                "404": {"description": "no such lead"}, "409": {"description": "refused; `error` says why, nothing was changed"},
            },
        });
        if let Who::Token(roles) = route.who {
            operation["security"] = json!([{"token": []}]);
            operation["description"] = json!(format!("roles: {}", roles.iter().map(|r| r.word()).collect::<Vec<_>>().join(", ")));
        }
        if let Some(body) = body {
            operation["requestBody"] = json!({"required": true, "content": {"application/json": {"schema": body}}});
        }
        let entry = paths.entry(route.path).or_insert_with(|| json!({}));
        entry[route.method.to_lowercase()] = operation;
    }
    json!({
        "openapi": "3.1.0",
        "info": {"title": "jianwei", "version": env!("CARGO_PKG_VERSION"), "description": "Leads, decisions, packages and tips. Field names do not change; `schema` names their version."},
        "components": {"securitySchemes": {"token": {"type": "http", "scheme": "bearer", "description": "made at /account"}}},
        "paths": paths,
    })
}

type Query = &'static [(&'static str, &'static str)];

/// What a route is for, its query and its body.
fn words(path: &str, method: &str) -> (&'static str, Query, Option<Value>) {
    let moves = [
        "claim",
        "release",
        "confirm",
        "approve",
        "refer",
        "block",
        "still_up",
        "moved_to",
        "dismiss",
        "reopen",
        "undo",
        "note",
        "unmask",
        "recapture",
    ];
    match (method, path) {
        ("GET", "/api/v1/leads") => (
            "Leads by filter, a page at a time",
            &[
                ("state", "string"),
                ("class", "string"),
                ("site", "string"),
                ("source", "string"),
                ("min", "integer"),
                ("since", "string"),
                ("province", "string"),
                ("provider", "string"),
                ("cluster", "string"),
                ("age", "integer"),
                ("q", "string"),
                ("sort", "string"),
                ("offset", "integer"),
                ("limit", "integer"),
                ("lang", "string"),
            ],
            None,
        ),
        ("GET", "/api/v1/leads/{id}") => ("One lead, schema lead/1", &[("lang", "string")], None),
        ("GET", "/api/v1/leads/{id}/packages") => ("Its evidence packages with their hashes", &[], None),
        ("POST", "/api/v1/leads/{id}/decisions") => (
            "One decision, as the journal keeps it",
            &[],
            Some(json!({
                "type": "object", "required": ["move"],
                "properties": {
                    "move": {"type": "string", "enum": moves}, "reason": {"type": "string"}, "letter": {"type": "string"}, "host": {"type": "string"},
                    "text": {"type": "string"}, "package": {"type": "string"},
                },
            })),
        ),
        ("POST", "/api/v1/tips") => (
            "A reported address; the next scan visits it",
            &[],
            Some(json!({
                "type": "object", "required": ["url"], "additionalProperties": false,
                "properties": {"url": {"type": "string"}, "by": {"type": "string"}},
            })),
        ),
        _ => ("This document", &[], None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_route_of_the_api_is_described() {
        for route in ROUTES.iter().filter(|r| r.path.starts_with("/api/") && !r.path.ends_with("openapi.json")) {
            assert_ne!(words(route.path, route.method).0, "This document", "{} {} has no words", route.method, route.path);
            assert!(document()["paths"][route.path][route.method.to_lowercase()]["security"].is_array());
        }
    }
}
