//! Letters and the characters that look like them, for permutations. Facts about shapes: Latin letters with marks and their
//! small-capital and hooked relatives, as far as dnstwist's and ail-typo-squatting's classes know them, and the Cyrillic ones.

/// Each line: a letter (or two), then everything that looks like it and is not ASCII.
pub(super) const GLYPHS: &str = "\
    2 ƻ\n\
    3 ʒ\n\
    5 ƽ\n\
    a ạăȧɑåąâǎáəäãāà\n\
    b ḃḅƅʙḇɓ\n\
    c čᴄċçćĉƈ\n\
    d ďḍḋɖḏɗḓḑđ\n\
    e êẹęèḛěɇėĕéëēȩ\n\
    f ḟƒ\n\
    g ǧġǵğɡǥĝģɢ\n\
    h ȟḫḩḣɦḥḧħẖⱨĥ\n\
    i ɩǐíɪỉȋɨïīĩịîıĭįì\n\
    j ǰĵʝɉ\n\
    k ĸǩⱪḵķᴋḳ\n\
    l ĺłɫļľ\n\
    m ᴍṁḿṃɱ\n\
    n ņǹńňṅṉṇꞑñŋ\n\
    o öóȯỏôᴏōòŏơőõọø\n\
    p ṗƿƥṕ\n\
    q ʠ\n\
    r ʀȓɍɾřṛɽȑṙŗŕɼṟ\n\
    s ṡșŝꜱʂšśṣş\n\
    t ťƫţṭṫțŧ\n\
    u ᴜųŭūűǔȕưùůʉúȗüûũụ\n\
    v ᶌṿᴠⱴⱱṽ\n\
    w ᴡẇẅẃẘẉⱳŵẁ\n\
    x ẋẍ\n\
    y ŷÿʏẏɏƴȳýỿỵ\n\
    z žƶẓẕⱬᴢżźʐ\n\
    ae æ\n\
    oe œ\n\
    ";

/// ASCII look-alikes: a letter or two, and what it is written as.
pub(super) const ASCII: &[(&str, &str)] = &[
    ("0", "o"),
    ("1", "l"),
    ("1", "i"),
    ("3", "8"),
    ("6", "9"),
    ("8", "3"),
    ("9", "6"),
    ("b", "d"),
    ("b", "lb"),
    ("c", "e"),
    ("d", "b"),
    ("d", "cl"),
    ("d", "dl"),
    ("e", "c"),
    ("g", "q"),
    ("h", "lh"),
    ("i", "1"),
    ("i", "l"),
    ("k", "lc"),
    ("l", "1"),
    ("l", "i"),
    ("m", "n"),
    ("m", "nn"),
    ("m", "rn"),
    ("n", "m"),
    ("n", "r"),
    ("o", "0"),
    ("q", "g"),
    ("u", "v"),
    ("v", "u"),
    ("w", "vv"),
    ("rn", "m"),
    ("cl", "d"),
    ("m", "rr"),
    ("a", "4"),
    ("e", "3"),
    ("s", "5"),
    ("t", "7"),
    ("b", "8"),
    ("b", "6"),
    ("g", "9"),
    ("g", "6"),
    ("z", "2"),
    ("nn", "m"),
    ("vv", "w"),
    ("v", "y"),
    ("n", "h"),
    ("h", "n"),
    ("u", "ii"),
    ("lo", "b"),
    ("lc", "k"),
];

/// Suffixes whose registries sell no Latin letters beyond ASCII.
pub(super) const PLAIN_ONLY: &[&str] = &[
    "ad", "cz", "sk", "uk", "co.uk", "nl", "us", "jp", "co.jp", "ad.jp", "ne.jp", "cn", "com.cn", "net.cn", "org.cn", "tw", "com.tw",
    "net.tw", "hk",
];

/// Cyrillic letters that are drawn like Latin ones.
pub(super) const CYRILLIC: &[(char, char)] = &[
    ('a', 'а'),
    ('b', 'ь'),
    ('c', 'с'),
    ('d', 'ԁ'),
    ('e', 'е'),
    ('g', 'ԍ'),
    ('h', 'һ'),
    ('i', 'і'),
    ('j', 'ј'),
    ('k', 'к'),
    ('l', 'ӏ'),
    ('m', 'м'),
    ('o', 'о'),
    ('p', 'р'),
    ('q', 'ԛ'),
    ('s', 'ѕ'),
    ('t', 'т'),
    ('v', 'ѵ'),
    ('w', 'ԝ'),
    ('x', 'х'),
    ('y', 'у'),
];

/// Greek letters that are drawn like Latin ones.
pub(super) const GREEK: &[(char, char)] = &[
    ('a', 'α'),
    ('e', 'ε'),
    ('i', 'ι'),
    ('k', 'κ'),
    ('n', 'η'),
    ('o', 'ο'),
    ('p', 'ρ'),
    ('t', 'τ'),
    ('u', 'υ'),
    ('v', 'ν'),
    ('w', 'ω'),
    ('x', 'χ'),
    ('y', 'γ'),
];

/// Keys beside each key, on QWERTY, QWERTZ and AZERTY together.
pub(super) const KEYS: &[(char, &str)] = &[
    ('0', "po9"),
    ('1', "2qa"),
    ('2', "3wq1za"),
    ('3', "4ew2z"),
    ('4', "5re3"),
    ('5', "6tr4"),
    ('6', "7yt5z"),
    ('7', "8uy6z"),
    ('8', "9iu7"),
    ('9', "0oi8"),
    ('a', "qwszy21"),
    ('b', "vghn"),
    ('c', "xdfv"),
    ('d', "rfcxse"),
    ('e', "4rdsw3z"),
    ('f', "tgvcdr"),
    ('g', "yhbvftz"),
    ('h', "ujnbgyz"),
    ('i', "9okju8"),
    ('j', "ikmnhu"),
    ('k', "olmji"),
    ('l', "kopm"),
    ('m', "njklp"),
    ('n', "bhjm"),
    ('o', "0plki9"),
    ('p', "lo0m"),
    ('q', "12wazs"),
    ('r', "5tfde4"),
    ('s', "edxzawyq"),
    ('t', "6ygfr5z"),
    ('u', "8ijhy7z"),
    ('v', "cfgb"),
    ('w', "3esaq2x"),
    ('x', "zsdcyw"),
    ('y', "7uhgt6asx"),
    ('z', "asx7uhgt63eq2"),
];
