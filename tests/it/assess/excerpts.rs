//! Measured texts (labelled, condensed; read only where the research data is present), each in a minimal page.

use crate::assess::{lot, told};
use crate::world::shared;
use jianwei::model::assessment::Verdict;

/// Tags of seller rows that offer no certificate to the reader, and why they do not count.
const NO_OFFER: &[(&str, &str)] = &[
    ("off-domain", "diplomas of invented universities, told about"),
    ("off-topic", "influence and jobs, no certificate"),
    ("essay-style", "an essay about the trade, nothing is offered"),
    ("anchor-injected-in-news", "four words of an anchor inside a news text"),
    ("borderline", "advice on printing badges"),
    ("test-fixture-of-spam", "a mail filter's test text: invoices first"),
];

#[test]
fn labelled_texts_are_told_apart() {
    let Some(path) = shared("data/text-excerpts.tsv") else { return };
    let table = std::fs::read_to_string(path).expect("the table");
    let (mut offered, mut found, mut wrong, mut missed) = (0, 0, Vec::new(), Vec::new());
    for row in table.lines().skip(1) {
        let columns: Vec<&str> = row.split('\t').collect();
        let [label, _, text, noise] = columns.as_slice() else { continue };
        let assessment = lot("row.example.com", "", text).assess();
        match *label {
            "seller" if NO_OFFER.iter().any(|(tag, _)| noise.split(',').any(|n| n == *tag)) => {}
            "seller" => {
                offered += 1;
                if assessment.class == Verdict::Seller { found += 1 } else { missed.push(format!("{text}\n{}", told(&assessment))) }
            }
            "notice-news" | "legit-training" | "other" if assessment.review => wrong.push(format!("{label} {text}\n{}", told(&assessment))),
            _ => {}
        }
    }
    eprintln!("sellers that offer: {offered}, alerted: {found}; honest rows at review: {}", wrong.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(found * 100 >= offered * 85, "{found} of {offered}; missed:\n{}", missed.join("\n"));
}
