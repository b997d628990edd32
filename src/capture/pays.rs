//! Does a browser show more of this page than its bytes do? Asked of every plain page, so it must be cheap.

use crate::model::page::Page;

/// Visible characters below which scripts may hold the page.
const THIN: usize = 200;

/// Thin text with scripts, frames, pictures or a way onward; an application's empty shell; text that style sheets turn or make.
pub fn pays(page: &Page) -> bool {
    let thin = page.text.chars().filter(|c| !c.is_whitespace()).count() < THIN;
    let moves = !page.scripts.is_empty() || page.html.contains("<script") || !page.script_redirects.is_empty();
    let shows = !page.frames.is_empty() || !page.images.is_empty() || page.html.contains("url(");
    let turned = page.html.contains("unicode-bidi") || page.html.contains("content:");
    thin && (moves || shows || turned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::capture::extract;

    #[test]
    fn shells_and_pictures_pay_and_plain_text_does_not() {
        let base = url::Url::parse("http://a.test/").expect("a URL");
        let asked = |html: &str| pays(&extract(html.as_bytes(), Some("text/html; charset=utf-8"), &base));
        assert!(asked("<div id=app></div><script src=/app.js></script>"));
        assert!(asked("<img src=/all.png>"));
        assert!(asked("<iframe src=/x></iframe>"));
        assert!(!asked("<p>404</p>"));
        assert!(!asked(&format!("<p>{}</p><script src=/a.js></script>", "正文".repeat(150))));
    }
}
