//! What each word costs on real names: how many of them hold it, and in how many alerts it takes part.

use crate::lookalike::Watchlist;
use crate::lookalike::cover::Place;
use crate::lookalike::layout::Layout;
use crate::lookalike::name;
use crate::lookalike::tokens::Form;
use crate::lookalike::words::Kind;
use crate::model::candidate::NameHit;
use aho_corasick::AhoCorasick;

/// One word of one site, and what it did on the names counted so far.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WordCost {
    /// The protected site. Empty: a word that is only being tried.
    pub site: String,
    /// The word as its file has it: Chinese, Latin text or pinyin. `*`: the labels of the official hosts.
    pub word: String,
    /// What its full form weighs; 0 where it is tried.
    pub points: i32,
    /// Names that hold one of its full forms: what it would cost if it sufficed alone.
    pub holds: u64,
    /// Alerts in which it takes part.
    pub alerts: u64,
    /// The first names of these alerts, at most 3.
    pub examples: Vec<String>,
}

/// A running count over a sample of names.
pub struct WordCosts<'a> {
    list: &'a Watchlist,
    costs: Vec<WordCost>,
    forms: AhoCorasick,
    /// Index in `costs`, by pattern.
    owners: Vec<usize>,
    /// Names counted.
    pub names: u64,
    /// Alerts among them.
    pub alerts: u64,
}

/// What stands for the labels of the official hosts among the words.
const OFFICIAL: &str = "*";

impl<'a> WordCosts<'a> {
    /// Counts for every word of every site, and for `tried` words that are in no file.
    pub fn new(list: &'a Watchlist, tried: &[String]) -> Self {
        let mut costs = Vec::new();
        let mut forms: Vec<(String, usize)> = Vec::new();
        let mut add = |site: &str, word: &str, points: i32, texts: &[String]| {
            let texts = texts.iter().filter(|t| t.len() >= 2).map(|t| (t.clone(), costs.len()));
            forms.extend(texts);
            costs.push(WordCost { site: site.to_owned(), word: word.to_owned(), points, holds: 0, alerts: 0, examples: Vec::new() });
        };
        for site in &list.sites {
            add(&site.site.id, OFFICIAL, 0, &[]);
            for word in &site.names.words {
                let texts = [word.text.clone(), word.pinyin.replace(' ', ""), word.zh.clone()];
                let shown = [&word.zh, &word.text, &word.pinyin].into_iter().find(|t| !t.is_empty());
                add(&site.site.id, shown.map_or("", String::as_str), word.points, &texts);
            }
        }
        for word in tried {
            add("", word, 0, &[word.to_lowercase().replace(' ', "")]);
        }
        let (texts, owners): (Vec<String>, Vec<usize>) = forms.into_iter().unzip();
        let forms = AhoCorasick::new(&texts).expect("words of files that were read fit an automaton");
        Self { list, costs, forms, owners, names: 0, alerts: 0 }
    }
    /// Counts a block of names, one a line.
    pub fn count(&mut self, block: &[u8]) {
        let mut hits: Vec<(Vec<u8>, NameHit)> = Vec::new();
        self.names += self.list.screen_block(block, &mut |line, hit| hits.push((line.to_vec(), hit)));
        for line in block.split(|b| *b == b'\n') {
            self.holds(line);
        }
        for (line, hit) in hits {
            self.alert(&line, &hit);
        }
    }
    /// The words in the order of their files; official labels first of each site.
    pub fn words(&self) -> &[WordCost] {
        &self.costs
    }
    /// The most alerts a million, with 95 % confidence, when `count` were seen among the names counted. `None`: no names.
    /// With none seen it is the rule of three; else the upper end of a Poisson count (Wilson-Hilferty).
    pub fn at_most(&self, count: u64) -> Option<f64> {
        (self.names > 0).then(|| upper(count) * 1e6 / self.names as f64)
    }
    fn holds(&mut self, line: &[u8]) {
        let line = line.trim_ascii();
        if line.is_empty() {
            return;
        }
        let read = if line.windows(4).any(|w| w.eq_ignore_ascii_case(b"xn--")) || !line.is_ascii() {
            Layout::of(&name::split(line).host, &[]).unicode
        } else {
            String::from_utf8_lossy(line).to_ascii_lowercase()
        };
        let mut found: Vec<usize> = self.forms.find_overlapping_iter(&read).map(|m| self.owners[m.pattern().as_usize()]).collect();
        found.sort_unstable();
        found.dedup();
        for owner in found {
            self.costs[owner].holds += 1;
        }
    }
    fn alert(&mut self, line: &[u8], hit: &NameHit) {
        self.alerts += 1;
        let words = self.list.words_of(line, &hit.site);
        let name = String::from_utf8_lossy(line).chars().take(80).collect::<String>();
        for cost in self.costs.iter_mut().filter(|c| c.site == hit.site && words.contains(&c.word)) {
            cost.alerts += 1;
            if cost.examples.len() < 3 {
                cost.examples.push(name.clone());
            }
        }
    }
}

