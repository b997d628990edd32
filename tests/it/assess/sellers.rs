//! Sellers in their disguises; our own prose.

use crate::assess::{alerts, lot};
use jianwei::model::assessment::Class;

#[test]
fn plain_offers_with_a_contact_alert() {
    for text in [
        "专业办理特种作业操作证，免考包过，官网可查，三天拿证。微信：dgz88888",
        "低压电工证焊工证不用考试直接拿证，先办证后付款，电话13812345678（微信同号）",
        "全国高处作业证代办，只要身份证和照片，当天出证，联系QQ 123456789",
        "叉车证快速下证，人不用到场，扫码可查，加微信 ccz2024vip",
        "安全员ABC证保过班，考试有人替，不过退款，详情咨询 15900001111",
        "制冷证 登高证 无需考试 联网可查 顺丰到付 扣扣：87654321",
    ] {
        alerts(text, &lot("zhengjian.shop", "证书办理", text), Class::Seller);
    }
}

#[test]
fn disguised_words_and_numbers_alert() {
    for text in [
        "專業辦理特種作業操作證，免考包過，官網可查，加威信：dgz88888",
        "电\u{200b}工\u{200b}证 免\u{200b}考\u{200b}包\u{200b}过 Ｖ❤：abc13800",
        "办(bàn)理(lǐ)焊工證，免(miǎn)考(kǎo)包(bāo)過(guò)，溦信 hg66778",
        "特种作业操作证【免.考*包_过】扣扣⒈⒉⒊⒋⒌⒍⒎⒏",
        "做个假的操作证【138(电)0000(溦)1234同步】远上寒山石径斜，白云生处有人家 qxzkwvbnmtrpl",
        "高处作业证，１３８丨００００丨１２３４，不用考试，包邮到家",
    ] {
        alerts(text, &lot("zs.pages.dev", "", text), Class::Seller);
    }
}

#[test]
fn an_agent_who_promises_lookup_and_speed_and_speaks_of_no_training_alerts() {
    let text = "办理低压电工证、焊工证、登高证\n应急局可查\n价格优惠，加急最快出件\n联系：微信 zs_banli01";
    alerts("agent", &lot("zsbl.cn", "办理各类操作证", text), Class::Seller);
}

#[test]
fn news_padding_does_not_save_a_seller() {
    let text = "日前，某地召开安全生产工作会议，会议通报了近期情况，要求严查隐患，依法整治。\n电工证免考包过，官网可查，微信：dgz99887\n与会人员就下一步工作进行了讨论。";
    alerts("padded", &lot("news-pad.top", "安全生产工作会议", text), Class::Seller);
}

#[test]
fn an_offer_hidden_in_an_honest_page_counts() {
    let mut page = lot("www.luosi.com", "螺丝生产厂家", "本厂专业生产各类标准件，欢迎来电来图定制。");
    page.page.hidden_text = "办理焊工证电工证免考包过，官网可查，加微信 hgz77001，三天出证".into();
    alerts("hidden", &page, Class::Seller);
}

#[test]
fn thank_you_stories_and_swapped_characters_alert() {
    for text in [
        "朋友介绍的，发了身份证照片过去，第五天快递就到了，全程没有参加考试，扫码能查。要办电工证焊工证的加微信 laoli_zs66，就说老客户推荐的",
        "操作证 电工 焊工，免烤试，人不用来，五天内拿证，查不到退，私聊 vx：zs_5566a",
    ] {
        alerts(text, &lot("wenzhang.example.com", "经验分享", text), Class::Seller);
    }
}

#[test]
fn sellers_of_every_temper_alert() {
    for text in [
        "本公司长期办理电工证、焊工证、登高证，全国联网，应急管理局官网查询，免培训免考试，3-7天出证，支持先查后付。联系微信 abc12345",
        "需要电工本焊工本的老板看过来，不耽误时间不用跑腿，照片身份证发来，一周拿本，国网能查，加V 15011112222",
        "提供全国特种作业操作证办理服务 扫码验证真实有效 无需培训 无需考试 价格800元 联系客服微信",
        "安全员abc证 建筑八大员 三类人员 包考过 挂靠 出售 需要的私聊 VX:zhengshu_888",
        "焊工证 2天搞定 真证 可上网查 500元一本 先看证后给钱 微信号：han_gong_01",
        "专业办理：毕业证、电工证、焊工证、驾驶证，各种证件一应俱全，质量保证，货到付款。QQ：88997766",
        "长期高价收二建、一建、安全员B证挂靠，年费2万，先付款后给证，电话微信 13511112222",
        "高处作业证，工地进场急用，当天出电子版，扫码有信息，纸质版顺丰，200一本，十本起优惠，微信同号 17700001111",
        "电工zheng 焊工zheng 免kao 包guo 扫码可查 ➕薇 abcd1234",
        "出售空白特种作业操作证卡片，打印机，模板，二维码后台搭建，可定制查询网站，联系飞机 @zsdz888",
    ] {
        alerts(text, &lot("zs-hub.cn", "证书", text), Class::Seller);
    }
}

#[test]
fn stuffing_in_keywords_counts() {
    let mut page = lot("zs114.cn", "电工证办理", "电话 13800001234 欢迎来电");
    page.page.meta_text = "电工证免考,焊工证包过,高处作业证不用考试,直接拿证".into();
    alerts("keywords", &page, Class::Seller);
}
