//! What sources say, in Chinese. Outcomes are stored in English, once, and may be shown to either reader later: here the sentences that this room
//! (and the door to the network) writes are said again. In: a stored sentence. Out: the same for the reader. What is not known stays as it is:
//! addresses, queries, the words of a service.

use crate::model::lang::{Both, Lang};
use regex::Regex;
use std::sync::LazyLock;

/// (English, Chinese), the longer first where one holds another. `{n}` is a number, `{}` anything up to the next words; both stand in the same order.
const WORDS: &[(&str, &str)] = &[
    // Any source.
    ("the source cannot be made from its settings", "无法按设置建立该来源"),
    ("an empty answer to ", "回答为空："),
    ("an empty answer", "回答为空"),
    ("status 401: user or password is wrong", "状态码 401：用户名或密码不对"),
    ("status 403: user or password is wrong", "状态码 403：用户名或密码不对"),
    ("status 401: it wants a log-in; fetch it to a file and give `path`", "状态码 401：需要登录；请下载成文件后用 `path` 指定"),
    ("status {n}", "状态码 {n}"),
    ("no answer within {n} ms", "{n} 毫秒内没有回答"),
    ("larger than {n} bytes", "超过 {n} 字节"),
    ("the name does not exist", "域名不存在"),
    ("DNS gave no usable answer", "DNS 没有给出可用的回答"),
    ("is loopback: refused", "是本机回环地址，拒绝访问"),
    (", until {} (Beijing time)", "，{}（北京时间）之后再试"),
    ("the download broke off at {n} bytes; it goes on from there next time", "下载在第 {n} 字节处中断，下次从该处继续"),
    ("what was there of the file does not fit any more; it is fetched anew next time", "已下载的部分与现在的文件不符，下次重新下载"),
    // Certificate logs.
    ("; nothing is read from it until that is explained", "；查明之前不再读取"),
    ("; left alone for {n} more seconds", "；再过 {n} 秒才会再问"),
    ("its tree shrank from {n} to {n} entries", "日志的记录数从 {n} 缩到 {n}"),
    ("two different trees of {n} entries, both signed: the log has forked", "记录数同为 {n} 而内容不同，且都有签名：日志已分叉"),
    ("its tree of {n} entries does not contain that of {n} entries: the log has forked", "{n} 条记录的日志不包含此前的 {n} 条：日志已分叉"),
    ("its hash tiles do not give the root that it signed", "哈希块算不出它签名的根"),
    ("hash tile {} is not part of the tree that the log signed", "哈希块 {} 不属于它签名的日志"),
    ("hash tile {} is not {n} hashes", "哈希块 {} 不是 {n} 个哈希"),
    ("data tile {n} has {n} entries, not {n}", "数据块 {n} 有 {n} 条记录，应为 {n} 条"),
    ("entry {n} of data tile {n} is not the one that the log signed", "第 {n} 条（数据块 {n}）不是日志签名的那一条"),
    ("entry {n} of a data tile is cut short or of no known kind", "数据块第 {n} 条不完整或种类不明"),
    ("a data tile with over 256 entries", "数据块超过 256 条记录"),
    ("the log's tree is deeper than any", "日志的层数超出一切可能"),
    ("no entry in the answer to get-entries, although the log says that there are more", "get-entries 没有给出记录，而日志说还有"),
    ("what it serves as its checkpoint is none", "它给出的检查点不成形"),
    ("the checkpoint is that of {}, not of ", "检查点属于 {}，不属于 "),
    ("the checkpoint is not signed by the log's key", "检查点不是用该日志的密钥签名的"),
    ("the tree head is not signed by the log's key", "树头不是用该日志的密钥签名的"),
    ("HTML where an answer to {} should be", "应为 {} 的回答，得到的是网页"),
    ("the answer to {} is cut short or no JSON of that kind", "{} 的回答不完整，或不是应有的 JSON"),
    ("no log of this list is in use and wanted", "清单中没有在用且想读的日志"),
    ("HTML, not a log list", "是网页，不是日志清单"),
    ("not a log list (v3 JSON with `operators`)", "不是日志清单（应为含 `operators` 的 v3 JSON）"),
    ("log list ", "日志清单 "),
    ("alarm: ", "警报："),
    // The stream of certificates.
    ("a gap of {n} s before {}: ", "{} 之前有 {n} 秒缺口："),
    ("{n} messages came faster than they were taken away", "{n} 条消息来得太快，未能取走"),
    ("nobody listened", "期间没有接收"),
    ("the server closed the stream", "对方关闭了连接"),
    ("no message for 90 seconds", "90 秒没有消息"),
    // Lists of names.
    (
        "since it was last read: taken for a broken feed and not read; if it is right, give it a new name",
        "（与上次读入相比）：按来源损坏处理，没有读入；如确实如此，请换一个文件名",
    ),
    (
        "since it was last read: taken for a broken feed and not read; if it is right, give the source a new `id` and an empty `keep`",
        "（与上次读入相比）：按来源损坏处理，没有读入；如确实如此，请给该来源换一个 `id` 和空的 `keep`",
    ),
    ("shrank by over 30% ({n} to {n} bytes)", "缩小超过 30%（{n} 到 {n} 字节）"),
    ("grew to over 5 times ({n} to {n} bytes)", "增大到 5 倍以上（{n} 到 {n} 字节）"),
    ("shrank by over 30% ({n} to {n} names)", "缩小超过 30%（{n} 到 {n} 个名称）"),
    ("grew to over 5 times ({n} to {n} names)", "增大到 5 倍以上（{n} 到 {n} 个名称）"),
    ("HTML, not a list of names", "是网页，不是域名清单"),
    (", not a list of names", "，不是域名清单"),
    ("no line looks like a name (first line: `{}`)", "没有一行像域名（第一行：`{}`）"),
    ("is not read; give plain text, gzip or zip", "不能读取；请提供纯文本、gzip 或 zip"),
    ("an old Office file", "旧版 Office 文件"),
    ("a zip inside a zip is not read; unpack the outer one", "zip 中还有 zip，不读取；请先解开外层"),
    ("not a whole zip archive", "不是完整的 zip"),
    ("{n} members in one zip archive; at most {n} are read", "一个 zip 里有 {n} 个文件，最多读 {n} 个"),
    ("is encrypted; unpack it first", "已加密；请先解开"),
    ("its members overlap, or are larger than the archive: refused", "成员互相重叠或大于整个压缩包：拒绝读取"),
    ("it unpacks to over {n} times its size: refused", "解压后超过原来的 {n} 倍：拒绝读取"),
    ("a gzip in a zip unpacks to over 16 GiB: refused", "zip 中的 gzip 解压后超过 16 GiB：拒绝读取"),
    ("its checksum does not match: damaged or cut short", "校验不符：文件损坏或不完整"),
    ("it is cut short", "文件不完整"),
    ("it is shorter than when it was begun", "比开始读时更短了"),
    ("over {n} files; keep fewer in one folder", "超过 {n} 个文件；请减少同一目录中的文件"),
    ("no folder for temporary files", "无法建立临时目录"),
    ("over 32 GiB of unsorted names", "未排序的名称超过 32 GiB"),
    (": the list of {} is not to be had any more", "：{} 的清单已取不到"),
    ("the address of WhoisDS is none", "WhoisDS 的地址不对"),
    // CZDS.
    (
        "czds needs `user:password` in JIANWEI_CZDS_KEY or `key_file`; an account is had at ",
        "CZDS 需要 `用户名:密码`，放在 JIANWEI_CZDS_KEY 或 `key_file`；账号申请处 ",
    ),
    ("czds log-in: the answer has no accessToken", "CZDS 登录：回答中没有 accessToken"),
    ("czds: the answer is no list of links to zones", "CZDS：回答不是区文件链接清单"),
    ("czds: the account may have no zone; ask for them at ", "CZDS：该账号尚无获准的区文件；申请处 "),
    ("czds: ", "CZDS："),
    // Permutations.
    (
        "the resolver gave no usable answer for {n} of {n} names ({}); they are asked again at the next scan",
        "解析服务器对 {n} 个（共 {n} 个）名称没有可用的回答（{}）；下次再问",
    ),
    // Engines.
    ("engine `{}` needs a key: {}; set {} or `key_file`", "引擎 `{}` 需要密钥：申请处 {}；请设置 {} 或 `key_file`"),
    ("; rests for {n} more minutes", "；再停 {n} 分钟"),
    ("no queries: give `queries` here or in the site's file", "没有检索词：请在此处或网站文件中给出 `queries`"),
    ("the template of engine `{}` gives no URL", "引擎 `{}` 的模板不成网址"),
    ("the key must be written as SecretId:SecretKey", "密钥须写成 SecretId:SecretKey"),
    ("HTML where the engine gives JSON", "应为 JSON，得到的是网页"),
    ("the answer is no whole JSON", "回答不是完整的 JSON"),
    ("its elements nest beyond measure: not read", "嵌套过深，没有读取"),
    (
        "the page has none of the scripts that hold its results: its page has changed, or this is no result page",
        "网页里没有存放结果的脚本：引擎改版，或这不是结果页",
    ),
    ("the engine says ", "引擎回答 "),
    ("the page is titled ", "网页标题是 "),
    ("the answer has ", "回答中有 "),
    ("the page says ", "网页写着 "),
    ("sent to ", "被转到 "),
    ("{n} results and none has to do with the query: decoys", "{n} 条结果都与检索词无关：是诱饵页"),
    ("{n} results, none with its real address: the engine's page has changed", "{n} 条结果都没有真实网址：引擎改版"),
    (
        "neither results nor the engine's words for no results: its page has changed, or this is no result page",
        "既没有结果也没有“无结果”字样：引擎改版，或这不是结果页",
    ),
    (" on `{}`: ", "（检索 `{}`）："),
    // Settings of a source.
    ("an id has 1 to 64 letters, digits, `-`, `_` or `.`", "id 须为 1 至 64 个字母、数字、`-`、`_` 或 `.`"),
    ("`{}` belongs to kind `{}`; a source of kind `{}` takes ", "`{}` 属于种类 `{}`；种类 `{}` 可用的键："),
    ("no keys of its own", "没有自己的键"),
    ("fields where cron has 5 (minute hour day month weekday), like", "段，而 cron 须有 5 段（分 时 日 月 周），如"),
    ("`pages = {n}`: give 1 to {n}", "`pages = {n}`：须为 1 至 {n}"),
    ("over {n} queries", "检索词超过 {n} 个"),
    ("a query has 1 to 500 bytes", "一个检索词为 1 至 500 字节"),
    ("a list needs at least one query", "至少要有一个检索词"),
    (
        "the only `preset` of kind `names` is `whoisds`, without `path` and `url`",
        "种类 `names` 的 `preset` 只有 `whoisds`，且不写 `path` 和 `url`",
    ),
    ("`path` is empty: give a file or a folder", "`path` 为空：请给出文件或目录"),
    ("give `path` or `url`, not both", "`path` 与 `url` 只写一个"),
    ("a source of kind `names` needs `path` (a file or a folder) or `url`", "种类 `names` 需要 `path`（文件或目录）或 `url`"),
    (
        "a source of kind `zone_diff` needs `keep`, a folder of its own for the last state of each zone",
        "种类 `zone_diff` 需要 `keep`：一个专用目录，存放各区文件的上次状态",
    ),
    ("give one of `path`, `url` and `preset = \"czds\"`", "`path`、`url`、`preset = \"czds\"` 三者写一个"),
    ("a source of kind `search` needs `engine`", "种类 `search` 需要 `engine`"),
    ("a source of kind `certstream` needs `url`", "种类 `certstream` 需要 `url`"),
    ("there are none in rules/engines", "rules/engines 中一个也没有"),
    ("there are ", "现有："),
    ("no engine `{}`", "没有引擎 `{}`"),
    ("engine `{}` is for sources of kind `{}`", "引擎 `{}` 用于种类 `{}` 的来源"),
    ("no kind `{}`", "没有种类 `{}`"),
    (" (did you mean `{}`?)", "（是否想写 `{}`？）"),
    ("give `path` or `url` of the log list, not both", "日志清单的 `path` 与 `url` 只写一个"),
    (
        "`interval_ms` is at most 3600000, `partial_after_s` at most 86400, and no part of a log's name is empty",
        "`interval_ms` 不超过 3600000，`partial_after_s` 不超过 86400，日志名称不能为空",
    ),
    ("`{}` is not fetched; give http or https", "不支持 `{}`；请给出 http 或 https"),
    ("({n} to {n}, `*`, `*/n`, `a-b`, lists with `,`)", "（{n} 至 {n}、`*`、`*/n`、`a-b`，可用 `,` 并列）"),
    ("` is no minute", "` 不是分钟"),
    ("` is no hour", "` 不是小时"),
    ("` is no day of month", "` 不是日"),
    ("` is no day of week", "` 不是星期"),
    ("` is no month", "` 不是月份"),
    ("no WebSocket", "不是 WebSocket 地址"),
    ("write it like ", "写法如 "),
    // Engine and query files.
    ("the id `{}` must be the file's name without `.toml`", "id `{}` 须与文件名（不含 `.toml`）相同"),
    ("the url needs http or https and `{query}` (or the body has it)", "url 须以 http 或 https 开头，且它或 body 中有 `{query}`"),
    ("example {n}: `final_url` is no URL", "样例 {n}：`final_url` 不是网址"),
    ("` is no URL", "` 不是网址"),
    ("a result needs at least one place of its url and of its title", "结果至少要有一处网址和一处标题"),
    (
        "max_requests is 1 to 1000, page_size at most 100, pause_ms at most 600000",
        "max_requests 为 1 至 1000，page_size 不超过 100，pause_ms 不超过 600000",
    ),
    ("the only way to sign that is known is `tc3`", "签名方式只有 `tc3`"),
    ("` is no CSS selector", "` 不是 CSS 选择器"),
    ("an engine needs at least one [[example]] with `body` and `outcome`", "引擎至少要有一个带 `body` 和 `outcome` 的 [[example]]"),
    ("example {n}: the outcome is {} (", "样例 {n}：得到 {}（"),
    ("), not ", "），应为 "),
    ("example {n}: the results are {}, not ", "样例 {n}：得到的结果是 {}，应为 "),
    (
        "a query has no other places than {name}, {agency}, {host}, {tree}, {fake_host}, {mark}",
        "检索词中只能用 {name}、{agency}、{host}、{tree}、{fake_host}、{mark}",
    ),
    // What others end with.
    (": refused", "：拒绝访问"),
];

