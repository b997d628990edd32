//! The rule language, the order of findings, and what an assessment promises.

use crate::assess::{RULES, lot, shipped, told};
use jianwei::assess::Rules;
use jianwei::model::assessment::Verdict;
use jianwei::model::capture::Outcome;
use jianwei::model::dossier::Dossier;
use jianwei::model::lang::Lang;
use jianwei::model::page::Page;
use jianwei::model::rulefile::RuleFile;
use jianwei::model::time::Timestamp;

fn rule_file(id: &str, text: &str) -> RuleFile {
    RuleFile { path: format!("detect/{id}.toml"), shown: format!("rules/detect/{id}.toml"), text: text.to_owned() }
}

const HEAD: &str = "status = \"experimental\"\nclass = \"seller\"\ndetects = \"d\"\ndetects_zh = \"中\"\nfalse_alarms = \"f\"\nseverity = \"low\"\nconfidence = \"low\"\npoints = 5\n";

#[test]
fn every_shipped_rule_holds_its_examples() {
    let extract = |_: &str, html: &[u8]| Page { html: String::from_utf8_lossy(html).into_owned(), ..Page::default() };
    let wrong: Vec<_> = RULES.check(&extract, &[]).into_iter().filter(|r| r.wrong).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
    let (rules, examples) = RULES.count();
    assert!(rules >= 15 && examples >= 2 * rules, "{rules} rules, {examples} examples");
}

#[test]
fn a_wrong_rule_is_named_with_file_line_and_the_likely_word_and_the_others_still_load() {
    let (sites, mut files) = shipped();
    let good = RULES.count().0;
    files.push(rule_file("bad-field", &format!("id = \"bad-field\"\n{HEAD}[match]\nall = [{{ field = \"tilte\", contains = \"x\" }}]\n")));
    files.push(rule_file("bad-key", &format!("id = \"bad-key\"\n{HEAD}[match]\nal = [{{ field = \"title\", contains = \"x\" }}]\n")));
    files.push(rule_file("bad-regex", &format!("id = \"bad-regex\"\n{HEAD}[match]\nall = [{{ field = \"title\", regex = \"(\" }}]\n")));
    files.push(rule_file("bad-name", &format!("id = \"other\"\n{HEAD}[match]\nall = [{{ field = \"title\", contains = \"x\" }}]\n")));
    files.push(rule_file("bad-toml", "id = \n"));
    let (rules, errors) = Rules::load(&sites, &files);
    assert_eq!(rules.count().0, good);
    let told: Vec<String> = errors.iter().map(ToString::to_string).collect();
    let has = |parts: &[&str]| told.iter().any(|t| parts.iter().all(|p| t.contains(p)));
    assert!(has(&["rules/detect/bad-field.toml:11:", "field", "`tilte`", "did you mean `title`"]), "{told:#?}");
    assert!(has(&["rules/detect/bad-key.toml:11:", "unknown field `al`", "did you mean `all`"]), "{told:#?}");
    assert!(has(&["bad-regex.toml:11:", "regex"]), "{told:#?}");
    assert!(has(&["bad-name.toml:1:", "must be the file's name"]), "{told:#?}");
    assert!(has(&["bad-toml.toml:1:"]), "{told:#?}");
    assert_eq!(errors.len(), 5, "{told:#?}");
}

/// Does a rule with this `[match]` fire?
fn fires(body: &str, dossier: &Dossier) -> bool {
    let (sites, _) = shipped();
    let file = rule_file("probe", &format!("id = \"probe\"\n{HEAD}{body}"));
    let (rules, errors) = Rules::load(&sites, &[file]);
    assert!(errors.is_empty(), "{errors:?}");
    rules.assess(dossier, Timestamp::from_millis(0)).findings.iter().any(|f| f.signal == "probe")
}

