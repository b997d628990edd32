//! Text beside text: which lines a page shares with the official one. Lines are compared without white space; the longest common order is kept.
//! Capped, since the table of a comparison grows with the product of the two.

/// Lines of each text that are compared.
pub(super) const MAX_LINES: usize = 300;

/// One row of the comparison.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Pair<'a> {
    /// In both.
    Same(&'a str, &'a str),
    /// Only in the official text.
    Official(&'a str),
    /// Only in the suspect text.
    Suspect(&'a str),
}

fn lines(text: &str) -> Vec<(&str, String)> {
    let bare = |l: &str| l.chars().filter(|c| !c.is_whitespace()).collect::<String>();
    text.lines().map(|l| (l.trim(), bare(l))).filter(|(_, b)| !b.is_empty()).take(MAX_LINES).collect()
}

/// Lines of the two texts in order, those in common on one row.
pub(super) fn compare<'a>(official: &'a str, suspect: &'a str) -> Vec<Pair<'a>> {
    let (a, b) = (lines(official), lines(suspect));
    // longest[i][j]: common lines of a[i..] and b[j..].
    let mut longest = vec![vec![0u16; b.len() + 1]; a.len() + 1];
    for i in (0..a.len()).rev() {
        for j in (0..b.len()).rev() {
            longest[i][j] = if a[i].1 == b[j].1 { longest[i + 1][j + 1] + 1 } else { longest[i + 1][j].max(longest[i][j + 1]) };
        }
    }
    let (mut i, mut j, mut rows) = (0, 0, Vec::new());
    while i < a.len() || j < b.len() {
        if i < a.len() && j < b.len() && a[i].1 == b[j].1 {
            rows.push(Pair::Same(a[i].0, b[j].0));
            (i, j) = (i + 1, j + 1);
        } else if j == b.len() || (i < a.len() && longest[i + 1][j] >= longest[i][j + 1]) {
            rows.push(Pair::Official(a[i].0));
            i += 1;
        } else {
            rows.push(Pair::Suspect(b[j].0));
            j += 1;
        }
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn common_lines_stand_side_by_side_and_the_rest_alone() {
        let rows = compare("标题\n 证件 类型\n查询\n尾", "标题\n证件类型\n加微信\n尾\n");
        let want = [
            Pair::Same("标题", "标题"),
            Pair::Same("证件 类型", "证件类型"),
            Pair::Official("查询"),
            Pair::Suspect("加微信"),
            Pair::Same("尾", "尾"),
        ];
        assert_eq!(rows, want);
        assert!(compare("", "").is_empty());
        assert_eq!(compare(&"x\n".repeat(99_999), "").len(), MAX_LINES);
    }
}