struct Sentence {
    english: Regex,
    chinese: String,
}

static SENTENCES: LazyLock<Vec<Sentence>> = LazyLock::new(|| WORDS.iter().map(|(en, zh)| sentence(en, zh)).collect());

/// `{}` and `{n}` become groups; those of the Chinese name them by kind and order.
fn sentence(en: &str, zh: &str) -> Sentence {
    let (mut pattern, mut rest, mut kinds) = (String::new(), en, Vec::new());
    while let Some((before, number, after)) = next_place(rest) {
        pattern.push_str(&regex::escape(before));
        // Between marks stands one word or query, without marks of its own.
        let text = if before.ends_with('`') { "([^`\n]+?)" } else { "([^\n]+?)" };
        pattern.push_str(if number { "([0-9]+)" } else { text });
        kinds.push(number);
        rest = after;
    }
    pattern.push_str(&regex::escape(rest));
    let (mut chinese, mut rest, mut used) = (String::new(), zh, vec![false; kinds.len()]);
    while let Some((before, number, after)) = next_place(rest) {
        let group = kinds.iter().zip(&used).position(|(kind, used)| *kind == number && !used).expect("the table is tested");
        used[group] = true;
        chinese.push_str(&before.replace('$', "$$"));
        chinese.push_str(&format!("${{{}}}", group + 1));
        rest = after;
    }
    chinese.push_str(&rest.replace('$', "$$"));
    Sentence { english: Regex::new(&pattern).expect("escaped text and fixed groups"), chinese }
}

