//! Traditional, variant and look-alike Han characters of the words that names of public offices and certificates use.
//! Pairs, not a dictionary: a character that is not here stands for itself.

use std::collections::HashMap;
use std::sync::LazyLock;

/// Each group: the simplified character, then every other form it is met in.
const FORMS: &str = "应應応譍庒 急㥛 部㕻 证證証 书書 询詢 查査杳 业業 务務 产產産 总總総 门門 问問 习習 训訓 练練 鉴鑒鑑 \
    种種 电電 焊銲釬 压壓圧 制製 冷泠 险險険 监監 发發髮発 许許 执執 联聯連聨 网網罔 线線 认認 识識 \
    质質貭 资資 学學斈 术術 师師 级級 厅廳庁 国國囯圀 华華 龙龍竜 东東 广廣広 云雲 点點奌 报報 考攷 试試 \
    绩績 号號 码碼 专專 关關関 机機 构構 协協 会會 评評 价價 职職 技抆 员員贠 工㠪 带帶帯 锅鍋 炉爐 \
    热熱 气氣気 钢鋼 营營 设設 备備 场場塲 车車 驾駕 驶駛 纸紙 册冊 复復複 审審 换換 补補 领領 办辦 \
    劳勞労 动動働 厂廠 矿礦鑛 烟煙菸 药藥薬 灭滅 灾災 难難 护護 卫衛衞 环環 节節 实實実 体體 检檢検 测測 \
    验驗験駖 万萬 与與 为為爲 义義 乡鄉 买買 卖賣 从從 优優 众眾衆 传傳 伪偽僞 陆陸 录錄録 归歸 当當 \
    时時 权權権 条條 来來 极極 标標 样樣 档檔 济濟済 浙淛 汇匯 沪滬 湾灣 满滿 状狀 独獨 获獲 现現 础礎 \
    确確 离離 积積 称稱 简簡 类類 红紅 纪紀 约約 纳納 组組 织織 细細 终終 经經 结結 给給 统統 继繼 \
    续續 维維 综綜 编編 缴繳 罚罰 艺藝 荐薦 规規 视視 览覽 计計 订訂 讯訊 议議 讲講 论論 访訪 诉訴 \
    词詞 译譯 话話 该該 详詳 语語 误誤 说說 请請 课課 调調 谈談 谢謝 贝貝 负負 财財 责責 败敗 货貨 \
    购購 贯貫 贵貴 费費 贸貿 赋賦 赛賽 跃躍 转轉 轮輪 软軟 载載 辅輔 输輸 边邊 达達 过過 运運 还還 \
    这這 进進 远遠 违違 迁遷 选選 递遞 邮郵 释釋 里裏裡 针針 钟鐘 钱錢 铁鐵 银銀 链鏈 销銷 错錯 键鍵 \
    长長 间間 闻聞 阅閱 队隊 阶階 际際 陈陳 随隨 隐隱 页頁 项項 顺順 须須 预預 顾顧 颁頒 题題 颜顏 \
    风風 飞飛 饭飯 馆館 马馬 高髙 鱼魚 鲁魯 鸟鳥 黄黃 齐齊 齿齒 龄齡 处處処 特犆 操撡 安侒 全仝 管菅 \
    历歷曆歴暦厤 库庫 筑築 核覈 吊弔 教敎 凭憑 毕畢 注註 线綫 岗崗 系係繫繋 才纔 价価 台枱檯 乡郷 合閤 \
    生甡 格挌 合郃 力仂 台臺颱 中㆗ 公厷 局侷 省渻 市巿 区區 县縣 信伩訫";

static SIMPLE: LazyLock<HashMap<char, char>> = LazyLock::new(|| {
    let mut simple = HashMap::new();
    for group in FORMS.split_whitespace() {
        let mut chars = group.chars();
        let plain = chars.next().unwrap_or('?');
        simple.extend(chars.filter(|c| *c != plain).map(|c| (c, plain)));
    }
    simple
});

/// Every other form of a simplified character, for permutations.
pub(super) fn forms(plain: char) -> impl Iterator<Item = char> {
    FORMS.split_whitespace().filter(move |g| g.starts_with(plain)).flat_map(|g| g.chars().skip(1)).filter(move |c| *c != plain)
}

/// Is `c` a Han character (any block, compatibility forms and radicals included)?
pub(super) fn is_han(c: char) -> bool {
    matches!(c, '\u{2e80}'..='\u{2fdf}' | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{323af}')
}

/// The simplified form of a character, or itself.
pub(super) fn simplified(c: char) -> char {
    use unicode_normalization::UnicodeNormalization;
    let c = if matches!(c, '\u{2e80}'..='\u{2fdf}' | '\u{f900}'..='\u{faff}') { c.nfkc().next().unwrap_or(c) } else { c };
    SIMPLE.get(&c).copied().unwrap_or(c)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::text::fold::fold;
    use std::collections::BTreeSet;

    #[test]
    fn every_other_form_of_a_site_word_that_page_text_knows_is_known_in_names_too() {
        let files = [
            include_str!("../../rules/sites/cx.mem.gov.cn.toml"),
            include_str!("../../rules/sites/zlaq.mohurd.gov.cn.toml"),
            include_str!("../../rules/sites/cnse.samr.gov.cn.toml"),
            include_str!("../../rules/sites/zscx.osta.org.cn.toml"),
            include_str!("../../rules/sites/www.chsi.com.cn.toml"),
        ];
        let words: String = files.iter().flat_map(|t| t.split("zh = \"").skip(1).filter_map(|rest| rest.split('"').next())).collect();
        let plain: BTreeSet<char> = words.chars().collect();
        assert!(plain.len() > 100, "words of the shipped sites");
        let forms = ('\u{3400}'..='\u{9fff}').filter(|c| !plain.contains(c));
        let missing: Vec<(char, char)> = forms
            .filter_map(|form| Some((form, fold(&form.to_string()).text.chars().next()?)))
            .filter(|(form, to)| plain.contains(to) && simplified(*form) != *to)
            .collect();
        assert!(missing.is_empty(), "{missing:?}");
    }
}
