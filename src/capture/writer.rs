//! Text as it is laid out: white space folded, block elements on lines of their own, cells apart. Raw characters are kept.

/// Most bytes kept of one text.
pub(super) const MAX_TEXT_BYTES: usize = 2 << 20;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
enum Pending {
    #[default]
    Nothing,
    Blank,
    Cell,
    Line,
}

/// Collects text.
#[derive(Debug, Default)]
pub(super) struct Writer {
    out: String,
    pending: Pending,
}

impl Writer {
    /// Appends text; ASCII white space inside is folded to one blank.
    pub(super) fn text(&mut self, text: &str) {
        for c in text.chars() {
            if matches!(c, ' ' | '\t' | '\n' | '\r' | '\u{C}') {
                self.pending = self.pending.max(Pending::Blank);
                continue;
            }
            if self.out.len() >= MAX_TEXT_BYTES {
                return;
            }
            self.settle();
            self.out.push(c);
        }
    }
    /// A block begins or ends here.
    pub(super) fn line(&mut self) {
        self.pending = Pending::Line;
    }
    /// A table cell begins here.
    pub(super) fn cell(&mut self) {
        self.pending = self.pending.max(Pending::Cell);
    }
    pub(super) fn finish(self) -> String {
        self.out
    }
    fn settle(&mut self) {
        let between = match std::mem::take(&mut self.pending) {
            Pending::Nothing => return,
            Pending::Blank => ' ',
            Pending::Cell => '\t',
            Pending::Line => '\n',
        };
        if !self.out.is_empty() {
            self.out.push(between);
        }
    }
}
