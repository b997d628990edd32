//! What plain scripts say without being run: where they send the visitor, and which Chinese words they hold.
//! Only literal addresses are read; anything computed waits for rendering.

use regex::Regex;
use std::sync::LazyLock;
use url::Url;

/// Most bytes of inline script text read of one page.
pub(super) const MAX_SCRIPT_BYTES: usize = 512 << 10;
/// Most redirects read of one page.
pub(super) const MAX_REDIRECTS: usize = 16;

/// Longest address that is followed.
const MAX_TARGET_CHARS: usize = 2_000;

/// No count stands in it: a repetition up to 2,000 made an automaton whose every scratch memory had tens of megabytes, one a thread.
static LOCATION: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r#"(?:^|[^\w$.])(?:(?:window|document|self|top|parent|this)\s*\.\s*)?location(?:\s*\.\s*href)?\s*(?:=\s*|\.\s*(?:replace|assign)\s*\(\s*)(?:"([^"\\\n]+)"|'([^'\\\n]+)'|`([^`$\\\n]+)`)\s*(.)?"#,
    )
    .expect("the pattern is a constant and has a test")
});
static HAN_LITERAL: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r#"["'`>]([^"'`<>\\\n]{0,40}\p{Han}[^"'`<>\\\n]{0,40})["'`<]"#).expect("the pattern is a constant and has a test")
});

/// A place that a script or a refresh leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Leads {
    /// Absolute, http or https.
    pub(super) url: Url,
    /// Does it run by itself as the page loads (not inside a function that waits for a click)?
    pub(super) by_itself: bool,
    /// Milliseconds until it happens; 0 where no timer is seen.
    pub(super) after_ms: u64,
}

/// Literal assignments of `location` in one inline script, in order, at most [`MAX_REDIRECTS`].
pub(super) fn redirects(script: &str, base: &Url) -> Vec<Leads> {
    let mut leads = Vec::new();
    if !script.contains("location") {
        return leads;
    }
    for found in LOCATION.captures_iter(script).take(4 * MAX_REDIRECTS) {
        // `location.href = "/s?q=" + word` is computed.
        if found.get(4).is_some_and(|m| m.as_str() == "+") {
            continue;
        }
        let Some(target) = found.iter().skip(1).take(3).flatten().next() else { continue };
        if target.as_str().chars().nth(MAX_TARGET_CHARS).is_some() {
            continue;
        }
        let Some(url) = absolute(target.as_str(), base) else { continue };
        let whole = found.get(0).map_or((0, ""), |m| (m.start(), m.as_str()));
        // The pattern takes the character before as well; it may be the brace of the function that this is in.
        let before = whole.1.chars().next().filter(|c| !c.is_alphanumeric()).map_or(0, char::len_utf8);
        let (by_itself, after_ms) = surroundings(script, whole.0 + before, target.end());
        leads.push(Leads { url, by_itself, after_ms });
        if leads.len() >= MAX_REDIRECTS {
            break;
        }
    }
    leads
}

/// An http or https address, resolved, without its fragment.
pub(super) fn absolute(href: &str, base: &Url) -> Option<Url> {
    let mut url = base.join(href.trim()).ok()?;
    url.set_fragment(None);
    matches!(url.scheme(), "http" | "https").then_some(url)
}

/// Looks back at most 2,000 bytes: is the nearest enclosing function one that runs by itself? Looks ahead for a timer's delay.
fn surroundings(script: &str, at: usize, end: usize) -> (bool, u64) {
    let mut start = at.saturating_sub(2000);
    while !script.is_char_boundary(start) {
        start += 1;
    }
    let before = &script[start..at];
    let mut depth = 0i32;
    let mut opener = None;
    for (i, b) in before.bytes().enumerate().rev() {
        match b {
            b'}' => depth += 1,
            b'{' if depth == 0 => {
                opener = Some(i);
                break;
            }
            b'{' => depth -= 1,
            _ => {}
        }
    }
    let statement = &before[before.rfind(['{', '}', ';', '\n']).map_or(0, |n| n + 1)..];
    let conditional = statement.contains("if") || statement.contains("else") || statement.contains('?') || statement.contains("&&");
    let Some(opener) = opener else { return (!conditional, delay(script, before, end)) };
    let mut head_start = opener.saturating_sub(120);
    while !before.is_char_boundary(head_start) {
        head_start += 1;
    }
    let head = &before[head_start..opener];
    let head = &head[head.rfind(['{', '}', ';']).map_or(0, |n| n + 1)..];
    let timer = head.contains("setTimeout") || head.contains("onload") || head.contains("ready") || head.contains("DOMContentLoaded");
    let immediate = head.trim_start().starts_with("(function") || head.contains("(()") || head.contains("!function");
    (!conditional && (timer || immediate), delay(script, before, end))
}