#[test]
fn conditions_count_near_under_and_at_least_mean_what_they_say() {
    let page = lot("a.b.example.com", "題目", "甲乙丙。。。丁甲").link("http://x.example.net/p", "去");
    for (body, want) in [
        ("[match]\nall = [{ field = \"text\", near = { a = [\"甲\"], b = [\"丁\"], within = 0 } }]\n", true),
        ("[match]\nall = [{ field = \"text\", near = { a = [\"乙\"], b = [\"丁\"], within = 0 } }]\n", false),
        ("[match]\nall = [{ field = \"text\", near = { a = [\"乙\"], b = [\"丁\"], within = 1 } }]\n", true),
        ("[match]\nall = [{ field = \"text\", contains = \"甲\", count_at_least = 2 }]\n", true),
        ("[match]\nall = [{ field = \"text\", contains = \"甲\", count_at_least = 3 }]\n", false),
        ("[match]\nall = [{ field = \"host\", under = \"example.com\" }]\n", true),
        ("[match]\nall = [{ field = \"host\", under = \"xample.com\" }]\n", false),
        ("[match]\nall = [{ field = \"title\", is = \"题目\" }]\n", true),
        ("[match]\nall = [{ field = \"raw_title\", is = \"题目\" }]\n", false),
        ("[match]\nall = [{ field = \"title\", starts = \"题\" }, { field = \"host\", ends = \".com\" }]\n", true),
        ("[match]\nall = [{ field = \"link.host\", is_not = \"self\" }]\n", true),
        ("[match]\nall = [{ field = \"text\", contains_all = [\"甲\", \"戊\"] }]\n", false),
        ("[match]\nall = [{ field = \"text\", regex = \"丙.{0,2}甲\" }]\nnone = [{ field = \"title\", contains = \"题\" }]\n", false),
        (
            "[match]\nat_least = 2\nany = [{ field = \"text\", contains = \"甲\" }, { field = \"title\", contains = \"题\" }, { field = \"text\", contains = \"戊\" }]\n",
            true,
        ),
        (
            "[match]\nat_least = 3\nany = [{ field = \"text\", contains = \"甲\" }, { field = \"title\", contains = \"题\" }, { field = \"text\", contains = \"戊\" }]\n",
            false,
        ),
    ] {
        assert_eq!(fires(body, &page.dossier()), want, "{body}");
    }
}

#[test]
fn lists_counts_and_order_mean_what_they_say() {
    let page = lot("a.b.example.com", "题目", "甲乙丙。。。丁甲").link("http://x.example.net/p", "去").link("http://y.example.net/", "来");
    for (condition, want) in [
        ("field = \"text\", contains_any = [\"甲\", \"丁\", \"戊\"], at_least = 2", true),
        ("field = \"text\", contains_any = [\"甲\", \"丁\", \"戊\"], at_least = 3", false),
        ("field = \"text\", contains = \"甲\", count_at_most = 2", true),
        ("field = \"text\", contains = \"甲\", count_at_most = 1", false),
        ("field = \"text\", contains_any = [\"甲\", \"乙\"], count_at_least = 3, count_at_most = 3", true),
        ("field = \"link.url\", count_at_least = 2", true),
        ("field = \"link.url\", count_at_least = 3", false),
        ("field = \"form.label\", count_at_most = 0", true),
        ("field = \"title\", is = [\"别的\", \"題目\"]", true),
        ("field = \"host\", ends = [\".net\", \"example.com\"]", true),
        ("field = \"title\", starts = [\"目\"]", false),
        ("field = \"host\", is_not = [\"self\", \"b.example.com\"]", false),
        ("field = \"host\", under = [\"example.org\", \"example.com\"]", true),
        ("field = \"link.host\", under = \"self\"", false),
        ("field = \"text\", near = { a = \"丁\", b = \"甲\", within = 0, in_order = true }", true),
        ("field = \"text\", near = { a = \"甲\", b = \"丁\", within = 0, in_order = true }", false),
        ("field = \"text\", near = { a = \"甲\", b = \"丁\", within = 2, in_order = true }", true),
        ("field = \"text\", near = { a = \"甲\", b = \"甲\", within = 2 }", false),
        ("field = \"text\", near = { a = \"甲\", b = \"甲\", within = 3 }", true),
        ("field = \"text\", near = { a = \"丙丁\", b = \"丁\", within = 0 }", true),
    ] {
        assert_eq!(fires(&format!("[match]\nall = [{{ {condition} }}]\n"), &page.dossier()), want, "{condition}");
    }
}

