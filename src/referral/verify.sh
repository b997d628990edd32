#!/bin/sh
# 核验移送包：sh verify.sh 移送包.zip
# 只需 sh、coreutils，以及 unzip 或 python3；装有 openssl 时另核验国密 SM3。全部通过时退出码为 0，否则为 1。
set -u
zip=${1:?用法：sh verify.sh 移送包.zip}
export LC_ALL=C.UTF-8
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
bad=0
say() {
  if [ "$1" -eq 0 ]; then echo "通过    $2"; else echo "不通过  $2"; bad=1; fi
}
mkdir "$tmp/all" || exit 1
if command -v unzip >/dev/null 2>&1; then
  unzip -Z1 "$zip" >"$tmp/names"
  unzip -qo "$zip" -d "$tmp/all" </dev/null
elif command -v python3 >/dev/null 2>&1; then
  python3 -c 'import sys, zipfile; print("\n".join(zipfile.ZipFile(sys.argv[1]).namelist()))' "$zip" >"$tmp/names"
  python3 -m zipfile -e "$zip" "$tmp/all"
else
  echo "不通过  需要 unzip 或 python3"
  exit 1
fi
say $? "解开移送包 $zip"
cd "$tmp/all" || exit 1
sha256sum --strict --quiet -c manifest.sha256
say $? "每个文件与 manifest.sha256 一致（共 $(wc -l <manifest.sha256) 个）"
sort "$tmp/names" >"$tmp/there"
{ cut -c 67- manifest.sha256; echo manifest.sha256; } | sort >"$tmp/listed"
[ -z "$(comm -3 "$tmp/there" "$tmp/listed")" ]
say $? "没有多出或缺少的文件"
if command -v openssl >/dev/null 2>&1 && printf abc | openssl dgst -sm3 >/dev/null 2>&1; then
  wrong=0
  while read -r sum name; do
    [ "$(openssl dgst -sm3 -r "$name" | cut -d' ' -f1)" = "$sum" ] || { echo "        SM3 不符：$name"; wrong=1; }
  done <manifest.sm3
  say $wrong "每个文件与 manifest.sm3 一致（国密 SM3）"
else
  echo "略过    本机 openssl 不支持 SM3"
fi
# 清单每行一个文件：取出路径和 SHA-256，写成 sha256sum 认识的样子。
listed() {
  while IFS= read -r line; do
    case $line in '{"path": "'*) ;; *) continue ;; esac
    path=${line#'{"path": "'} sum=${line#*'"sha256": "'}
    printf '%s  %s\n' "${sum%%'"'*}" "${path%%'"'*}"
  done
}
for manifest in evidence/*/manifest.json; do
  [ -f "$manifest" ] || continue
  wrong=0
  self=$(tail -n 2 "$manifest")
  self=${self#*'"sha256": "'}
  [ "$(head -n -2 "$manifest" | sha256sum | cut -d' ' -f1)" = "${self%%'"'*}" ] || wrong=1
  (cd "$(dirname "$manifest")" && listed <manifest.json | sha256sum --strict --quiet -c -) || wrong=1
  say $wrong "证据包 $(basename "$(dirname "$manifest")") 的清单自洽，且每个文件与清单一致"
done
if [ $bad -eq 0 ]; then echo "全部通过：自封装以来未被改动。"; else echo "有不通过的项目：请勿使用，联系移送单位。"; fi
exit $bad
