//! The other protected sites, each by its data file alone: names near them are hit, copies of their pages are told, their own hosts are not.

use crate::world;
use jianwei::assess::{Rules, dossier_of};
use jianwei::capture::extract;
use jianwei::lookalike::{Watchlist, permute};
use jianwei::model::assessment::{Assessment, Verdict};
use jianwei::model::candidate::NameHit;
use jianwei::model::host::Host;
use jianwei::model::rulefile::RuleFile;
use jianwei::model::site::{Site, Status};
use jianwei::model::time::Timestamp;
use std::collections::BTreeMap;
use std::io::Read;
use std::path::Path;
use url::Url;

/// What a site's file must find.
struct Wanted {
    site: &'static str,
    /// Near names, with a technique that must be among those named.
    near: &'static [(&'static str, &'static str)],
    /// Names of honest neighbours.
    far: &'static [&'static str],
    /// A copy: title, body, path.
    copies: &'static [(&'static str, &'static str, &'static str)],
    /// An honest page that speaks of it.
    honest: (&'static str, &'static str),
}

const SITES: &[Wanted] = &[
    Wanted {
        site: "zlaq.mohurd.gov.cn",
        near: &[
            ("zlaq-mohurd-gov-cn.com", "dots_to_dashes"),
            ("zlaq.mohurd.gov.cn.ab12.top", "embedded_official_host"),
            ("zlaq.mohurdgov.cn", "missing_dot"),
            ("mohurd.org.cn", "wrong_second_level"),
            ("mohrud-gov.cn", "transposition"),
            ("zlaqmohurd.com", "dots_removed"),
            ("jianzhutezhongzuoye-cx.com", "licence_pinyin"),
            ("sanleirenyuanzhengchaxun.cn", "licence_pinyin"),
            ("zhujianbu-zhengshu.com", "agency_pinyin"),
            ("sikuyipingtai.com.cn", "neighbour_agency"),
            ("建筑施工特种作业证查询.com", "han_name"),
            ("建築施工特種作業證查詢.com", "han_variant"),
            ("zlaq.mohurd.abxzf.gov.cn", "suspected_hijacked_subdomain"),
            ("http://203.0.113.7/fwmh/bjxcjgl/index.html", "ip_official_path"),
        ],
        far: &["jzsc.mohurd.gov.cn", "www.coc.gov.cn", "zlaq.hebei.gov.cn", "jianzhu.com", "zhujian.cn", "jianzhushigong.com"],
        copies: &[
            (
                "全国工程质量安全监管信息平台公共服务门户",
                "<h1>建筑施工特种作业人员查询</h1><form action='/q.php'><input class='keyword-ipt' placeholder='请输入身份证号码'>\
                 <input placeholder='请输入姓名'><input placeholder='验证码'><a class='btn search'>查询</a><button>查询</button></form>\
                 <script src='/fwmh/bjxcjgl/fwmh/js/qyaqscglry.js'></script><p>主办单位：住房和城乡建设部</p>",
                "/",
            ),
            (
                "三类人员证书查询",
                "<h2>全国工程质量安全监管信息平台</h2><form><label>证件类型</label><select><option>身份证</option></select>\
                 <label>证件号码</label><input name=a><label>姓名</label><input name=b><label>验证码</label><input name=c><button>查询</button></form>",
                "/cx",
            ),
        ],
        honest: (
            "某某建筑培训学校",
            "<h1>建筑施工特种作业报名</h1><p>学员可到 <a href='https://zlaq.mohurd.gov.cn/'>全国工程质量安全监管信息平台</a> 查询证书。</p>",
        ),
    },
    Wanted {
        site: "cnse.samr.gov.cn",
        near: &[
            ("cnse-samr-gov-cn.com", "dots_to_dashes"),
            ("cnse.samr.gov.cn.k9.vip", "embedded_official_host"),
            ("cnsesamrgov.cn", "missing_dot"),
            ("samr.net.cn", "wrong_second_level"),
            ("samr-gvo.cn", "transposition"),
            ("cnse.e-cqs.cn.abc.top", "embedded_official_host"),
            ("cnse-e-cqs.com", "dots_to_dashes"),
            ("ecqs-cnse.cn", "label_swap"),
            ("tezhongshebeizuoyerenyuan.com", "licence_pinyin"),
            ("tezhongshebeichaxun.cn", "service_pinyin"),
            ("chachezhengchaxun.com", "licence_pinyin"),
            ("scjgzj-tzsbcx.com", "agency_initials"),
            ("特种设备作业人员证.com", "han_name"),
            ("特種設備作業人員證.com", "han_variant"),
            ("http://203.0.113.7/info-pub/pub", "ip_official_path"),
        ],
        far: &["www.samr.gov.cn", "psp.e-cqs.cn", "cnse.scjgj.sh.gov.cn", "tezhongshebei.com", "chache.com", "dianti.cn"],
        copies: &[
            (
                "全国特种设备公示信息查询平台",
                "<h1>特种设备作业人员查询</h1><form><label>证件号码</label><input name=keyword><label>姓名</label><input name=n>\
                 <label>验证码</label><input name=v><button>查询</button></form><script>$.post('/info-pub/pub/remotePubQuery.json')</script>\
                 <p>国家市场监督管理总局</p>",
                "/info-pub/pub",
            ),
            (
                "特种设备作业人员证查询",
                "<h2>全国特种设备公示信息查询</h2><table><tr><th>姓名</th><th>证书编号</th><th>作业种类</th><th>作业项目</th><th>发证机关</th>\
                 <th>考核机构</th><th>批准日期</th><th>有效日期</th></tr><tr><td>张某</td><td>T000</td><td>起重机作业</td><td>Q2</td>\
                 <td>某某市场监督管理局</td><td>某某中心</td><td>2026-01</td><td>2030-01</td></tr></table><p>国家市场监督管理总局</p>",
                "/perResult?id=1",
            ),
        ],
        honest: (
            "某某电梯有限公司",
            "<h1>公司简介</h1><p>我公司持有特种设备生产许可证，可在<a href='https://cnse.samr.gov.cn/info-pub/pub'>全国特种设备公示信息查询平台</a>查询。</p>",
        ),
    },
    Wanted {
        site: "zscx.osta.org.cn",
        near: &[
            ("zscx-osta-org-cn.com", "dots_to_dashes"),
            ("zscx.osta.org.cn.k9.top", "embedded_official_host"),
            ("osta.com.cn", "wrong_second_level"),
            ("zscx.ostaorg.cn", "missing_dot"),
            ("zscxosta.cn", "missing_dot"),
            ("zsxc-osta-org-cn.top", "transposition"),
            ("zhiyejinengdengjichaxun.com", "licence_pinyin"),
            ("jinengzhengshuchaxun.cn", "licence_pinyin"),
            ("renshebu-zhengshuchaxun.com", "agency_pinyin"),
            ("mohrss-zscx.com", "agency_initials"),
            ("职业技能等级证书查询.com", "han_name"),
            ("職業技能等級證書查詢.com", "han_variant"),
            ("http://203.0.113.7/jiandingApp/command/x", "ip_official_path"),
        ],
        far: &[
            "jndj.osta.org.cn",
            "osta.mohrss.gov.cn",
            "zscx.sd.gov.cn",
            "osta.com",
            "costa.org",
            "ostaorge.top",
            "zhiyejineng.com",
            "jineng.cn",
        ],
        copies: &[
            (
                "技能人才评价证书全国联网查询",
                "<form method=post action='/jiandingApp/command/buzhongxin/ecCertSearchAll'><input type=hidden name=tableName value=CERT_T>\
                 <label>证件号码</label><input name=CID><label>证书编号</label><input name=CertificateID><label>姓名</label><input name=Name>\
                 <select name=province><option>全部</option></select><label>验证码</label><input name=yzm><button>查询</button></form>",
                "/",
            ),
            (
                "国家职业资格证书全国联网查询",
                "<h1>职业技能等级证书查询</h1><form><label>证件类型</label><select><option>身份证</option></select><label>证件号码</label><input name=a>\
                 <label>姓名</label><input name=b><label>验证码</label><input name=c><button>查询</button></form><p>人力资源和社会保障部</p>",
                "/zscx",
            ),
        ],
        honest: (
            "某某市职业技能鉴定指导中心",
            "<h1>证书查询说明</h1><p>职业技能等级证书请登录<a href='http://zscx.osta.org.cn/'>技能人才评价证书全国联网查询</a>。</p>",
        ),
    },
    Wanted {
        site: "www.chsi.com.cn",
        near: &[
            ("www.chsi.com.cn.verify8.top", "embedded_official_host"),
            ("chsi-com-cn.top", "dots_to_dashes"),
            ("chsicomcn.com", "dots_removed"),
            ("chsi.org.cn", "wrong_second_level"),
            ("xuexinwang-cx.com", "agency_pinyin"),
            ("xuelichaxun-chsi.com", "combosquat_pinyin"),
            ("chsi-xlcx.com", "combosquat_pinyin"),
            ("biyezhengchaxun.cn", "service_pinyin"),
            ("学信网学历查询.com", "han_name"),
            ("學歷查詢.com", "han_variant"),
            ("http://203.0.113.7/xlcx/bgcx.jsp", "ip_official_path"),
        ],
        far: &["my.chsi.com.cn", "gaokao.chsi.com.cn", "chsi.com", "chsi.cn", "xueli.com", "xuexin.cn", "xuewei.com", "zhongxue.com"],
        copies: &[
            (
                "中国高等教育学生信息网（学信网）",
                "<h1>中国高等教育学历证书查询</h1><form action='/xlcx/bg.do'><label>证书编号</label><input name=zsbh><label>姓名</label><input name=xm>\
                 <label>验证码</label><input name=yzm><button>查询</button></form>",
                "/xlcx/index.jsp",
            ),
            (
                "教育部学历证书电子注册备案表",
                "<h1>中国高等教育学生信息网（学信网）</h1><table><tr><td>姓名</td><td>张某</td></tr><tr><td>性别</td><td>男</td></tr>\
                 <tr><td>出生日期</td><td>1990</td></tr><tr><td>层次</td><td>本科</td></tr><tr><td>院系</td><td>机械</td></tr>\
                 <tr><td>学制</td><td>4</td></tr><tr><td>学历类别</td><td>普通</td></tr><tr><td>学习形式</td><td>全日制</td></tr>\
                 <tr><td>证书编号</td><td>1</td></tr></table><p>在线验证码 123456</p>",
                "/xlcx/bg.do?vcode=1",
            ),
        ],
        honest: (
            "某某大学教务处",
            "<h1>关于学历证书电子注册的通知</h1><p>毕业生请登录<a href='https://www.chsi.com.cn/'>学信网</a>核对学籍和学历信息。</p>",
        ),
    },
];

