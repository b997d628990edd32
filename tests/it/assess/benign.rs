//! Honest neighbours that use the same words: none reaches the review line. Our own prose.

use crate::assess::{lot, quiet, told};
use jianwei::model::assessment::Verdict;

const OFFICIAL: &str = "http://cx.mem.gov.cn/";

#[test]
fn schools_with_their_own_query_form_stay_quiet() {
    let own = lot("www.hxaqpx.com", "安全生产培训证书查询 - 华兴安全技术培训学校", "华兴安全技术培训学校\n首页 招生简章 证书查询\n本校培训合格证书查询\n特种作业操作证请到应急管理部官网查询\n版权所有 华兴安全技术培训学校 沪ICP备12345678号")
        .form(&["证书编号", "姓名", "验证码"], "查询")
        .link(OFFICIAL, "特种作业操作证及安全生产知识和管理能力考核合格信息查询平台")
        .id("icp", "沪ICP备12345678号");
    quiet("own form", &own);
    let short_title = lot("www.hxaqpx.com", "特种作业操作证查询_华兴职业培训学校", "华兴职业培训学校\n学员证书查询")
        .form(&["证书编号", "姓名", "验证码"], "查询");
    quiet("short name in the title", &short_title);
    let two = lot("zs.jnpx.cn", "证书查询", "济南某某职业培训学校\n证书查询系统")
        .form(&["证书编号", "姓名"], "查询")
        .link(OFFICIAL, "应急管理部证书查询");
    quiet("two fields", &two);
}

#[test]
fn schools_that_advertise_training_stay_quiet() {
    for text in [
        "低压电工证培训报名\n培训学时：理论48学时，实操40学时\n报名条件：年满18周岁，初中及以上，体检合格\n考试：理论机考与实操考试\n全国通用，官网可查\n咨询电话：021-65432100 地址：某某路88号",
        "焊工证考证培训\n开班时间每月两次\n费用1200元，含教材\n考核合格后由应急管理局发证\n报名电话13800001234 微信同号\n报名材料：身份证、学历证、健康证明",
        "叉车证报名，质监局考点，学员先参加理论学习再实操，成绩合格后约一个月拿证，联系老师 13900002222",
        "本校郑重承诺：不承诺包过，杜绝免考，严格按大纲培训。电工作业、高处作业常年招生，学时实名登记，考试由考点统一组织。电话13700003333",
        "特种作业操作证复审换证通知：持证人应在期满前60日内参加培训与考核，不少于8学时，复审材料到培训中心办理，联系人王老师 0531-88881234",
    ] {
        quiet(text, &lot("www.jnanpei.com", "安全培训", text));
    }
}

#[test]
fn news_warnings_and_notices_stay_quiet() {
    for text in [
        "警方破获特大制售假证案，团伙在网上以“免考包过、官网可查”招揽，加微信后收费三千元。民警提醒，切勿轻信。嫌疑人已被依法刑事拘留。",
        "关于开展打击假冒特种作业操作证专项行动的通知：严厉打击利用网络进行免考、速成、保过等虚假宣传，兜售假冒证书的违法行为。举报电话：12350",
        "记者调查发现，有中介声称1800元包过，不用考试，半个月拿证。应急管理部门表示，凡承诺免考的均为诈骗，请通过正规渠道参加培训。新闻热线：13500001111",
        "法院审理查明，被告人李某在网上发布代办电工证信息，先后向四十余人出售伪造的操作证，判处有期徒刑一年六个月。",
        "应急管理部提醒：查询特种作业操作证请认准 cx.mem.gov.cn，谨防山寨网站。凡是要求交费办证、不用考试的，都是骗局。",
        "为嚴厲打擊不法分子假冒政府網站和證書查詢平臺，兜售假冒安全生產證書，公安機關將依法查處。",
    ] {
        quiet(text, &lot("news.somewhere.cn", "安全生产要闻", text));
    }
}