#[test]
fn a_pair_is_found_however_often_its_phrases_are_repeated_before() {
    let text = format!("{}{}办证，加微信", "办证。".repeat(2_000), "零".repeat(50));
    let rule = "[match]\nall = [{ field = \"text\", near = { a = \"办证\", b = \"微信\", within = 1 } }]\n";
    assert!(fires(rule, &lot("a.example.com", "", &text).dossier()));
}

/// Values that no page holds itself: each field of the table can be set by an example, asked by a rule, and is found.
#[test]
fn every_field_can_be_asked_and_shown_in_an_example() {
    let manual = include_str!("../../../rules/README.md");
    let fields: Vec<&str> = manual.lines().filter_map(|l| l.strip_prefix("| `")?.split('`').next()).collect();
    assert!(fields.len() > 50, "{}", fields.len());
    let (sites, _) = shipped();
    for field in fields {
        let (value, setting) = match field {
            "host" => ("a.example.net", "host = \"a.example.net\"".to_owned()),
            "url" => ("http://example.com/q", "url = \"http://example.com/q\"".into()),
            "path" => ("/q?id=7", "url = \"http://example.com/q?id=7\"".into()),
            "outcome" => ("captured", "text = \"x\"".into()),
            "variant.outcome" => ("desktop: captured", "text = \"x\"".into()),
            "variant.host" => ("example.com", "text = \"x\"".into()),
            "form.target_host" => ("b.example.net", "fields = { \"form.action\" = \"http://b.example.net/\" }".into()),
            "link.host" => ("b.example.net", "fields = { \"link.url\" = \"http://b.example.net/\" }".into()),
            "resource.host" => ("b.example.net", "fields = { script = \"http://b.example.net/a.js\" }".into()),
            "redirect.host" => ("b.example.net", "fields = { redirect = \"http://b.example.net/\" }".into()),
            "resolution.address" => ("192.0.2.7", "fields = { \"resolution.address\" = \"192.0.2.7\" }".into()),
            "status" => ("404", "fields = { status = \"404\" }".into()),
            "header" => ("server: made up", "fields = { header = \"Server: made up\" }".into()),
            "resolution.record" => ("ns a.example.net", "fields = { \"resolution.record\" = \"NS a.example.net\" }".into()),
            field => ("somewhat", format!("fields = {{ \"{field}\" = \"somewhat\" }}")),
        };
        let text = format!(
            "id = \"probe\"\n{HEAD}[match]\nall = [{{ field = \"{field}\", is = \"{value}\" }}]\n[[example]]\nname = \"set\"\nexpect = \"match\"\n{setting}\n"
        );
        let (rules, errors) = Rules::load(&sites, &[rule_file("probe", &text)]);
        assert!(errors.is_empty(), "{field}: {errors:?}");
        let wrong = rules.check(&|_, _| Page::default(), &[]);
        assert!(wrong.is_empty(), "{field}: {wrong:#?}");
    }
}

