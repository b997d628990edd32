//! The Chinese help of every command and argument, as data beside the definitions in `args`.
//! A command or argument without it fails a test.

/// Chinese help, by command path and argument id. What is not listed stays English.
const ZH: &[(&str, &str, &str)] = &[
    ("", "", "发现仿冒的官方证书查询网站，说明理由，固定证据，形成线索"),
    ("", "config", "设置文件（否则用环境变量 JIANWEI_CONFIG，再否则 ./jianwei.toml）"),
    ("", "json", "标准输出每行一个 JSON 对象；日志在标准错误"),
    ("", "verbose", "更多日志（可重复）"),
    ("", "quiet", "只显示错误"),
    ("", "lang", "消息语言（默认随系统，未设置时为中文）"),
    ("init", "", "建立数据目录，并生成一份不需任何密钥即可运行、带注释的 jianwei.toml"),
    ("scan", "", "完整运行一遍：来源、解析、访问、线索"),
    ("scan", "source", "只运行这些来源（设置中的 id），可重复"),
    ("scan", "site", "只针对这些受保护网站（id），可重复"),
    ("watch", "", "常驻监测：按计划运行各来源，访问、复核、告警；收到 SIGTERM 有序停止"),
    ("sources", "", "各来源状况：上次运行、结果、滞后、七天计数与错误"),
    ("match", "", "逐行筛查域名，输出近似者（不联网、不写库）"),
    ("match", "file", "域名文件（纯文本或 gzip）；- 或不写则读标准输入"),
    ("permute", "", "推演骗子可能注册的域名，按手法列出"),
    ("permute", "host", "被仿冒的主机名"),
    ("permute", "resolve", "只保留 DNS 中存在的"),
    ("permute", "limit", "最多输出多少个"),
    ("check", "", "立即访问并研判；输出结论、依据和证据包路径"),
    ("check", "urls", "网址（不写协议按 http:// 处理）"),
    ("eval", "", "用一批已标注的网页衡量研判的好坏（不联网、不写库）"),
    ("eval", "dir", "目录：manifest.tsv（file、url、class、family、split）及网页文件"),
    ("eval", "base_rate", "所访问网页中某类所占的比例，用于推算准确率"),
    ("eval", "split", "只评估这些划分，可重复"),
    ("eval", "bar", "某类召回低于此值，或正常网页误报超过 0.1% 时，退出码为 4；可重复"),
    ("eval", "all", "列出全部判错的网页"),
    ("eval", "fit", "在 train 划分上拟合权重，写入这个新文件，供人工审核"),
    ("check", "package", "不联网，对已存的证据包（或目录下全部证据包）重新研判；可多次给出"),
    ("tip", "", "群众举报"),
    ("tip add", "", "登记一个被举报的网址，下次 scan 访问"),
    ("tip add", "url", "被举报的网址"),
    ("tip add", "image", "改为一张照片：登记其中二维码里的网址（PNG、JPEG、WebP、GIF、BMP）"),
    ("tip import", "", "登记举报热线表格中的全部网址（CSV；UTF-8、UTF-16 或 GB18030）"),
    ("tip import", "file", "表格文件，每行一件举报，须有“网址”列"),
    ("tip import", "by", "举报渠道（12350、110 或其他）"),
    ("tip add", "by", "举报来源（12350、110 或个人）"),
    ("site", "", "受保护网站"),
    ("site learn", "", "访问受保护网站的页面，把其文字作为新的一期基线写入该网站的文件"),
    ("site learn", "urls", "官方网站的页面"),
    ("site learn", "epoch", "这一期的名称（默认为年月）"),
    ("site learn", "output", "写入此文件（默认写入 [rules] dir，未设置则输出到标准输出）"),
    ("match", "known", "略去允许名单中的主机（读取数据目录的日志）"),
    ("allow", "", "允许名单：本单位的或已知正常的主机，一律不再查看"),
    ("allow add", "", "列入允许名单"),
    ("allow add", "host", "主机名"),
    ("allow add", "reason", "理由，写入日志"),
    ("allow add", "tree", "连同其下所有主机"),
    ("allow add", "by", "何人认定"),
    ("allow list", "", "显示允许名单"),
    ("allow remove", "", "移出允许名单"),
    ("allow remove", "host", "主机名"),
    ("allow remove", "reason", "理由，写入日志"),
    ("allow remove", "by", "何人认定"),
    ("leads", "", "线索：列表、详情、导出"),
    ("leads list", "", "线索列表，分数高的在前"),
    ("leads show", "", "一条线索的全部内容"),
    ("leads show", "lead", "线索编号或主机名"),
    ("leads show", "victim", "受害地或损失发生地（如 重庆市渝中区），用于管辖建议"),
    ("leads show", "ordered", "上级交办的线索，用于管辖建议"),
    ("leads export", "", "导出为文件"),
    ("leads export", "format", "csv、xlsx、json；复审通过的线索另有 stix、misp、xarf、hosts、rpz、adblock、abuse、12321、12377"),
    ("leads export", "lead", "指定线索（编号或主机名），可重复；不写则按筛选条件"),
    ("leads export", "audience", "给谁看：只有给公安（police）时个人号码不遮盖"),
    ("leads export", "tlp", "共享文件的红绿灯标记"),
    ("refer", "", "移送函与移送包、回执、反馈"),
    ("refer make", "", "为复审通过的线索制作移送函和密封移送包，并登记为已移送"),
    ("refer make", "letter", "移送文号"),
    ("refer make", "to", "主送单位（否则用 [referral] to）"),
    ("refer make", "lead", "指定线索（编号或主机名），可重复；不写则为符合筛选条件且复审通过的全部线索"),
    ("refer make", "out", "移送函和移送包写到哪个目录"),
    ("refer make", "template", "本单位的模板（否则用 [referral] template，再否则用自带模板）"),
    ("refer make", "officer", "经办人（否则用 [evidence] officers），可重复"),
    ("refer make", "marking", "密级和紧急程度"),
    ("refer make", "found", "线索来源与发现经过，自行撰写"),
    ("refer make", "measures", "已采取措施，自行撰写"),
    ("refer make", "jurisdiction", "管辖建议，自行撰写"),
    ("refer make", "draft", "只生成移送函供审阅：不制作移送包，不登记"),
    ("refer make", "by", "何人移送"),
    ("refer make", "state", "只看这些状态"),
    ("refer make", "class", "只看这些类别：fake_query、seller、mirror、none"),
    ("refer make", "site", "只看这个受保护网站"),
    ("refer make", "min_score", "最高分不低于"),
    ("refer make", "source", "只看这个来源发现的"),
    ("refer make", "since", "此日（北京时间）及以后立案的线索"),
    ("refer make", "text", "主机、标题或网址中含有"),
    ("refer again", "", "重新制作已发出的移送函和移送包，字节完全相同"),
    ("refer again", "letter", "移送文号"),
    ("refer again", "out", "写到哪个目录"),
    ("refer list", "", "移送函及其回执、反馈"),
    ("refer receipt", "", "登记接收单位的回执"),
    ("refer receipt", "letter", "移送文号"),
    ("refer receipt", "number", "接收单位所给编号"),
    ("refer receipt", "unit", "签收单位"),
    ("refer receipt", "signed_by", "签收人"),
    ("refer receipt", "answer_by", "约定的答复日期"),
    ("refer receipt", "on", "回执日期（否则今天）"),
    ("refer receipt", "by", "何人登记"),
    (
        "refer feedback",
        "",
        "登记反馈：accepted 受理、case_opened 立案、no_case 不予立案、den 查处窝点、persons 移送人数、blocked 封堵、service 非法提供技术服务",
    ),
    ("refer feedback", "letter", "移送文号"),
    ("refer feedback", "told", "反馈类型"),
    ("refer feedback", "count", "数量"),
    ("refer feedback", "lead", "针对哪条线索（否则整份移送函）"),
    ("refer feedback", "note", "接收单位的说明"),
    ("refer feedback", "on", "发生日期（否则今天）"),
    ("refer feedback", "by", "何人登记"),
    ("refer template", "", "写出自带的移送函模板，并列出字段"),
    ("refer template", "output", "写到哪个文件"),
    ("refer check", "", "检查模板：列出不认识和缺少的字段"),
    ("refer check", "template", "模板文件"),
    ("report", "", "月报表与联系人名单"),
    ("report monthly", "", "附件1：月报表"),
    ("report monthly", "month", "月份"),
    ("report monthly", "output", "写到 .xlsx、.docx、.pdf 或 .json（否则显示）"),
    ("report monthly", "set", "填写一行，可重复；值为空则撤回"),
    ("report monthly", "opening", "填写某行在累计起始月之前的数，可重复；值为空则撤回"),
    ("report monthly", "freeze", "冻结一个版本"),
    ("report monthly", "reason", "为何有新版本"),
    ("report monthly", "handed_in", "最近冻结的版本已报送"),
    ("report monthly", "by", "何人操作"),
    ("report contacts", "", "附件2：联系人名单，取自 [[referral.contact]]"),
    ("report contacts", "output", "写到 .xlsx 或 .docx"),
    ("report rows", "", "月报表各行及其代号"),
    ("leads export", "output", "写到哪个文件（否则标准输出）；未写 --format 时由扩展名决定"),
    ("leads pivot", "", "带有某个特征（手机号、账号、统计编号、证书公钥、地址等）的主机"),
    ("leads pivot", "indicator", "特征值，或 类型=值"),
    ("leads clusters", "", "集群：同一操作者或同一套件的线索，附关联依据"),
    ("leads merge", "", "人工认定两个主机属于同一集群"),
    ("leads merge", "with", "另一个主机"),
    ("leads split", "", "人工认定某主机与他人的关联纯属巧合"),
    ("leads providers", "", "为线索提供技术服务的注册商、托管商、CDN、证书机构（须人工确认）"),
    ("leads providers", "month", "只看该月（北京时间）立案的线索"),
    ("leads passive-dns", "", "导入被动 DNS 记录（COF，每行一个 JSON）"),
    ("leads passive-dns", "file", "文件"),
    ("leads *", "host", "主机名"),
    ("leads *", "reason", "理由，写入日志"),
    ("leads *", "undo", "撤销"),
    ("leads *", "by", "何人认定"),
    ("leads *", "state", "只看这些状态"),
    ("leads *", "class", "只看这些类别：fake_query、seller、mirror、none"),
    ("leads *", "site", "只看这个受保护网站"),
    ("leads *", "min_score", "最高分不低于"),
    ("leads *", "source", "只看这个来源发现的"),
    ("leads *", "since", "此日（北京时间）及以后立案的线索"),
    ("leads *", "text", "主机、标题或网址中含有"),
    ("evidence", "", "证据包"),
    ("evidence verify", "", "核验证据包（或装有证据包的目录），每项检查一行"),
    ("evidence verify", "paths", "证据包，或装有证据包的目录"),
    ("evidence verify", "stamped", "没有可信时间戳的证据包不通过"),
    ("evidence fix", "", "二名办案人员在场固定一个网址：记录步骤，生成网络在线提取笔录草稿"),
    ("evidence fix", "url", "网址"),
    ("evidence fix", "officer", "在场的办案人员，须给出二名"),
    ("evidence fix", "reason", "案由；不写则在草稿中留空"),
    ("evidence fix", "place", "提取地点；不写则在草稿中留空"),
    ("evidence fix", "witness", "见证人；不写则在草稿中留空，由办案人员注明原因"),
    ("evidence stamp", "", "补盖时间戳：所给的证据包，不给则为全部待加盖的"),
    ("evidence stamp", "paths", "证据包，或装有证据包的目录；不写则为待加盖队列"),
    ("evidence key", "", "在新文件中生成本单位签名密钥，并显示公钥指纹"),
    ("evidence key", "file", "新文件（填入 [evidence] key）"),
    ("evidence key", "sm2", "生成国密 SM2 密钥（以 SM3 签名），不给则为 Ed25519"),
    ("evidence script", "", "输出 verify.sh：不用本程序也能校验证据包"),
    ("evidence custody", "", "保管记录：谁在何时校验、导出了哪个证据包，哪个被发现不通过"),
    ("evidence custody", "package", "只列路径含此文字的证据包"),
    ("rules", "", "规则"),
    ("rules check", "", "用规则自带的样例检查每条规则"),
    ("rules check", "sample", "真实域名，每行一个（纯文本或 gzip）：同时估算每个词每百万名称带来多少告警"),
    ("rules check", "word", "尚未写入文件的词：统计有多少名称含有它，可重复"),
    ("doctor", "", "检查本机缺什么，以及用什么命令安装"),
    ("records", "", "线索背后的存储"),
    ("records rebuild", "", "由证据包和日志重建存储"),
    ("records backup", "", "把存储、日志、账号和证据包清单复制到新目录；监测可照常运行"),
    ("records backup", "folder", "新目录"),
    ("records restore", "", "把备份放入空的数据目录，并与证据包核对；不覆盖任何内容"),
    ("records restore", "folder", "备份目录"),
    ("console", "", "分析员的网页控制台，地址见 [console] listen"),
    ("users", "", "控制台账号"),
    ("users add", "", "新增账号；显示初始口令，首次登录必须修改"),
    ("users add", "full_name", "姓名"),
    ("users add", "role", "角色：analyst 审核员、approver 复核员、admin 管理员、auditor 审计员"),
    ("users list", "", "显示全部账号"),
    ("users disable", "", "停用账号"),
    ("users enable", "", "启用被停用或锁定的账号"),
    ("users reset", "", "重置初始口令，并停用动态口令"),
    ("users role", "", "变更角色"),
    ("users role", "role", "角色：analyst、approver、admin、auditor"),
    ("users *", "name", "登录名：小写字母、数字、点、横线、下划线"),
    ("users *", "password_stdin", "从标准输入读取初始口令"),
    ("users *", "by", "何人操作，写入日志"),
];