/// The upper end, with 95 % confidence, of the mean of a Poisson count.
fn upper(count: u64) -> f64 {
    if count == 0 {
        return 3.0;
    }
    let n = count as f64 + 1.0;
    n * (1.0 - 1.0 / (9.0 * n) + 1.645 / (3.0 * n.sqrt())).powi(3)
}

impl Watchlist {
    /// The words that the reading of a near name rests on, as their file has them.
    fn words_of(&self, line: &[u8], site: &str) -> Vec<String> {
        let Some((compiled, places)) = self.reading(line, site) else { return vec![OFFICIAL.to_owned()] };
        let mut words = Vec::new();
        for Place { token, .. } in places {
            let token = &compiled.tokens[token];
            if token.kind == Kind::Official {
                words.push(OFFICIAL.to_owned());
            }
            for word in compiled.names.words.iter().filter(|_| token.kind != Kind::Filler) {
                let shown = word.shown();
                let rests = match token.form {
                    Form::Text => token.shown == word.text,
                    _ if word.zh.is_empty() && word.pinyin.is_empty() => false,
                    _ if token.shown.contains('-') => token.means.starts_with(shown) || token.means.ends_with(shown),
                    _ => token.means == shown,
                };
                if rests {
                    words.extend([&word.zh, &word.text, &word.pinyin].into_iter().find(|t| !t.is_empty()).cloned());
                }
            }
        }
        words
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::rulefile::RuleFile;
    use crate::model::site::Site;

    fn list() -> Watchlist {
        let file = RuleFile {
            path: "sites/a.gov.cn.toml".into(),
            shown: "a".into(),
            text: "id = \"cx.abc.gov.cn\"\nname = \"n\"\nagency = \"g\"\nhosts = [\"cx.abc.gov.cn\"]\n[names]\nwords = [\n\
                {zh=\"证书查询\",pinyin=\"zheng shu cha xun\",kind=\"service\",points=70},\n{text=\"quer\",kind=\"service\",points=30}]\n"
                .into(),
        };
        let site = Site::read(&file).expect("a site");
        Watchlist::load(&[(file, site)], &[]).unwrap_or_else(|e| panic!("{e:?}"))
    }

    #[test]
    fn each_word_is_counted_by_the_names_that_hold_it_and_the_alerts_that_rest_on_it() {
        let list = list();
        let mut costs = WordCosts::new(&list, &["shoes".into()]);
        costs.count(b"zhengshuchaxun.com\nquery.com\nmy-shoes.top\ncx-abc-gov-cn.top\nplain.org\n\n");
        let of = |word: &str| costs.words().iter().find(|c| c.word == word).map(|c| (c.holds, c.alerts)).expect("a word");
        assert_eq!((costs.names, costs.alerts), (6, 2));
        assert_eq!(of("证书查询"), (1, 1));
        assert_eq!(of("quer"), (1, 0));
        assert_eq!(of("*"), (0, 1));
        assert_eq!(of("shoes"), (1, 0));
    }

    #[test]
    fn what_a_sample_can_show_is_bounded_by_its_size() {
        let list = list();
        let mut costs = WordCosts::new(&list, &[]);
        assert_eq!(costs.at_most(0), None);
        costs.names = 1_000_000;
        assert_eq!(costs.at_most(0), Some(3.0), "the rule of three");
        // Exact Poisson limits (half of the chi-square quantile): 4.744, 6.296, 16.96.
        for (count, exact) in [(1, 4.744), (2, 6.296), (10, 16.962)] {
            let most = costs.at_most(count).expect("names");
            assert!((most - exact).abs() < 0.03, "{count}: {most}");
        }
    }
}