#[test]
fn mistakes_are_told_in_chinese_with_file_line_and_the_likely_word() {
    let (sites, _) = shipped();
    let rule = |body: &str| format!("id = \"probe\"\n{HEAD}{body}");
    for (text, zh) in [
        (
            rule("[match]\nall = [\n  { field = \"text\", contains = \"x\" },\n  { field = \"txt\", contains = \"x\" },\n]\n"),
            "13：field：没有字段“txt”；是否想写“text”？",
        ),
        (rule("[match]\nall = [{ field = \"text\", contians = \"x\" }]\n"), "11：不认识的字段“contians”；是否想写“contains”？"),
        (rule("[match]\nall = [{ field = \"text\" }]\n"), "11：text：没有写判断"),
        (rule("[match]\nall = [{ field = \"text\", contains = \"x\", is = \"y\" }]\n"), "11：text：一个条件只写一个判断"),
        (rule("[match]\nall = [{ field = \"text\", contains = \"。\" }]\n"), "11：text：“。”归一化后为空"),
        (rule("[match]\nall = [{ field = \"text\", contains_any = [\"a\"], at_least = 2 }]\n"), "11：text：at_least：须在 1 与"),
        (rule("[match]\nall = [{ field = \"text\", regex = \"(\" }]\n"), "11：text：regex：正则表达式写错了"),
        (rule("[match]\nall = [{ field = \"text\", starts = 7 }]\n"), "11：all：类型不对：应为文字或文字列表"),
        (rule("[match]\nany = [{ field = \"text\", contains = \"x\" }]\nat_least = 2\n"), "12：at_least：any 只有 1 个条件"),
        (rule("[match]\n"), "10：match：all 或 any 中至少要有一个条件"),
        (
            rule("[match]\nall = [{ field = \"text\", contains = \"x\" }]\n").replacen("\"low\"", "\"lwo\"", 1),
            "7：severity：不认识的取值“lwo”；是否想写“low”？",
        ),
        (rule("cap = 3\n[match]\nall = [{ field = \"text\", contains = \"x\" }]\n"), "10：cap：3 须与 points 同号"),
    ] {
        let (rules, errors) = Rules::load(&sites, &[rule_file("probe", &text)]);
        assert_eq!((rules.count().0, errors.len()), (0, 1), "{text}");
        let told = errors[0].told(Lang::Zh);
        assert!(told.starts_with(&format!("rules/detect/probe.toml:{zh}")), "{told}");
    }
}

#[test]
fn rules_that_repeat_or_hide_behind_others_are_named() {
    let (sites, _) = shipped();
    let rule = |id: &str, body: &str| {
        let example = "[[example]]\nname = \"e\"\nexpect = \"match\"\ntext = \"甲乙丙丁\"\n";
        rule_file(id, &format!("id = \"{id}\"\n{HEAD}[match]\n{body}\n{example}"))
    };
    let wide = rule("wide", "all = [{ field = \"text\", contains_any = [\"甲\", \"乙\"] }]");
    let narrow = rule("z-narrow", "all = [{ field = \"text\", contains = \"甲乙丙\" }, { field = \"text\", contains = \"丁\" }]");
    let other = rule("z-other", "all = [{ field = \"text\", contains_any = [\"甲\", \"丙\"] }]");
    let twin = rule("z-twin", "all = [{ field = \"text\", contains_any = [\"甲\", \"乙\"] }]");
    let idle = rule("z-idle", "any = [{ field = \"text\", contains = \"丁\" }, { field = \"title\", contains = \"戊\" }]");
    let (rules, errors) = Rules::load(&sites, &[wide, narrow, other, twin, idle]);
    assert!(errors.is_empty(), "{errors:?}");
    let remarks = rules.check(&|_, _| Page::default(), &[]);
    let of = |id: &str| remarks.iter().filter(|r| r.rule == id).map(|r| (r.what.en.as_str(), r.wrong)).collect::<Vec<_>>();
    assert_eq!(of("wide"), []);
    assert_eq!(of("z-narrow")[0], ("shadowed by `wide`: wherever this fires, `wide` fires too", false));
    assert_eq!(of("z-other"), []);
    assert_eq!(of("z-twin"), [("asks the same as `wide`: one of the two is enough", true)]);
    assert_eq!(of("z-idle"), [("condition 2 of `any` (title) holds in none of its examples", false)]);
}

