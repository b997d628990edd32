//! The small language of the families. A file holds `@key value` lines, lists and blocks:
//! `name:` and then one alternative a line; `name=` and then one alternative of many lines (again `name=`: another alternative).
//! In a text: `{name}` an alternative of `name`; `{@name}` the same one throughout the page; `{3-5*name}` that many different ones;
//! `{a|b|c}` one of these, nested as deep as wanted; `{#4}` digits; `{#2-9}` a number; `{#x32}` hexadecimal; `{#a4-7}` letters.
//! Any other braces stand for themselves, so that style sheets and scripts can be written as they are, but for a bar between braces.

use super::dice::Dice;
use std::collections::BTreeMap;

const MAX_DEPTH: usize = 60;

/// Alternatives by name, and the `@` lines.
pub(crate) struct Grammar {
    rules: BTreeMap<String, Vec<String>>,
    meta: BTreeMap<String, String>,
}

impl Grammar {
    /// A family's text over the words that its split shares; the family's own lists win.
    pub(crate) fn read(text: &str, shared: &str) -> Result<Self, String> {
        let (mut rules, _) = parse(shared)?;
        let (own, meta) = parse(text)?;
        rules.extend(own);
        Ok(Self { rules, meta })
    }
    pub(crate) fn meta(&self, key: &str) -> Option<&str> {
        self.meta.get(key).map(String::as_str)
    }
    pub(crate) fn has(&self, name: &str) -> bool {
        self.rules.contains_key(name)
    }
    /// One page's telling: remembers what `{@name}` chose.
    pub(crate) fn telling(&self) -> Telling<'_> {
        Telling { grammar: self, kept: BTreeMap::new() }
    }
}

type Parts = (BTreeMap<String, Vec<String>>, BTreeMap<String, String>);

fn parse(text: &str) -> Result<Parts, String> {
    let (mut rules, mut meta) = (BTreeMap::<String, Vec<String>>::new(), BTreeMap::new());
    let (mut current, mut block) = (String::new(), false);
    for line in text.lines() {
        if let Some((name, is_block)) = heading(line) {
            (current, block) = (name.to_owned(), is_block);
            let list = rules.entry(current.clone()).or_default();
            if is_block {
                list.push(String::new());
            }
        } else if let Some(rest) = line.strip_prefix('@').filter(|_| !block) {
            let (key, value) = rest.split_once(' ').ok_or_else(|| format!("`{line}` has no value"))?;
            meta.insert(key.to_owned(), value.trim().to_owned());
        } else if line.trim().is_empty() || line.starts_with("## ") {
        } else if let Some(list) = rules.get_mut(&current) {
            match list.last_mut().filter(|_| block) {
                Some(last) => {
                    last.push_str(line);
                    last.push('\n');
                }
                None => list.push(line.to_owned()),
            }
        } else {
            return Err(format!("`{line}` stands before any list"));
        }
    }
    Ok((rules, meta))
}

fn heading(line: &str) -> Option<(&str, bool)> {
    let (name, is_block) = line.strip_suffix(':').map(|n| (n, false)).or_else(|| line.strip_suffix('=').map(|n| (n, true)))?;
    is_name(name).then_some((name, is_block))
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
}

/// See [`Grammar::telling`].
pub(crate) struct Telling<'g> {
    grammar: &'g Grammar,
    kept: BTreeMap<String, String>,
}

