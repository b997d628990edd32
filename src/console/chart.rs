//! Charts, drawn on the server as SVG with classes only: no script, no inline style, readable as a table by those who do not see them.

use maud::{Markup, html};

/// One bar.
pub(super) struct Bar {
    /// Its name.
    pub(super) label: String,
    /// Its length.
    pub(super) value: u64,
    /// Class of the style sheet.
    pub(super) tone: &'static str,
}

/// Horizontal bars.
pub(super) fn bars(title: &str, bars: &[Bar]) -> Markup {
    let most = bars.iter().map(|b| b.value).max().unwrap_or(0).max(1);
    let height = bars.len() * 30 + 4;
    html! {
        figure.chart {
            figcaption { (title) }
            svg viewBox={"0 0 420 " (height)} role="img" aria-label=(told(title, bars)) {
                @for (i, b) in bars.iter().enumerate() {
                    @let y = i * 30 + 4;
                    @let width = (b.value * 220).div_ceil(most);
                    text.label x="112" y=(y + 15) text-anchor="end" { (b.label) }
                    rect class={"bar " (b.tone)} x="122" y=(y) width=(width.max(u64::from(b.value > 0) * 2)) height="20" rx="3" {}
                    text.value x=(130 + width) y=(y + 15) { (b.value) }
                }
            }
        }
    }
}

/// Upright bars, for weeks.
pub(super) fn columns(title: &str, bars: &[Bar]) -> Markup {
    let most = bars.iter().map(|b| b.value).max().unwrap_or(0).max(1);
    let step = 420 / bars.len().max(1);
    html! {
        figure.chart {
            figcaption { (title) }
            svg viewBox="0 0 420 190" role="img" aria-label=(told(title, bars)) {
                line.axis x1="0" y1="160.5" x2="420" y2="160.5" {}
                @for (i, b) in bars.iter().enumerate() {
                    @let height = (b.value * 130).div_ceil(most);
                    @let x = i * step;
                    rect class={"bar " (b.tone)} x=(x + 4) y=(160 - height) width=(step.saturating_sub(8)) height=(height) rx="3" {}
                    @if b.value > 0 { text.value x=(x + step / 2) y=(154 - height) text-anchor="middle" { (b.value) } }
                    @if (bars.len() - i) % 2 == 1 { text.label x=(x + step / 2) y="178" text-anchor="middle" { (b.label) } }
                }
            }
        }
    }
}

fn told(title: &str, bars: &[Bar]) -> String {
    let parts: Vec<String> = bars.iter().map(|b| format!("{} {}", b.label, b.value)).collect();
    format!("{title}: {}", parts.join(", "))
}