/// The command with Chinese help.
pub(crate) fn localise(command: clap::Command) -> clap::Command {
    walk(command, "")
}

fn walk(mut command: clap::Command, path: &str) -> clap::Command {
    let text = |id: &str| {
        let wild = path.split_once(' ').map(|(first, _)| format!("{first} *"));
        ZH.iter().find(|(p, i, _)| *i == id && (*p == path || Some(*p) == wild.as_deref())).map(|(_, _, t)| *t)
    };
    if let Some(about) = text("") {
        command = command.about(about);
    }
    let ids: Vec<String> = command.get_arguments().map(|a| a.get_id().to_string()).collect();
    for id in ids {
        if let Some(help) = text(&id).or_else(|| ZH.iter().find(|(p, i, _)| p.is_empty() && *i == id).map(|(_, _, t)| *t)) {
            command = command.mut_arg(&id, |a| a.help(help));
        }
    }
    let subs: Vec<String> = command.get_subcommands().map(|c| c.get_name().to_owned()).collect();
    for name in subs {
        let below = if path.is_empty() { name.clone() } else { format!("{path} {name}") };
        command = command.mut_subcommand(&name, |c| walk(c, &below));
    }
    command
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::args::Cli;
    use clap::CommandFactory;

    #[test]
    fn every_command_and_argument_has_chinese_help() {
        fn all(command: &clap::Command, path: &str) {
            let about = command.get_about().map(ToString::to_string).unwrap_or_default();
            assert!(!about.is_ascii(), "command `{path}`: {about}");
            for arg in command.get_arguments().filter(|a| !matches!(a.get_id().as_str(), "help" | "version")) {
                let help = arg.get_help().map(ToString::to_string).unwrap_or_default();
                assert!(!help.is_ascii(), "`{path}` argument `{}`: {help}", arg.get_id());
            }
            command.get_subcommands().for_each(|c| all(c, format!("{path} {}", c.get_name()).trim()));
        }
        let command = localise(Cli::command());
        command.clone().debug_assert();
        all(&command, "");
    }
}
