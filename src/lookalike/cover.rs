//! The best reading of a name: which tokens cover it, what is left over, and what that weighs.
//! Tokens add their points; letters that no token explains take points away, so that a chance match inside a longer word
//! (`mem` in `memory`) comes to nothing while the same letters between separators count.

use super::fuzzy::{self, Edit, Fit};
use super::layout::{Layout, Sep};
use super::letters::{self, Near};
use super::tokens::{Form, Token};
use super::words::Kind;

/// Points lost per half edit.
pub(super) const HALF_EDIT: i32 = 4;
/// The most that fillers add, however many there are.
pub(super) const MAX_FILLER_POINTS: i32 = 3;
/// Most places considered in one name.
const MAX_PLACES: usize = 256;

/// A token at a place.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    pub(super) token: usize,
    pub(super) from: usize,
    pub(super) to: usize,
    pub(super) worth: i32,
    pub(super) edits: [Option<Edit>; 4],
}

/// The best reading.
#[derive(Clone, Debug, Default)]
pub(super) struct Cover {
    /// In order of the name.
    pub(super) places: Vec<Place>,
    /// Points after losses and caps.
    pub(super) points: i32,
}

/// A place where a token may stand: `offset` letters before `at`, if nothing was inserted or left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Hint {
    pub(super) token: u32,
    pub(super) from: u32,
}

/// Places of every hinted token.
pub(super) fn places(layout: &Layout, tokens: &[Token], hints: &mut Vec<Hint>) -> Vec<Place> {
    hints.sort_unstable();
    hints.dedup();
    let mut places: Vec<Place> = Vec::new();
    let mut fits: Vec<Fit> = Vec::new();
    let codes: Vec<u8> = layout.chars.iter().map(|c| letters::code(*c)).collect();
    for hint in hints.iter() {
        if places.len() >= MAX_PLACES {
            break;
        }
        let token = &tokens[hint.token as usize];
        let from = hint.from as usize;
        if token.budget > 0 {
            let to = (from + token.chars.len() + usize::from(token.budget)).min(codes.len());
            if !Near::of(codes[from..to].iter().copied()).holds(token.letters, token.budget) {
                continue;
            }
        }
        fits.clear();
        fuzzy::fits(&layout.chars[from..], &token.chars, token.budget, &mut fits);
        if token.budget > 0 && from < layout.suffix_from && layout.suffix_from - from < token.chars.len() + 3 {
            // Letters of the suffix that happen to continue the token (`mem-go.vip`) must not hide the fit that ends before them.
            fuzzy::fits(&layout.chars[from..layout.suffix_from], &token.chars, token.budget, &mut fits);
        }
        let rank = |fit: &Fit| (fit.length, fit.spent, fit.edits.iter().flatten().count());
        fits.sort_unstable_by_key(rank);
        fits.dedup_by_key(|fit| fit.length);
        places.extend(fits.iter().filter_map(|fit| place(layout, token, hint.token as usize, from, *fit)));
    }
    places
}

fn place(layout: &Layout, token: &Token, index: usize, from: usize, mut fit: Fit) -> Option<Place> {
    let to = from + fit.length;
    // The suffix is what the registry says: it may complete a token, but an edit in it is no edit.
    if fit.spent > 0 && to > layout.suffix_from && from < to {
        let inside = to - layout.suffix_from.max(from);
        if token.chars.len() <= inside || token.chars[token.chars.len() - inside..] != layout.chars[to - inside..to] {
            return None;
        }
    }
    if token.head_only && to > layout.suffix_from {
        return None;
    }
    if to > layout.suffix_from && layout.letters.get(to).is_some_and(|l| l.sep == Sep::None) {
        return None;
    }
    if fit.edits[0] == Some(Edit::Omission) && starts_earlier(layout, token, from) {
        return None;
    }
    let mut loss = 0;
    if token.chars.len() <= 7 && fit.edits[0] == Some(Edit::Omission) && layout.letters[from + 1..to].iter().all(|l| l.sep == Sep::None) {
        // Six letters run together and the last one missing (`memgo`) is a word of its own too often.
        loss = if layout.chars[to - 1] == token.chars[token.chars.len() - 1] { 0 } else { 10 };
    }
    for inside in from + 1..to {
        let sep = layout.letters[inside].sep;
        if sep == Sep::None || at_seam(token, inside - from, fit.spent > 0) {
            continue;
        }
        fit.spent += 2;
        *fit.edits.iter_mut().find(|e| e.is_none())? = Some(Edit::Hyphen);
    }
    // Initials and other exact tokens may still carry one stray separator when they are long enough to be known by.
    let allowed = if token.budget == 0 && token.chars.len() >= 5 { 2 } else { token.budget };
    (fit.spent <= allowed).then(|| Place {
        token: index,
        from,
        to,
        worth: token.points - loss - HALF_EDIT * i32::from(fit.spent),
        edits: fit.edits,
    })
}

/// Do the letters before `from` hold what the fit says was left out, or are two letters gone at once (a whole short label: then
/// the token without that label is the true one)?
fn starts_earlier(layout: &Layout, token: &Token, from: usize) -> bool {
    let all_of_a_label = token.chars.len() > 2
        && layout.chars[from] == token.chars[2]
        && layout.chars[from] != token.chars[0]
        && layout.chars[from] != token.chars[1];
    all_of_a_label
        || (1..=2).any(|left_out| {
            from >= left_out
                && token.chars.len() > left_out
                && layout.chars[from - left_out..from] == token.chars[..left_out]
                && layout.chars[from] == token.chars[left_out]
        })
}

