//! The table of effect types against the field tables of the API, the TypeScript types and the documentation.
#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

use std::collections::BTreeSet;

use cartwright::draft::effects::{Code, EFFECTS, Flow, On, Role, role};

fn repository(file: &str) -> String {
    std::fs::read_to_string(std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(file)).unwrap()
}

/// A row of the field tables: an effect type, a prop, its type, and whether it is required.
type Row = (String, String, String, bool);

fn rows() -> Vec<Row> {
    let row = |line: &str| {
        let cells: Vec<&str> = line.split('\t').collect();
        let kind = cells[0].strip_prefix("effect ")?;
        Some((kind.to_string(), cells[1].to_string(), cells[2].to_string(), cells[3] == "yes"))
    };
    repository("tests/fixtures/models/models.tsv").lines().filter_map(row).collect()
}

#[test]
fn the_table_holds_the_documented_effect_types_each_once() {
    let listed: Vec<&str> = EFFECTS.iter().map(|(kind, _)| *kind).collect();
    let names: BTreeSet<&str> = listed.iter().copied().collect();
    let rows = rows();
    assert_eq!(names, rows.iter().map(|(kind, ..)| kind.as_str()).collect());
    assert_eq!(names.len(), listed.len());
    assert_eq!(role("brandNew"), Role::Raw);
    assert_eq!(role("setdiscount"), Role::Raw, "types are compared with their case");
}

#[test]
fn the_typescript_types_have_the_props_of_every_effect_type() {
    let rows = rows();
    let mut expected = String::from("export interface EffectProps {\n");
    for (kind, _) in EFFECTS {
        expected.push_str(&format!("  {kind}: {{\n"));
        for (_, name, type_, required) in rows.iter().filter(|row| row.0 == kind) {
            let type_ = match type_.as_str() {
                "integer" => "Id",
                "number" => "ExactNumber",
                "string" | "string (date-time)" => "string",
                "boolean" => "boolean",
                "any" => "Json",
                "object" => "{ readonly [name: string]: Json }",
                "string[]" => "readonly string[]",
                "number[]" => "readonly ExactNumber[]",
                "LoyaltyLedgerEntryExpiryDateChange[]" => "readonly LoyaltyLedgerEntryExpiryDateChange[]",
                other => panic!("no TypeScript for {other}"),
            };
            let mark = if *required { "" } else { "?" };
            expected.push_str(&format!("    readonly {name}{mark}: {type_};\n"));
        }
        expected.push_str("  };\n");
    }
    let types = repository("www/shell/effects.d.ts");
    let (_, from) = types.split_once("export interface EffectProps").unwrap();
    let (found, _) = from.split_once("\n}\n").unwrap();
    assert_eq!(format!("export interface EffectProps{found}\n"), expected);
}

/// Where the documentation says that an effect stands.
fn place(role: Role) -> &'static str {
    match role {
        Role::Discount(On::Session) => "a discount of the session",
        Role::Discount(On::Line) => "a discount of a line",
        Role::Discount(On::Cost) => "a discount of a cost",
        Role::Discount(On::LineCost) => "a discount of a cost of a line",
        Role::DiscountBack => "`totals.rolledBack`, and the discount is gone",
        Role::Accept(Code::Coupon) => "`coupons`: accepted",
        Role::Accept(Code::Referral) => "`referral`: accepted",
        Role::Reject(Code::Coupon) => "`coupons`: rejected, with its reason",
        Role::Reject(Code::Referral) => "`referral`: rejected, with its reason",
        Role::CodeBack(Code::Coupon) => "`coupons`: entered, rolled back",
        Role::CodeBack(Code::Referral) => "`referral`: entered, rolled back",
        Role::FreeItem => "`offers.freeItems`: one unit more",
        Role::Notification => "`offers.notifications`",
        Role::Points(Flow::Earned) => "`loyalty.earned`",
        Role::Points(Flow::Spent) => "`loyalty.spent`",
        Role::Points(Flow::TakenBack) => "`loyalty.takenBack`",
        Role::Points(Flow::GivenBack) => "`loyalty.givenBack`",
        Role::Tier => "`loyalty.tier`",
        Role::Expiry => "`loyalty.expiry`",
        Role::GiveawayToCome => "`offers.giveaways`, without a code",
        Role::Giveaway => "`offers.giveaways`, with its code",
        Role::Raw => "for the page to decide",
    }
}

#[test]
fn the_documentation_lists_every_effect_type_with_its_place_and_its_props() {
    let rows = rows();
    let page = repository("docs/effects.md");
    let listed: Vec<&str> = page.lines().filter(|line| line.starts_with("| `")).skip(1).collect();
    let expected = EFFECTS.map(|(kind, role)| {
        let props = rows.iter().filter(|row| row.0 == kind);
        let prop = |row: &Row| format!("`{}`{}", row.1, if row.3 { "" } else { "?" });
        let props: Vec<String> = props.map(prop).collect();
        format!("| `{kind}` | {} | {} |", place(role), props.join(", "))
    });
    assert_eq!(listed, expected);
}
