//! All routes in one table: method, path, who, which function. The router is made from it and from nothing else.

use crate::console::call::Run;
use crate::console::pages::{account, audit, cluster, lead, login, moves, overview, people, queue};
use crate::console::{api, openapi, pictures, replay};
use crate::records::Role;
use crate::records::Role::{Admin, Analyst, Approver, Auditor};

/// Who may use a route.
#[derive(Clone, Copy, Debug)]
pub enum Who {
    /// Without logging in.
    Anyone,
    /// Any account.
    Signed,
    /// Accounts of these roles.
    Roles(&'static [Role]),
    /// A bearer token of an account of these roles; no cookie counts.
    Token(&'static [Role]),
}

/// One route.
pub struct Route {
    /// `GET` or `POST`.
    pub method: &'static str,
    /// Path with `{name}` for values.
    pub path: &'static str,
    /// Who.
    pub who: Who,
    pub(super) run: Run,
}

const REVIEW: Who = Who::Roles(&[Analyst, Approver]);
const APPROVE: Who = Who::Roles(&[Approver]);
const ADMIN: Who = Who::Roles(&[Admin]);
const AUDIT: Who = Who::Roles(&[Approver, Admin, Auditor]);
const EXPORT: Who = Who::Roles(&[Analyst, Approver, Auditor]);

const fn get(path: &'static str, who: Who, run: Run) -> Route {
    Route { method: "GET", path, who, run }
}

const fn post(path: &'static str, who: Who, run: Run) -> Route {
    Route { method: "POST", path, who, run }
}

/// The table.
pub const ROUTES: &[Route] = &[
    get("/", Who::Signed, queue::home),
    get("/assets/{name}", Who::Anyone, crate::console::layout::asset),
    get("/login", Who::Anyone, login::show),
    post("/login", Who::Anyone, login::enter),
    post("/logout", Who::Signed, login::leave),
    post("/language", Who::Signed, login::speak),
    get("/queue", Who::Signed, queue::show),
    post("/queue/looked", Who::Signed, queue::looked),
    post("/queue/filters", Who::Signed, queue::save_filter),
    post("/queue/filters/drop", Who::Signed, queue::drop_filter),
    post("/queue/bulk/claim", REVIEW, moves::bulk_claim),
    post("/queue/bulk/dismiss", REVIEW, moves::bulk_dismiss),
    post("/queue/bulk/cluster", REVIEW, cluster::bulk),
    post("/export", EXPORT, queue::export),
    get("/leads/{id}", Who::Signed, lead::show),
    get("/leads/{id}/picture/{package}/{n}", Who::Signed, pictures::serve),
    get("/leads/{id}/boxes/{package}/{n}", Who::Signed, lead::boxes),
    post("/leads/{id}/replay", REVIEW, pictures::replay),
    post("/leads/{id}/replay/open", REVIEW, replay::open),
    get("/leads/{id}/replay/{ticket}", REVIEW, replay::frame),
    post("/leads/{id}/claim", REVIEW, moves::claim),
    post("/leads/{id}/release", REVIEW, moves::release),
    post("/leads/{id}/confirm", REVIEW, moves::confirm),
    post("/leads/{id}/dismiss", REVIEW, moves::dismiss),
    post("/leads/{id}/reopen", REVIEW, moves::reopen),
    post("/leads/{id}/undo", REVIEW, moves::undo),
    post("/leads/{id}/note", REVIEW, moves::note),
    post("/leads/{id}/recapture", REVIEW, moves::recapture),
    post("/leads/{id}/merge", REVIEW, cluster::merge),
    post("/leads/{id}/unmerge", REVIEW, cluster::unmerge),
    post("/leads/{id}/unmask", REVIEW, moves::unmask),
    post("/leads/{id}/approve", APPROVE, moves::approve),
    post("/leads/{id}/refer", APPROVE, moves::refer),
    post("/leads/{id}/outcome", APPROVE, moves::outcome),
    get("/overview", Who::Signed, overview::show),
    get("/sources", Who::Signed, overview::sources),
    get("/audit", AUDIT, audit::show),
    get("/audit.csv", AUDIT, audit::csv),
    get("/people", ADMIN, people::show),
    post("/people/add", ADMIN, people::add),
    post("/people/{name}/disable", ADMIN, people::disable),
    post("/people/{name}/enable", ADMIN, people::enable),
    post("/people/{name}/reset", ADMIN, people::reset),
    post("/people/{name}/role", ADMIN, people::role),
    get("/account", Who::Signed, account::show),
    post("/account/password", Who::Signed, account::password),
    post("/account/totp", Who::Signed, account::totp_on),
    post("/account/totp/off", Who::Signed, account::totp_off),
    post("/account/tokens", Who::Signed, account::token),
    post("/account/tokens/revoke", Who::Signed, account::revoke),
    get("/api/v1/openapi.json", Who::Anyone, openapi::show),
    get("/api/v1/leads", Who::Token(&Role::ALL), api::leads),
    get("/api/v1/leads/{id}", Who::Token(&Role::ALL), api::lead),
    get("/api/v1/leads/{id}/packages", Who::Token(&Role::ALL), api::packages),
    post("/api/v1/leads/{id}/decisions", Who::Token(&[Analyst, Approver]), api::decide),
    post("/api/v1/tips", Who::Token(&[Analyst, Approver]), api::tip),
];