impl Telling<'_> {
    /// One alternative of `name`, all its braces filled.
    pub(crate) fn tell(&mut self, name: &str, dice: &mut Dice) -> Result<String, String> {
        let mut out = String::new();
        self.rule(name, 1, 1, dice, &mut out, 0)?;
        Ok(out)
    }
    fn rule(&mut self, name: &str, from: usize, to: usize, dice: &mut Dice, out: &mut String, depth: usize) -> Result<(), String> {
        if depth > MAX_DEPTH {
            return Err(format!("`{name}` goes round in circles"));
        }
        let grammar = self.grammar;
        let list = grammar.rules.get(name).filter(|l| !l.is_empty()).ok_or_else(|| format!("nothing defines `{name}`"))?;
        let wanted = dice.between(from, to);
        for n in dice.some(list.len(), wanted) {
            self.fill(&list[n], dice, out, depth + 1)?;
        }
        Ok(())
    }
    fn fill(&mut self, text: &str, dice: &mut Dice, out: &mut String, depth: usize) -> Result<(), String> {
        let mut rest = text;
        while let Some(open) = rest.find('{') {
            out.push_str(&rest[..open]);
            let Some(close) = closing(&rest[open..]) else {
                out.push_str(&rest[open..]);
                return Ok(());
            };
            self.brace(&rest[open + 1..open + close], dice, out, depth)?;
            rest = &rest[open + close + 1..];
        }
        out.push_str(rest);
        Ok(())
    }
    fn brace(&mut self, inner: &str, dice: &mut Dice, out: &mut String, depth: usize) -> Result<(), String> {
        let parts = alternatives(inner);
        if parts.len() > 1 {
            return self.fill(parts[dice.below(parts.len())], dice, out, depth);
        }
        if let Some(name) = inner.strip_prefix('@').filter(|n| is_name(n)) {
            if !self.kept.contains_key(name) {
                let mut value = String::new();
                self.rule(name, 1, 1, dice, &mut value, depth)?;
                self.kept.insert(name.to_owned(), value);
            }
            out.push_str(&self.kept[name]);
            return Ok(());
        }
        if let Some((count, name)) = inner.split_once('*').filter(|(_, n)| is_name(n)) {
            let (from, to) = range(count).ok_or_else(|| format!("`{{{inner}}}` has no number before the star"))?;
            return self.rule(name, from, to, dice, out, depth);
        }
        if is_name(inner) {
            return self.rule(inner, 1, 1, dice, out, depth);
        }
        if let Some(chance) = inner.strip_prefix('#').and_then(|spec| random(spec, dice)) {
            out.push_str(&chance);
            return Ok(());
        }
        out.push('{');
        self.fill(inner, dice, out, depth)?;
        out.push('}');
        Ok(())
    }
}

/// Byte offset of the brace that closes the first one.
fn closing(text: &str) -> Option<usize> {
    let mut depth = 0_i32;
    for (at, c) in text.char_indices() {
        depth += i32::from(c == '{') - i32::from(c == '}');
        if depth == 0 {
            return Some(at);
        }
    }
    None
}

/// Split at bars outside inner braces.
fn alternatives(inner: &str) -> Vec<&str> {
    let (mut depth, mut start, mut parts) = (0_i32, 0, Vec::new());
    for (at, c) in inner.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            '|' if depth == 0 => {
                parts.push(&inner[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&inner[start..]);
    parts
}

fn range(text: &str) -> Option<(usize, usize)> {
    let (from, to) = text.split_once('-').unwrap_or((text, text));
    Some((from.parse().ok()?, to.parse().ok()?))
}

fn random(spec: &str, dice: &mut Dice) -> Option<String> {
    let some = |range: (usize, usize), from: &[u8], dice: &mut Dice| {
        let n = dice.between(range.0, range.1);
        (0..n).map(|_| char::from(*dice.one_of(from))).collect::<String>()
    };
    if let Some(rest) = spec.strip_prefix('x') {
        return range(rest).map(|r| some(r, b"0123456789abcdef", dice));
    }
    if let Some(rest) = spec.strip_prefix('a') {
        return range(rest).map(|r| some(r, b"abcdefghijklmnopqrstuvwxyz", dice));
    }
    if spec.contains('-') {
        return range(spec).map(|(from, to)| dice.between(from, to).to_string());
    }
    range(spec).map(|r| some(r, b"0123456789", dice))
}