fn files() -> Vec<RuleFile> {
    fn collect(folder: &Path, below: &str, files: &mut Vec<RuleFile>) {
        for entry in std::fs::read_dir(folder).expect("the rules") {
            let path = entry.expect("an entry").path();
            let name = format!("{below}{}", path.file_name().expect("named").to_string_lossy());
            if path.is_dir() {
                collect(&path, &format!("{name}/"), files);
            } else if name.ends_with(".toml") {
                files.push(RuleFile { shown: format!("rules/{name}"), path: name, text: std::fs::read_to_string(&path).expect("text") });
            }
        }
    }
    let mut files = Vec::new();
    collect(&Path::new(env!("CARGO_MANIFEST_DIR")).join("rules"), "", &mut files);
    files.sort_by(|a, b| a.path.cmp(&b.path));
    files
}

fn loaded() -> (Watchlist, Rules, Vec<Site>) {
    let files = files();
    let sites: Vec<(RuleFile, Site)> =
        files.iter().filter(|f| f.path.starts_with("sites/")).map(|f| (f.clone(), Site::read(f).expect("a good site"))).collect();
    let list = Watchlist::load(&sites, &files).unwrap_or_else(|e| panic!("{e:?}"));
    let (rules, errors) = Rules::load(&sites, &files);
    assert!(errors.is_empty(), "{errors:?}");
    (list, rules, sites.into_iter().map(|(_, s)| s).collect())
}