#[test]
fn a_rule_that_takes_long_is_measured_and_many_such_rules_still_load() {
    let (sites, _) = shipped();
    let heavy = |n: usize| {
        let body = format!("all = [{{ field = \"text\", regex = \"(?:\\\\p{{Han}}{{1,9}}[的地]){{1,3}}\\\\d+末{n}\" }}]");
        rule_file(&format!("heavy-{n}"), &format!("id = \"heavy-{n}\"\n{HEAD}[match]\n{body}\n"))
    };
    let plain = rule_file("plain", &format!("id = \"plain\"\n{HEAD}[match]\nall = [{{ field = \"text\", contains = \"末\" }}]\n"));
    let text = format!("{}1末7", "一二的三四五六地七八九十的".repeat(2_000));
    let page = lot("a.example.com", "", &text).dossier();
    let started = std::time::Instant::now();
    // The first to ask pays for the normalised text, so the plain rule stands twice.
    let costs = jianwei::assess::costs(&[plain.clone(), plain.clone(), heavy(7)], &page, &|| started.elapsed().as_micros() as u64);
    assert!(costs.len() == 3 && costs[2].1 > costs[1].1, "{:?}", costs.iter().map(|(f, us)| (&f.path, us)).collect::<Vec<_>>());
    let files: Vec<RuleFile> = (0..40).map(heavy).chain([plain]).collect();
    let (rules, errors) = Rules::load(&sites, &files);
    assert!(errors.is_empty(), "{errors:?}");
    let fired: Vec<String> = rules.assess(&page, Timestamp::from_millis(0)).findings.into_iter().map(|f| f.signal).collect();
    assert!(
        fired.contains(&"plain".to_owned()) && fired.contains(&"heavy-7".to_owned()) && !fired.contains(&"heavy-8".to_owned()),
        "{fired:?}"
    );
}

#[test]
fn the_same_dossier_gives_the_same_bytes_but_for_the_time() {
    let page = lot("zs.top", "特种作业操作证查询", "免考包过 电工证 微信：abc12345\n应急管理部")
        .form(&["证件类型", "证件号码", "姓名", "验证码"], "查询")
        .dossier();
    let (sites, files) = shipped();
    let bytes = |rules: &Rules, ms| serde_json::to_string(&rules.assess(&page, Timestamp::from_millis(ms))).expect("json");
    let again = Rules::load(&sites, &files).0;
    assert_eq!(bytes(&RULES, 5), bytes(&again, 5));
    assert_eq!(
        bytes(&RULES, 5).replace(&Timestamp::from_millis(5).rfc3339(), ""),
        bytes(&RULES, 6).replace(&Timestamp::from_millis(6).rfc3339(), "")
    );
    let mut changed = files.clone();
    changed[0].text.push('\n');
    let other = Rules::load(&sites, &changed).0.assess(&page, Timestamp::from_millis(0)).rules;
    assert_ne!(other, RULES.assess(&page, Timestamp::from_millis(0)).rules);
    assert_eq!(other.len(), 16);
}

#[test]
fn findings_come_by_points_and_sum_to_the_score_and_point_into_the_page() {
    let lot = lot("zs.top", "证件", "首行\n電工證免考包過，微信：abc12345");
    let assessment = lot.assess();
    let points: Vec<i32> = assessment.findings.iter().map(|f| f.points).collect();
    assert!(points.windows(2).all(|p| p[0] >= p[1]), "{}", told(&assessment));
    let sum: i32 = assessment.findings.iter().filter(|f| f.class.word() == "seller").map(|f| f.points).sum();
    assert_eq!(i32::from(assessment.scores.seller), sum.clamp(0, 100));
    let term = assessment.findings.iter().find(|f| f.signal == "certificate_term").and_then(|f| f.span.clone()).expect("a span");
    assert_eq!((term.raw.as_str(), term.normalised.as_str(), term.part.as_str(), term.offset), ("電工證", "电工证", "text", Some(3)));
    assert!(assessment.findings.iter().all(|f| !f.why.zh.is_empty() && !f.why.en.is_empty() && !f.evidence.is_empty()));
}

