//! The note that goes into every package: how anybody checks it with common tools, and what the check does not show.

/// `doc/校验说明.txt`.
pub(super) const TEXT: &str = "证据包校验说明\n\
\n\
本证据包由普通文件组成，不依赖制作软件即可校验。以下命令在任何装有 coreutils 与 OpenSSL 的 Linux 上，进入本证据包目录后执行。\n\
\n\
1. 清单自身未被改动（两个值应与 manifest.json 倒数第二行 self 中的值相同）：\n\
   head -n -2 manifest.json | sha256sum\n\
   head -n -2 manifest.json | openssl dgst -sm3\n\
\n\
2. 每个文件与清单一致（应全部显示 OK 或“成功”）：\n\
   sed -n 's/^{\"path\": \"\\([^\"]*\\)\".*\"sha256\": \"\\([0-9a-f]*\\)\".*/\\2  \\1/p' manifest.json | sha256sum -c\n\
\n\
3. 国密 SM3 值（逐个与清单 sm3 一栏比对）：\n\
   openssl dgst -sm3 capture.warc.gz\n\
\n\
4. 没有多出的文件（应只列出清单中的文件和 manifest.json）：\n\
   find . -type f\n\
\n\
5. 网络原始数据（需 pip install warcio；每条记录应显示 digest pass）：\n\
   warcio check -v capture.warc.gz\n\
\n\
6. 清单文件的 SHA-256 与 SM3 应与移送函或线索台账“校验值”表中登记的值相同：\n\
   sha256sum manifest.json\n\
   openssl dgst -sm3 manifest.json\n\
\n\
文件说明\n\
   capture.warc.gz      每一跳的请求与响应原始字节、DNS 应答、TLS 证书链、访问结果（WARC/1.1）\n\
   view/                从最后一跳响应得到的网页：page.html 为解码传输编码后的原始字节，source.txt 为转成 UTF-8 的源码，\n\
                        text.txt 为可见文字，hidden.txt 为隐藏文字，page.json 为提取结果\n\
   net/                 DNS 应答、TLS 证书链、各跳概要\n\
   env/software.json    软件名称与版本、规则指纹、影响访问的设置\n\
   log/operation.jsonl  操作日志，每行含上一行的 SHA-256\n\
   score.json           固定当时的研判得分与依据\n\
   dossier.json         候选、归属与快照（不含正文）\n\
\n\
校验值不能证明的事\n\
   校验值只能说明：自清单写成以来文件没有变化。它不能单独证明固定的时间，也不能证明内容确由该网站发出\n\
   （TLS 不具备抗抵赖性）；知道做法的人可以连同清单一起重做。因此请与移送函、台账、第三方时间戳、第二地点的\n\
   固定结果或办案人员在场的固定结果互相印证。研判得分是供人复核的提示，不是结论。\n";