/// Is a separator before letter `offset` where the token has one? With edits before it, one letter off is near enough.
fn at_seam(token: &Token, offset: usize, edited: bool) -> bool {
    let bit = |o: usize| o < 64 && token.seams >> o & 1 == 1;
    bit(offset) || (edited && (bit(offset + 1) || offset > 1 && bit(offset - 1)))
}

/// What it costs to leave letter `at` unexplained, and a whole part.
struct Losses {
    one: Vec<i32>,
    /// For each part: first letter, one past the last, cost.
    parts: Vec<(usize, usize, i32)>,
}

fn losses(layout: &Layout) -> Losses {
    let n = layout.chars.len();
    let one: Vec<i32> = (0..n)
        .map(|i| match layout.chars[i] {
            _ if i >= layout.suffix_from => 0,
            c if c.is_ascii_digit() => 3,
            c if c.is_ascii() => 9,
            _ => 10,
        })
        .collect();
    let mut parts = Vec::new();
    let mut from = 0;
    while from < layout.suffix_from {
        let to = (from + 1..layout.suffix_from).find(|i| layout.letters[*i].sep != Sep::None).unwrap_or(layout.suffix_from);
        let own_label =
            (from == 0 || layout.letters[from].sep == Sep::Dot) && (to >= layout.suffix_from || layout.letters[to].sep == Sep::Dot);
        let all: i32 = one[from..to].iter().sum();
        let most = match to - from {
            _ if own_label => 2,
            1..=2 => 5,
            _ => 10,
        };
        parts.push((from, to, all.min(most)));
        from = to;
    }
    Losses { one, parts }
}

/// The reading that weighs most: dynamic programming over the letters, places and parts as steps.
pub(super) fn best(layout: &Layout, tokens: &[Token], places: &[Place]) -> Cover {
    let n = layout.chars.len();
    let losses = losses(layout);
    let mut value = vec![i32::MIN / 2; n + 1];
    let mut step: Vec<(usize, Option<usize>)> = vec![(0, None); n + 1];
    value[0] = 0;
    let mut by_end: Vec<&Place> = places.iter().collect();
    by_end.sort_unstable_by_key(|p| p.to);
    let mut next_place = 0;
    let mut next_part = 0;
    for i in 1..=n {
        (value[i], step[i]) = (value[i - 1] - losses.one[i - 1], (i - 1, None));
        while let Some((from, _, cost)) = losses.parts.get(next_part).filter(|part| part.1 == i) {
            if value[*from] - cost > value[i] {
                (value[i], step[i]) = (value[*from] - cost, (*from, None));
            }
            next_part += 1;
        }
        while let Some(place) = by_end.get(next_place).filter(|p| p.to == i) {
            if value[place.from] + place.worth > value[i] {
                let index = places.iter().position(|p| std::ptr::eq(p, *place));
                (value[i], step[i]) = (value[place.from] + place.worth, (place.from, index));
            }
            next_place += 1;
        }
        // However much stands before a separator, it hides no more than this.
        if i < n && value[i] < -margin(layout, i) {
            (value[i], step[i]) = (-margin(layout, i), (0, None));
        }
    }
    // Nor does what stands behind one.
    let left = |i: usize| value[i] - if i >= layout.suffix_from { 0 } else { margin(layout, i) };
    let end = (1..=n).filter(|i| *i == n || layout.letters[*i].sep != Sep::None).max_by_key(|i| (left(*i), *i)).unwrap_or(n);
    let mut chosen = Vec::new();
    let mut at = end;
    while at > 0 {
        let (from, place) = step[at];
        chosen.extend(place.map(|index| places[index]));
        at = from;
    }
    chosen.reverse();
    let points = left(end) - over_caps(&chosen, tokens);
    let points = if speaks(&chosen, tokens) { points } else { 0 };
    Cover { places: chosen, points }
}

/// The most that everything on the far side of the separator before letter `i` can take away.
fn margin(layout: &Layout, i: usize) -> i32 {
    match layout.letters[i].sep {
        Sep::Dot => 4,
        Sep::Hyphen => 12,
        Sep::None => i32::MAX / 4,
    }
}

/// English words and fillers prove little, however many there are.
fn over_caps(places: &[Place], tokens: &[Token]) -> i32 {
    let sum = |kind: Kind| -> i32 { places.iter().filter(|p| tokens[p.token].kind == kind).map(|p| p.worth).sum() };
    (sum(Kind::English) - 45).max(0) + (sum(Kind::Filler) - MAX_FILLER_POINTS).max(0)
}

/// Is there a token at all that is the site's own, and no English or filler?
fn speaks(places: &[Place], tokens: &[Token]) -> bool {
    places.iter().map(|p| &tokens[p.token]).any(speaks_for_itself)
}

/// Is a token the site's own, and no English or filler?
pub(super) fn speaks_for_itself(token: &Token) -> bool {
    !matches!(token.kind, Kind::English | Kind::Filler) && (token.points >= 28 || token.form == Form::Han)
}