#[test]
fn a_page_that_was_not_captured_scores_nothing() {
    let mut dossier = lot("cx-mem-gov.cn.com", "特种作业操作证查询", "").named(95).dossier();
    dossier.captures[0].outcome = Outcome::TimedOut { after_ms: 10_000 };
    let assessment = RULES.assess(&dossier, Timestamp::from_millis(0));
    assert_eq!((assessment.class, assessment.scores.max(), assessment.review), (Verdict::None, 0, false));
    assert_eq!(assessment.findings.iter().map(|f| f.signal.as_str()).collect::<Vec<_>>(), ["host_lexical"]);
}

#[test]
fn a_host_that_only_redirects_to_the_official_site_is_no_copy() {
    let mut dossier = lot("cxmem.cn", "特种作业操作证及安全生产知识和管理能力考核合格信息查询平台", "").named(80).dossier();
    dossier.captures[0].final_url = Some("https://cx.mem.gov.cn/".into());
    let assessment = RULES.assess(&dossier, Timestamp::from_millis(0));
    assert!(!assessment.review, "{}", told(&assessment));
}

#[test]
fn a_page_shown_to_one_kind_of_visitor_only_is_assessed_and_called_cloaked() {
    let name = "特种作业操作证及安全生产知识和管理能力考核合格信息查询平台";
    let mut dossier = lot("cxwx.top", "网站建设中", "网站建设中，请稍后再来").dossier();
    let mut phone = lot("cxwx.top", name, name).form(&["证件类型", "证件号码", "姓名", "验证码"], "查询").dossier().captures.remove(0);
    phone.variant = "wechat".into();
    dossier.captures.push(phone);
    let assessment = RULES.assess(&dossier, Timestamp::from_millis(0));
    assert_eq!(assessment.class, Verdict::FakeQuery, "{}", told(&assessment));
    assert!(assessment.findings.iter().any(|f| f.signal == "cloaking"), "{}", told(&assessment));
}

#[test]
fn the_front_door_that_leads_to_the_official_site_counts_against_the_page_behind_it() {
    let page =
        lot("cxwx.top", "特种作业操作证查询", "特种作业操作证查询").path("/c").form(&["证件类型", "证件号码", "姓名", "验证码"], "查询");
    let alone = RULES.assess(&page.dossier(), Timestamp::from_millis(0));
    let mut dossier = page.dossier();
    let mut root = lot("cxwx.top", "官方", "").dossier().captures.remove(0);
    root.final_url = Some("https://cx.mem.gov.cn/".into());
    dossier.captures.insert(0, root);
    let both = RULES.assess(&dossier, Timestamp::from_millis(0));
    assert!(both.findings.iter().any(|f| f.signal == "redirect_to_official"), "{}", told(&both));
    assert!(both.scores.fake_query > alone.scores.fake_query);
}

#[test]
fn another_protected_site_is_one_file_of_data() {
    let (mut sites, files) = shipped();
    let text = "id = \"cx.lab.example\"\nname = \"船舶焊接人员技能证书联网查询\"\nagency = \"某某海事培训局\"\nhosts = [\"cx.lab.example\"]\n[page]\nshort_names = [\"船舶焊接证书查询\"]\nrare = [\"/boat-api/weld\"]\n[[page.template]]\nid = \"home\"\nepoch = \"1\"\nweight = 1.0\ntexts = [\"船舶焊接人员技能证书联网查询\", \"船员适任查询入口\"]\n";
    let file = RuleFile { path: "sites/cx.lab.example.toml".into(), shown: "rules/sites/cx.lab.example.toml".into(), text: text.into() };
    sites.push((file.clone(), jianwei::model::site::Site::read(&file).expect("a site")));
    let (rules, errors) = Rules::load(&sites, &files);
    assert!(errors.is_empty(), "{errors:?}");
    let copy = lot("weld.top", "船舶焊接人员技能证书联网查询", "某某海事培训局\n船舶焊接人员技能证书联网查询\n船员适任查询入口")
        .form(&["证件类型", "证件号码", "姓名", "验证码"], "查询");
    let assessment = rules.assess(&copy.dossier(), Timestamp::from_millis(0));
    assert_eq!((assessment.class, assessment.site.as_str()), (Verdict::FakeQuery, "cx.lab.example"), "{}", told(&assessment));
    let wrong = RuleFile { text: text.replace("rare =", "rear ="), ..file };
    let sites = [(wrong.clone(), jianwei::model::site::Site::read(&wrong).expect("a site"))];
    let (_, errors) = Rules::load(&sites, &[]);
    assert!(
        errors.iter().any(|e| e.to_string().contains("sites/cx.lab.example.toml:7:") && e.why.contains("did you mean `rare`?")),
        "{errors:?}"
    );
}

