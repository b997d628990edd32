//! What was read from a page: text, forms, links, identifiers. Made by capture from bytes, read by assess, kept in the package.

use serde::{Deserialize, Serialize};

/// One page as extracted. Every list is capped by capture; `notes` says what was cut.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Page {
    /// Encoding used, WHATWG name (`gb18030`, `big5`, `utf-8`), and why (`bom`, `http`, `meta`, `guessed`).
    pub charset: String,
    /// What decided the encoding.
    pub charset_from: String,
    /// `<title>`, white space folded.
    pub title: String,
    /// Visible text, block elements on lines of their own, raw characters kept.
    pub text: String,
    /// Text that a visitor cannot see (display:none, visibility:hidden, zero size, off screen, same colour), kept apart: it is a signal.
    pub hidden_text: String,
    /// `<meta name=description|keywords content>` joined.
    pub meta_text: String,
    /// Forms in order; also form-like groups of inputs outside any `<form>` (single-page applications).
    pub forms: Vec<Form>,
    /// Links in order.
    pub links: Vec<Link>,
    /// `src` of scripts, absolute.
    pub scripts: Vec<String>,
    /// `href` of style sheets, absolute.
    pub styles: Vec<String>,
    /// Images.
    pub images: Vec<Image>,
    /// Frame and iframe addresses, absolute.
    pub frames: Vec<String>,
    /// Where `<meta http-equiv=refresh>` or a plain script assignment of `location` leads, absolute.
    pub script_redirects: Vec<String>,
    /// Class names and ids in order of first use (structure marks such as `tz-query`, `yzm-style`).
    pub marks: Vec<String>,
    /// Comments of the HTML, each cut to 300 characters (copiers sign there).
    pub comments: Vec<String>,
    /// Numbers and ids in the footer and in scripts, found in text, links and source.
    pub identifiers: Vec<Identifier>,
    /// Ways to reach the people behind it, after folding disguises.
    pub contacts: Vec<Contact>,
    /// Decoded HTML source, cut at the body cap.
    #[serde(skip)]
    pub html: String,
    /// What was cut, skipped or odd, one line each.
    pub notes: Vec<String>,
}

/// A form or a form-like group of inputs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Form {
    /// Absolute `action`, empty where there is none.
    pub action: String,
    /// `get` or `post`, lower case.
    pub method: String,
    /// Fields in order.
    pub fields: Vec<Field>,
    /// Button texts in order.
    pub buttons: Vec<String>,
    /// Is there a real `<form>` element, or only inputs that stand together?
    pub has_form_element: bool,
}

/// One input, select or text area.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Field {
    /// `text`, `password`, `select`, `hidden`, ...
    pub kind: String,
    /// `name` attribute.
    pub name: String,
    /// Label: `<label>`, table cell or text just before it.
    pub label: String,
    /// `placeholder` attribute.
    pub placeholder: String,
    /// First option of a select.
    pub first_option: String,
}

/// A link.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Link {
    /// Absolute address.
    pub url: String,
    /// Text, white space folded, cut to 200 characters.
    pub text: String,
}

/// An image.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Image {
    /// Absolute address (data: addresses are cut to 64 characters).
    pub url: String,
    /// `alt` text.
    pub alt: String,
}

/// A number or id that is bound to somebody.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identifier {
    /// `icp`, `police` (公网安备), `site_code` (政府网站标识码), `conac`, `baidu_tongji`, `cnzz`, `51la`.
    pub kind: String,
    /// Normalised value (`京ICP备05070218号`, `11010102001234`, 32 hex digits, ...).
    pub value: String,
    /// As it stood on the page.
    pub raw: String,
}

/// A way to reach somebody, after folding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contact {
    /// `phone`, `landline`, `qq`, `wechat`, `email`.
    pub kind: String,
    /// Folded value.
    pub value: String,
    /// As it stood on the page.
    pub raw: String,
}