#[test]
fn guides_and_directories_that_link_the_official_site_stay_quiet() {
    let guide = lot(
        "www.kaozhengbaike.com",
        "特种作业操作证及安全生产知识和管理能力考核合格信息查询平台入口",
        "特种作业操作证及安全生产知识和管理能力考核合格信息查询平台怎么查？
        第一步，打开浏览器输入网址 cx.mem.gov.cn，进入官网首页，点击特种作业操作证查询，再点进入查询。
        第二步，选择证件类型，输入证件号码、姓名和验证码，点击查询按钮，就可以看到自己的证书信息。
        以上就是小编为大家整理的查询方法，希望对大家有帮助。",
    )
    .link(OFFICIAL, "进入官网");
    quiet("guide", &guide);
    let prose = lot(
        "zhishi.example.cn",
        "特种作业操作证查询官网及查询步骤",
        "特种作业操作证是从事电工、焊接、高处作业等工作的人员必须持有的证件，许多单位在招聘时都会要求应聘者出示并核对真伪。
        查询时需要准备好本人的证件号码和姓名，按照页面提示选择证件类型，填写完整以后输入验证码，结果会直接显示在页面下方。
        如果暂时没有查到，可能是数据还没有上传，一般等待三个工作日左右再试，也可以向发证机关咨询。",
    );
    quiet("prose without a link", &prose);
    let mut directory = lot(
        "hao.nav.cn",
        "安全人网址导航",
        "应急管理部\n特种作业操作证及安全生产知识和管理能力考核合格信息查询平台\n住建部查询\n特种设备查询\n学信网",
    )
    .link(OFFICIAL, "特种作业操作证及安全生产知识和管理能力考核合格信息查询平台")
    .link("https://www.mem.gov.cn/", "应急管理部");
    for n in 0..10 {
        directory = directory.link(&format!("http://site{n}.example.com/"), "网站");
    }
    quiet("directory", &directory);
}

#[test]
fn other_query_systems_stay_quiet() {
    quiet(
        "association",
        &lot("cx.chinaxx.org.cn", "中国某某协会证书查询系统", "中国某某协会\n证书查询")
            .placeholders(&["请选择证件类型", "请输入证件号码", "请输入姓名", "请输入验证码"], &["查询"]),
    );
    quiet(
        "skills",
        &lot("jnzs.example.org.cn", "技能人才评价证书联网查询", "人力资源和社会保障部职业技能鉴定中心\n请选择查询类型")
            .form(&["证件类型", "证件号码", "姓名", "验证码"], "查询"),
    );
    quiet(
        "builders",
        &lot("zjcx.example.gov.cn", "建筑施工特种作业人员证书查询", "住房和城乡建设厅")
            .form(&["证件类型", "证件号码", "姓名", "验证码"], "查询"),
    );
    quiet(
        "provincial bureau",
        &lot("yjt.example.gov.cn", "特种作业操作证查询", "某省应急管理厅\n特种作业操作证查询")
            .form(&["证件类型", "证件号码", "姓名", "验证码"], "查询"),
    );
    quiet("exam results", &lot("cj.kaoshi.cn", "成绩查询", "请输入准考证号与姓名").form(&["准考证号", "姓名", "验证码"], "查询"));
    quiet("parcel", &lot("kd.example.com", "快递查询", "快递单号查询").form(&["快递单号", "验证码"], "查询"));
}

#[test]
fn people_who_ask_or_tell_stay_quiet() {
    for text in [
        "求助：我在工地花800块办的证书，没参加考试，现在扫码打开的网站看着不对，会不会是假的？",
        "听说有人免考就能拿到电工证，是真的吗？楼下回复：别信，老老实实报名考试，官网可以查。",
        "男子花3000元找人代考电工证，替考者被当场抓获，二人均被行政拘留。",
        "低压电工证题库，报名含考试费，补考免考试费，教材50元一本，刷题客服微信 tiku666888",
        "招聘低压电工两名，要求持有效特种作业操作证，月薪7000元，包吃住，电话 13677778888",
    ] {
        quiet(text, &lot("bbs.somewhere.cn", "交流", text));
    }
    let blog = lot(
        "blog.dev.cn",
        "用程序查询特种作业操作证",
        "requests.get('https://cx.mem.gov.cn/prod-api/certsearch/code')\n没有查询到相关证件信息时返回空",
    )
    .html("<pre>requests.get('https://cx.mem.gov.cn/prod-api/certsearch/code')</pre>");
    quiet("blog with code", &blog);
}

