//! Which rules ask the same, and which never fire without another: by their conditions alone, so what is said is certain and some is missed.

use crate::assess::rule::{Check, Pool, Rule, Test};

/// The same class and the same conditions.
pub(crate) fn same(a: &Rule, b: &Rule) -> bool {
    a.class == b.class && a.all == b.all && a.any == b.any && a.none == b.none && a.at_least == b.at_least
}

/// Does `wide` fire wherever `narrow` does, on the same side of the same class?
pub(crate) fn shadows(pool: &Pool, wide: &Rule, narrow: &Rule) -> bool {
    let alike = wide.class == narrow.class && (wide.points > 0) == (narrow.points > 0);
    // What holds whenever `narrow` fires: all of `all`, and one or other of `any`.
    let given = |wanted: &Check| {
        let one = narrow.all.iter().any(|c| implies(pool, c, wanted));
        let any = narrow.at_least > 0 && !narrow.any.is_empty() && narrow.any.iter().all(|c| implies(pool, c, wanted));
        one || any
    };
    let any = wide.at_least == 0
        || (wide.at_least == 1 && wide.any.iter().any(given))
        || (wide.at_least == 1
            && narrow.at_least > 0
            && !narrow.any.is_empty()
            && narrow.any.iter().all(|c| wide.any.iter().any(|w| implies(pool, c, w))))
        || (wide.at_least <= narrow.at_least && narrow.any.iter().all(|c| wide.any.contains(c)));
    let none = wide.none.iter().all(|w| narrow.none.iter().any(|n| implies(pool, w, n)));
    alike && wide.all.iter().all(given) && any && none
}

/// Does `b` hold wherever `a` does?
fn implies(pool: &Pool, a: &Check, b: &Check) -> bool {
    if a.field != b.field {
        return false;
    }
    if a.test == b.test {
        return true;
    }
    let text = |n: &usize| pool.literals[*n].1.as_str();
    // Each of these texts holds one of the phrases of `b`.
    let wide = |texts: &[&str], list: &[usize]| !texts.is_empty() && texts.iter().all(|t| list.iter().any(|l| t.contains(text(l))));
    let texts = |list: &[usize]| -> Vec<&str> { list.iter().map(text).collect() };
    let plain = |list: &[String], y: &[usize]| {
        let texts: Vec<&str> = list.iter().map(String::as_str).collect();
        !texts.contains(&"self") && wide(&texts, y)
    };
    match (&a.test, &b.test) {
        (Test::Any(x, _), Test::Any(y, 1)) => wide(&texts(x), y),
        (Test::All(x), Test::Any(y, 1)) => x.iter().any(|t| wide(&[text(t)], y)),
        (Test::All(x), Test::All(y)) => y.iter().all(|w| x.iter().any(|t| text(t).contains(text(w)))),
        (Test::Count(x, 1.., _), Test::Any(y, 1)) => wide(&texts(x), y),
        (Test::Count(x, least, most), Test::Count(y, wide_least, wide_most)) => x == y && least >= wide_least && most <= wide_most,
        (Test::Is(x) | Test::Starts(x) | Test::Ends(x), Test::Any(y, 1)) => plain(x, y),
        (Test::Is(x) | Test::Starts(x), Test::Starts(y)) => x.iter().all(|t| y.iter().any(|w| t.starts_with(w.as_str()))),
        (Test::Is(x) | Test::Ends(x), Test::Ends(y)) => x.iter().all(|t| y.iter().any(|w| t.ends_with(w.as_str()))),
        (Test::Near(x), Test::Any(y, 1)) => {
            let pair = &pool.pairs[*x];
            wide(&texts(&pair.a), y) || wide(&texts(&pair.b), y)
        }
        (Test::Near(x), Test::Near(y)) => {
            let (x, y) = (&pool.pairs[*x], &pool.pairs[*y]);
            let inside = |x: &[usize], y: &[usize]| x.iter().all(|l| y.contains(l));
            inside(&x.a, &y.a) && inside(&x.b, &y.b) && x.within <= y.within && (x.in_order || !y.in_order)
        }
        _ => false,
    }
}
