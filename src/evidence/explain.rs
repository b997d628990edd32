//! The note that goes into every package: how anybody checks it with common tools, and what the check does not show.

/// `doc/校验说明.txt`.
pub(super) const TEXT: &str = "证据包校验说明\n\
\n\
本证据包由普通文件组成，不依赖制作软件即可校验。\n\
\n\
一条命令（任何装有 POSIX shell、coreutils 与 OpenSSL 的机器）：\n\
   sh verify.sh 证据包目录\n\
   每项检查一行，写明通过或不通过；全部通过返回 0，否则返回 1。同一版本软件的 verify.sh 对所有证据包都相同：\n\
   请用自己保存的那一份，不要只信证据包 doc/ 里的这一份。-r 和 -k 可给出移送函上的时间戳根证书指纹和单位公钥指纹。\n\
\n\
也可以进入本证据包目录，逐项执行：\n\
\n\
1. 清单自身未被改动（两个值应与 manifest.json 倒数第二行 self 中的值相同）：\n\
   head -n -2 manifest.json | sha256sum\n\
   head -n -2 manifest.json | openssl dgst -sm3\n\
\n\
2. 每个文件与清单一致（应全部显示 OK 或“成功”）：\n\
   sed -n 's/^{\"path\": \"\\([^\"]*\\)\".*\"sha256\": \"\\([0-9a-f]*\\)\".*/\\2  \\1/p' manifest.json | sha256sum -c\n\
\n\
3. 国密 SM3 值（逐个与清单 sm3 一栏比对）：\n\
   openssl dgst -sm3 capture.wacz\n\
\n\
4. 没有多出的文件（应只列出清单中的文件、manifest.json 和 proof/ 中的证明）：\n\
   find . -type f\n\
\n\
5. 可信时间戳（机构名换成 proof/ 中的实际文件名；证书现已过期的，加 -attime 盖章时刻的秒数）：\n\
   openssl ts -verify -data manifest.json -in proof/机构.sha256.tsr -CAfile proof/机构.ca.pem\n\
   openssl ts -verify -data manifest.json -in proof/机构.sm3.tsr -CAfile proof/机构.ca.pem\n\
   openssl x509 -in proof/机构.ca.pem -noout -fingerprint -sha256     （与移送函或机构公布的指纹核对）\n\
\n\
6. 单位签名（有 proof/signer.pem 时；以 proof/ 中实际的签名文件为准）：\n\
   openssl dgst -sm3 -verify proof/signer.pem -sigopt distid:1234567812345678 -signature proof/manifest.sm2.sig manifest.json\n\
   openssl pkeyutl -verify -pubin -inkey proof/signer.pem -rawin -in manifest.json -sigfile proof/manifest.ed25519.sig\n\
\n\
7. 网络原始数据（pip install wacz warcio）：\n\
   wacz validate -f capture.wacz\n\
   unzip -p capture.wacz archive/data.warc.gz > data.warc.gz && warcio check -v data.warc.gz\n\
   在 ReplayWeb.page 中打开 capture.wacz 可重现网页。\n\
\n\
8. 清单文件的 SHA-256 与 SM3 应与移送函或线索台账“校验值”表中登记的值相同：\n\
   sha256sum manifest.json\n\
   openssl dgst -sm3 manifest.json\n\
\n\
文件说明\n\
   capture.wacz         每一跳的请求与响应原始字节、DNS 应答、TLS 证书链、访问结果（WARC/1.1），及其索引与页面表（WACZ 1.1.1）\n\
   view/                从最后一跳响应得到的网页：page.html 为解码传输编码后的原始字节，source.txt 为转成 UTF-8 的源码，\n\
                        text.txt 为可见文字，hidden.txt 为隐藏文字，page.json 为提取结果\n\
   net/                 DNS 应答、TLS 证书链、各跳概要、har.json（HAR 1.2，便于用浏览器工具查看）\n\
   video/               现场固定时浏览器窗口的同步录像（AVI，每秒 2 帧，画面下方为北京时间与网址）\n\
   env/software.json    软件名称与版本、规则指纹、影响访问的设置\n\
   env/cleanliness.json 本机环境：hosts 文件、解析服务器、程序散列、时钟偏差\n\
   log/operation.jsonl  操作日志，每行含上一行的 SHA-256\n\
   score.json           固定当时的研判得分与依据\n\
   dossier.json         候选、归属与快照（不含正文）\n\
   doc/                 电子数据提取固定清单、本说明、verify.sh；现场固定的另有网络在线提取笔录（草稿）\n\
   proof/               对 manifest.json 的时间戳应答、根证书、盖章记录、单位签名。清单写成之后才产生，因此不在清单之内；\n\
                        每个文件都必须能对上 manifest.json，否则校验不通过\n\
\n\
没有时间戳的证据包\n\
   清单 stamps 一栏列有机构而 proof/ 中没有其时间戳的，状态为“待加盖时间戳”，校验不通过，直到补盖；固定后超过十分钟才\n\
   加盖的，校验也不通过并写明间隔：它只证明盖章时已有此内容。stamps 一栏为空的，是固定时没有配置时间戳机构，校验会提示\n\
   本包不能证明固定的时间。\n\
\n\
校验值和时间戳不能证明的事\n\
   校验值只能说明：自清单写成以来文件没有变化。它不能单独证明固定的时间，也不能证明内容确由该网站发出\n\
   （TLS 不具备抗抵赖性）；知道做法的人可以连同清单一起重做。时间戳只能说明：清单在盖章时已经存在；重做的证据包\n\
   得不到早先时间的时间戳。单位签名只说明由谁的密钥签名。因此请与移送函、台账、第二地点的固定结果或办案人员在场的\n\
   固定结果互相印证，并核对根证书和公钥的指纹。研判得分是供人复核的提示，不是结论。\n";

/// `doc/verify.sh`: the same in every package of this version.
pub(super) const SCRIPT: &str = include_str!("verify.sh");