#[test]
fn wrong_weights_are_reported_and_the_shipped_ones_stand_in() {
    let (sites, mut files) = shipped();
    let weights = files.iter_mut().find(|f| f.path == "weights.toml").expect("the weights");
    weights.text = weights.text.replace("alert = 60", "alrt = 60");
    let (rules, errors) = Rules::load(&sites, &files);
    assert_eq!(rules.lines(), (60, 40));
    assert!(
        errors.len() == 1 && errors[0].to_string().contains("weights.toml:5") && errors[0].why.contains("did you mean `alert`?"),
        "{errors:?}"
    );
}

/// Median time of one assessment with `count` more rules, each with literals and a pattern of its own, in microseconds.
fn median_with_more_rules(count: u32) -> u128 {
    let (sites, mut files) = shipped();
    for n in 0..count {
        let c = |k: u32| char::from_u32(0x4e00 + (n * 7 + k * 131) % 5000).expect("a Han character");
        let id = format!("more-{n}");
        let body = format!(
            "[match]\nany = [{{ field = \"text\", contains_any = [\"{}{}{}\"] }}, {{ field = \"html\", regex = \"{}{}.{{0,5}}{}\" }}]\n",
            c(1),
            c(2),
            c(3),
            c(4),
            c(5),
            c(6)
        );
        files.push(rule_file(&id, &format!("id = \"{id}\"\n{HEAD}{body}")));
    }
    let (rules, errors) = Rules::load(&sites, &files);
    assert!(errors.is_empty(), "{errors:?}");
    let filler = "为加强安全生产培训管理，规范特种作业人员考核发证工作，现将有关事项说明如下，请各单位认真组织学习。\n".repeat(400);
    let page = lot("x.example.com", "电工证", &filler).html(&filler).dossier();
    let mut times: Vec<u128> = (0..9)
        .map(|_| {
            let started = std::time::Instant::now();
            rules.assess(&page, Timestamp::from_millis(0));
            started.elapsed().as_micros()
        })
        .collect();
    times.sort_unstable();
    times[4]
}

#[test]
fn ten_times_the_rules_cost_hardly_more_time() {
    let (few, many) = (median_with_more_rules(50), median_with_more_rules(500));
    eprintln!("60 KB page: {few} us with 50 more rules, {many} us with 500");
    assert!(many < 3 * few + 20_000, "{few} us, {many} us");
}

#[test]
fn hostile_pages_are_assessed_in_bounded_time() {
    let long = "免考包过电工证微信abc12345。“".repeat(40_000);
    let mut page = lot("big.top", &long, &long);
    page.page.meta_text.clone_from(&long);
    page.page.html = "<div class=tz-query>".repeat(50_000);
    for _ in 0..5_000 {
        page = page.form(&["证件类型", "证件号码", "姓名", "验证码"], "查询");
    }
    let started = std::time::Instant::now();
    let assessment = page.assess();
    assert!(started.elapsed().as_secs() < 20, "{:?}", started.elapsed());
    assert!(assessment.findings.iter().all(|f| f.span.as_ref().is_none_or(|s| s.raw.chars().count() <= 200)));
}