fn assess(rules: &Rules, url: &str, title: &str, body: &str) -> Assessment {
    let html = format!("<!DOCTYPE html><html><head><meta charset=utf-8><title>{title}</title></head><body>{body}</body></html>");
    let base = Url::parse(url).expect("an address");
    let host = Host::parse(base.host_str().expect("a host")).expect("a host");
    let page = extract(html.as_bytes(), Some("text/html; charset=utf-8"), &base);
    rules.assess(&dossier_of(host, url.to_owned(), page), Timestamp::from_millis(0))
}

fn told(assessment: &Assessment) -> String {
    let lines = assessment.findings.iter().map(|f| format!("{} {} {}", f.points, f.signal, f.why.zh));
    format!("{:?} {} {:?}\n{}", assessment.class, assessment.site, assessment.scores, lines.collect::<Vec<_>>().join("\n"))
}

#[test]
fn near_names_of_each_site_are_hit_for_that_site_with_a_technique_and_a_sentence_in_both_languages() {
    let (list, ..) = loaded();
    let mut wrong = Vec::new();
    for wanted in SITES {
        for (name, technique) in wanted.near {
            match list.screen(name.as_bytes()) {
                Some(hit) if hit.site == wanted.site && hit.techniques.iter().any(|t| t == technique) && says_why(&hit, wanted.site) => {}
                other => wrong.push(format!("{name} ({technique}): {other:?}")),
            }
            let mut block = 0;
            list.screen_block(name.as_bytes(), &mut |_, _| block += 1);
            if block != 1 {
                wrong.push(format!("{name}: the block pass drops it"));
            }
        }
        wrong.extend(wanted.far.iter().filter_map(|name| list.screen(name.as_bytes()).map(|hit| format!("{name} is honest: {hit:?}"))));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Token, matched part, transform and a filled sentence in both languages, which speaks of no suffix but the site's own.
fn says_why(hit: &NameHit, site: &str) -> bool {
    let filled = |text: &String| !text.contains(['{', '}']) && text.chars().count() > 8;
    let own_suffix = site.ends_with("gov.cn") || !hit.why.contains("gov.cn") && !hit.why_en.contains("gov.cn");
    filled(&hit.why) && filled(&hit.why_en) && own_suffix && !hit.token.is_empty() && !hit.matched.is_empty() && !hit.transform.is_empty()
}

#[test]
fn copies_of_each_site_are_told_as_such_and_an_honest_page_that_speaks_of_it_is_not() {
    let (_, rules, _) = loaded();
    let mut wrong = Vec::new();
    for wanted in SITES {
        for (title, body, path) in wanted.copies {
            let assessment = assess(&rules, &format!("http://a7k2.top{path}"), title, body);
            if assessment.class != Verdict::FakeQuery || assessment.site != wanted.site {
                wrong.push(format!("{title}: {}", told(&assessment)));
            }
            let own = assess(&rules, &format!("https://{}{path}", wanted.site), title, body);
            assert_eq!(own.class, Verdict::Official, "{}", told(&own));
        }
        let (title, body) = wanted.honest;
        let assessment = assess(&rules, "http://www.example-school.cn/", title, body);
        if assessment.review {
            wrong.push(format!("{title} is honest: {}", told(&assessment)));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn all_shipped_sites_are_on_and_together_cost_at_most_two_alerts_a_million() {
    let (list, _, sites) = loaded();
    assert_eq!(sites.len(), 5);
    assert!(sites.iter().all(|s| s.status == Status::On));
    for (file, most) in [("data/new-names-1m.txt.gz", 2), ("data/established-cn-names.txt.gz", 2), ("data/official-domains.tsv", 0)] {
        let Some(path) = world::shared(file) else { continue };
        let raw = std::fs::read(&path).expect("readable");
        let mut text = Vec::new();
        if file.ends_with(".gz") {
            flate2::read::MultiGzDecoder::new(raw.as_slice()).read_to_end(&mut text).expect("gzip");
        } else {
            text = raw.split(|b| *b == b'\n').flat_map(|l| [l.split(|b| *b == b'\t').next().unwrap_or_default(), b"\n"].concat()).collect();
        }
        let mut by: BTreeMap<String, Vec<String>> = BTreeMap::new();
        list.screen_block(&text, &mut |name, hit| by.entry(hit.site).or_default().push(String::from_utf8_lossy(name).into_owned()));
        eprintln!("{file}: {by:?}");
        let all: usize = by.values().map(Vec::len).sum();
        assert!(all <= most, "{file}: {by:?}");
    }
}

#[test]
fn one_letter_beside_a_short_open_name_is_left_to_the_permutations_which_hold_it() {
    let (_, _, sites) = loaded();
    let chsi = sites.iter().find(|s| s.id == "www.chsi.com.cn").expect("shipped");
    let names: std::collections::HashSet<String> = permute(&chsi.id, Some(chsi)).take(30_000).map(|p| p.name).collect();
    for wanted in ["chspi.com.cn", "chsic.com.cn", "chis.com.cn", "chsi.cn", "xuexinwang.com"] {
        assert!(names.contains(wanted), "{wanted}");
    }
    for site in sites.iter().filter(|s| s.id.ends_with(".gov.cn")) {
        assert!(permute(&site.id, Some(site)).take(200_000).all(|p| !p.name.ends_with(".gov.cn")), "{}", site.id);
    }
}

#[test]
fn a_site_under_another_closed_suffix_needs_data_only() {
    let mut files = files();
    let site = |host: &str| RuleFile {
        path: format!("sites/{host}.toml"),
        shown: format!("rules/sites/{host}.toml"),
        text: format!("id = \"{host}\"\nname = \"Example\"\nagency = \"Example\"\nhosts = [\"{host}\"]\n"),
    };
    let list = |files: &[RuleFile], file: &RuleFile| {
        let read = Site::read(file).expect("a site");
        Watchlist::load(&[(file.clone(), read)], files).unwrap_or_else(|e| panic!("{e:?}"))
    };
    let file = site("check.permits.gc.ca");
    let closed = list(&files, &file);
    for (name, technique) in [
        ("check-permits-gc-ca.com", "dots_to_dashes"),
        ("check.permits.gc.ca.x9.top", "embedded_official_host"),
        ("permits.gc.top", "suffix_changed"),
        ("check.permits.elsewhere.gc.ca", "suspected_hijacked_subdomain"),
    ] {
        let hit = closed.screen(name.as_bytes()).unwrap_or_else(|| panic!("{name}: no hit"));
        assert!(hit.techniques.iter().any(|t| t == technique), "{name}: {hit:?}");
        assert!(!hit.why.contains("gov.cn"), "{name}: {}", hit.why);
    }
    let at = files.iter().position(|f| f.path == "suffixes.toml").expect("shipped");
    files[at].text = files[at].text.replace("\"gc.ca\", ", "").replace(", \"gc.ca\"]", "]");
    let open = list(&files, &file);
    let as_hijacked =
        |list: &Watchlist| list.screen(b"check.permits.elsewhere.gc.ca").is_some_and(|h| h.techniques == ["suspected_hijacked_subdomain"]);
    assert!(as_hijacked(&closed) && !as_hijacked(&open), "the data decides, not the code");
}