/// The number of `setTimeout(..., 2000)` around an assignment.
fn delay(script: &str, before: &str, end: usize) -> u64 {
    if !before.contains("setTimeout") {
        return 0;
    }
    let mut stop = (end + 200).min(script.len());
    while !script.is_char_boundary(stop) {
        stop -= 1;
    }
    let after = script.get(end..stop).unwrap_or_default();
    let number = after.split_once(',').map(|(_, n)| n.trim_start().chars().take_while(char::is_ascii_digit).collect::<String>());
    number.and_then(|n| n.parse().ok()).unwrap_or(0)
}

/// Chinese words in string literals and templates, each once, at most `most`, each at most 40 characters.
pub(super) fn chinese_literals(scripts: &str, most: usize) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    for found in HAN_LITERAL.captures_iter(scripts).take(40 * most) {
        let word: String = found[1].trim().chars().take(40).collect();
        if !words.contains(&word) {
            words.push(word);
        }
        if words.len() >= most {
            break;
        }
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    fn leads(script: &str) -> Vec<(String, bool, u64)> {
        let base = Url::parse("http://a.example/x/").expect("a URL");
        redirects(script, &base).into_iter().map(|l| (l.url.to_string(), l.by_itself, l.after_ms)).collect()
    }
    fn one(url: &str, by_itself: bool, after_ms: u64) -> Vec<(String, bool, u64)> {
        vec![(url.to_owned(), by_itself, after_ms)]
    }

    #[test]
    fn literal_assignments_of_location_are_read() {
        assert_eq!(leads("location.href='/q'"), one("http://a.example/q", true, 0));
        assert_eq!(leads("window.location = \"https://b.example/\";"), one("https://b.example/", true, 0));
        assert_eq!(leads("top.location.replace( 'z.html' )"), one("http://a.example/x/z.html", true, 0));
        assert_eq!(leads("setTimeout(function(){ window.location.href=\"/q\"; }, 2000)"), one("http://a.example/q", true, 2000));
        assert_eq!(leads("window.onload=function(){location.assign('/q')}"), one("http://a.example/q", true, 0));
    }

    #[test]
    fn an_address_longer_than_any_is_passed_over_and_the_next_one_is_read() {
        let long = |n: usize| format!("location.href='/{}';\nlocation='/q'", "a".repeat(n));
        assert_eq!(leads(&long(2_000)), one("http://a.example/q", true, 0));
        assert_eq!(leads(&long(1_999)).len(), 2);
    }

    #[test]
    fn what_waits_for_a_click_or_is_computed_is_told_apart() {
        assert_eq!(leads("function go(){location.href='/list'}"), one("http://a.example/list", false, 0));
        assert_eq!(leads("function go(){ location.href='/list' }"), one("http://a.example/list", false, 0));
        assert_eq!(leads("if(/Mobile/.test(ua)) location.href='/m'"), one("http://a.example/m", false, 0));
        assert_eq!(leads("location.href='/s?q='+word"), vec![]);
        assert_eq!(leads("var x = location.href; mylocation='/q'; location.href='javascript:void(0)'"), vec![]);
    }

    #[test]
    fn chinese_words_of_scripts_are_listed_once() {
        assert_eq!(chinese_literals("a='请输入姓名';b=\"请输入姓名\";c=`查询`;d='abc'", 10), ["请输入姓名", "查询"]);
    }
}