fn next_place(text: &str) -> Option<(&str, bool, &str)> {
    let places = [("{}", false), ("{n}", true)];
    let (at, place, number) = places.iter().filter_map(|(p, number)| Some((text.find(p)?, *p, *number))).min()?;
    Some((&text[..at], number, &text[at + place.len()..]))
}

/// A stored sentence of a source, for this reader.
pub fn told(why: &str, lang: Lang) -> String {
    if lang == Lang::En || why.is_empty() {
        return why.to_owned();
    }
    let mut text = why.to_owned();
    for sentence in SENTENCES.iter() {
        if sentence.english.is_match(&text) {
            text = sentence.english.replace_all(&text, sentence.chinese.as_str()).into_owned();
        }
    }
    text.replace(": ", "：").replace("; ", "；")
}

/// The same sentence for both readers.
pub(super) fn both(why: impl Into<String>) -> Both {
    let en = why.into();
    Both::new(told(&en, Lang::Zh), en)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_sentence_has_as_many_places_in_both_languages_and_no_earlier_one_hides_it() {
        for (en, zh) in WORDS {
            let count = |t: &str| (t.matches("{}").count(), t.matches("{n}").count());
            assert_eq!(count(en), count(zh), "{en}");
            let sample = en.replace("{n}", "7").replace("{}", "x");
            let said = told(&sample, Lang::Zh);
            let want = zh.replace("{n}", "7").replace("{}", "x").replace(": ", "：").replace("; ", "；");
            assert_eq!(said, want, "{en}");
        }
    }

    #[test]
    fn what_sources_say_is_chinese_but_for_names_and_numbers() {
        for (why, zh) in [
            ("lab on `高处作业证`: status 502", "lab（检索 `高处作业证`）：状态码 502"),
            (
                "baidu on `q`: the page is titled 百度安全验证; rests for 12 more minutes",
                "baidu（检索 `q`）：网页标题是 百度安全验证；再停 12 分钟",
            ),
            (
                "alarm: Nimbus2026: its tree shrank from 1000 to 700 entries; nothing is read from it until that is explained",
                "警报：Nimbus2026：日志的记录数从 1000 缩到 700；查明之前不再读取",
            ),
            (
                "lists.example/new.zip: HTML, not a list of names; b: shrank by over 30% (100 to 50 bytes) since it was last read: taken for a broken feed and not read; if it is right, give it a new name",
                "lists.example/new.zip：是网页，不是域名清单；b：缩小超过 30%（100 到 50 字节） （与上次读入相比）：按来源损坏处理，没有读入；如确实如此，请换一个文件名",
            ),
        ] {
            assert_eq!((told(why, Lang::Zh), told(why, Lang::En)), (zh.to_owned(), why.to_owned()));
        }
    }

    #[test]
    fn what_a_service_wrote_stays_as_it_is() {
        assert_eq!(told("the engine says errmsg = true: $1 ${2} 请求速度过快", Lang::Zh), "引擎回答 errmsg = true：$1 ${2} 请求速度过快");
        assert_eq!(told("", Lang::Zh), "");
    }
}