#[test]
fn everyday_agents_schools_and_offices_stay_quiet() {
    for text in [
        "培训班每月开班，一个月左右出证，费用1500元，联系电话：0551-62345678，手机13900001111（微信同号），地址合肥市包河区，需提供学历证明和体检表",
        "消防设施操作员培训，签约保过班，不过免费重学，课程由名师授课，报名送题库，电话：400-800-1234",
        "办事指南：居民身份证办理，工本费20元，3天取证，请携带户口本到派出所办证大厅，咨询电话 110",
        "健康证办理：体检当天出证，费用120元，请带身份证，地址某某医院体检中心，电话 87654321",
        "某某驾校 C1驾照 最快45天拿证 一人一车 不过包补考 学费3200元 电话13812341234",
        "中级职称评审咨询，代理申报，材料整理，费用面议，电话13612341234 王老师",
        "日本签证代办，加急3天出签，电话13612341234",
        "叉车证需到市场监管局指定考点报名，参加理论与实操考试，一般20个工作日出证，全国可查，不需要挂靠单位。费用600元左右。",
        "代理记账、公司注册、商标注册、安全生产许可证办理、建筑资质代办，最快7天下证，电话13811112222 微信同号",
        "特种作业操作证核发办事指南：年满18周岁、体检合格、经考试合格；办理时限20个工作日；不收费；办理地点：政务服务中心；咨询电话 0571-88880000",
        "近日发现有人冒充我校名义在网上发布“不用考试、直接拿证、官网可查”等信息，并留有微信号，我校特此声明，从未委托任何个人或机构代办证书。",
        "国职健身教练证书培训，包住宿，随到随学，全国通用，联网可查，学费3980元，微信 jianshen66",
        "招聘二级建造师，可兼职，全职优先，建筑公司资质升级需要，待遇面议，电话13811113333",
        "二级建造师证书挂靠一年多少钱？提醒各位考生，挂靠属于违法行为，住建部已明令禁止，一经查实将撤销注册。",
    ] {
        quiet(text, &lot("www.somewhere.cn", "信息", text));
    }
}

#[test]
fn login_parked_and_encyclopaedia_pages_stay_quiet() {
    quiet("login", &lot("oa.example.com", "统一登录平台", "欢迎登录\n忘记密码").form(&["用户名", "密码", "验证码"], "登录"));
    quiet("parked, near name", &lot("cx-mem-gov.com", "域名出售", "此域名正在出售，有意者请联系").named(100));
    quiet("empty, near name", &lot("cxmemgovcn.com", "", "").named(100));
    let text = "特种作业操作证由应急管理部门考核颁发。特种作业包括电工作业、焊接与热切割作业、高处作业、制冷与空调作业等，生产经营单位的特种作业人员必须按照国家有关规定经专门的安全作业培训，取得相应资格，方可上岗作业。主要负责人和安全生产管理人员应当由主管部门对其安全生产知识和管理能力考核合格。";
    quiet("encyclopaedia", &lot("baike.example.com", "特种作业操作证", text));
    quiet(
        "agency for licences",
        &lot("gsdl.example.com", "营业执照代办", "代办营业执照、安全生产许可证，资料齐全最快三天，收费标准明码标价，电话13800005555"),
    );
    quiet("seal shop", &lot("yz.example.com", "公安备案刻章", "专业刻章，公章财务章，当天可取，微信 kz13800"));
    quiet(
        "badge maker",
        &lot("gp.example.com", "工作证制作", "工作证、胸卡、会员证制作，厂家直销，来图定制，证件制作质量第一，电话 13800006666"),
    );
    quiet(
        "company's staff list",
        &lot(
            "www.dhjz.com",
            "资质荣誉 - 大华建筑安装有限公司",
            "大华建筑安装有限公司\n员工持证情况\n姓名：王五 作业类别：高处作业 操作项目：登高架设 有效期：2024-01-01至2030-01-01",
        ),
    );
}

#[test]
fn official_hosts_end_the_matter_whatever_stands_there() {
    for host in ["cx.mem.gov.cn", "www.mem.gov.cn", "zscx.osta.org.cn", "cnse.e-cqs.cn", "big5.cctv.com"] {
        let assessment = lot(host, "特种作业操作证及安全生产知识和管理能力考核合格信息查询平台", "免考包过 电工证 微信 abc12345").assess();
        assert_eq!(assessment.class, Verdict::Official, "{host}: {}", told(&assessment));
        assert_eq!(assessment.scores.max(), 0);
        assert_eq!(assessment.findings.iter().map(|f| f.points).collect::<Vec<_>>(), [0]);
    }
    assert_ne!(lot("cx.mem.gov.cn.evil.top", "x", "").assess().class, Verdict::Official);
}
