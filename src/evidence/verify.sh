#!/bin/sh
# 证据包校验。只用 POSIX shell、coreutils 与 openssl；不联网，不改动证据包。
# 用法：sh verify.sh [-t] [-r 根证书指纹] [-k 公钥指纹] [证据包目录]
#   -t  必须有可信时间戳，否则不通过
#   -r  时间戳根证书的 SHA-256 指纹（移送函或机构公布的），不符则不通过
#   -k  单位签名公钥的 SHA-256 指纹，不符则不通过
# 每项检查一行；全部通过返回 0，否则返回 1。请用自己保存的 verify.sh，不要只信证据包里的这一份。
LC_ALL=C
export LC_ALL
need_stamp=0 want_root='' want_key=''
while [ $# -gt 0 ]; do
  case $1 in
    -t) need_stamp=1; shift ;;
    -r) want_root=${2:-}; shift; [ $# -gt 0 ] && shift ;;
    -k) want_key=${2:-}; shift; [ $# -gt 0 ] && shift ;;
    --) shift; break ;;
    -*) printf '不认识的参数：%s\n' "$1"; exit 1 ;;
    *) break ;;
  esac
done
plain() { printf '%s' "$1" | tr -d ': ' | tr 'A-F' 'a-f'; }
want_root=$(plain "$want_root") want_key=$(plain "$want_key")
failed=0 checks=0
good() { checks=$((checks + 1)); printf '通过  %s\n' "$1"; }
bad() { checks=$((checks + 1)); failed=$((failed + 1)); printf '不通过  %s\n' "$1"; }
note() { printf '提示  %s\n' "$1"; }
finish() {
  if [ "$failed" -eq 0 ] && [ "$checks" -gt 0 ]; then
    printf '结论：通过（%s 项）。校验只说明自固定以来未被改动。\n' "$checks"
    exit 0
  fi
  printf '结论：不通过（%s 项中 %s 项不通过）\n' "$checks" "$failed"
  exit 1
}
here=$(dirname -- "$0")
dir=${1:-$here/..}
cd -- "$dir" 2>/dev/null || { bad "证据包目录：打不开 $dir"; finish; }
for tool in openssl sha256sum head wc tr date expr; do
  command -v "$tool" >/dev/null 2>&1 || { bad "校验工具：缺少 $tool"; finish; }
done
[ -f manifest.json ] && [ ! -L manifest.json ] || { bad '清单 manifest.json：缺少'; finish; }
sha() { set -- $(sha256sum < "$1"); printf '%s' "$1"; }
sm3() { set -- $(openssl dgst -sm3 -r < "$1" 2>/dev/null); printf '%s' "${1:-}"; }
nl='
'
# 一、清单自身
set -- $(head -n -2 manifest.json | sha256sum)
own=$1
set -- $(head -n -2 manifest.json | openssl dgst -sm3 -r 2>/dev/null)
own3=${1:-}
has_sm3=1
[ -n "$own3" ] || { has_sm3=0; note '本机 openssl 不支持 SM3，只核对 SHA-256'; }
schema='' package='' captured='' signer='' said='' said3='' outcome='' files='' tags='' count=0 wrong=''
while IFS= read -r line; do
  value=${line#*'": "'}
  value=${value%%'"'*}
  case $line in
    '"schema": "'*) schema=$value ;;
    '"package": "'*) package=$value ;;
    '"outcome": "'*) outcome=$value ;;
    '"captured_at": "'*) captured=$value ;;
    '"signer": "'*) signer=$value ;;
    '"self": {'*) said=${line#*'"sha256": "'}; said=${said%%'"'*}; said3=${line#*'"sm3": "'}; said3=${said3%%'"'*} ;;
    '{"tag": "'*)
      tag=${line#*'{"tag": "'}; tag=${tag%%'"'*}
      case $tag in ''|.*|*[!A-Za-z0-9.-]*) wrong="$wrong 时间戳机构 $tag" ;; *) tags="$tags$tag$nl" ;; esac ;;
    '{"path": "'*)
      path=${line#*'{"path": "'}; path=${path%%'"'*}
      case /$path/ in
        */../*|*/./*|*//*|*\\*|/manifest.json/|/proof/*) wrong="$wrong $path" ;;
        *) files="$files$path$nl"; count=$((count + 1)) ;;
      esac ;;
  esac
done < manifest.json
if [ "$own" = "$said" ] && { [ "$has_sm3" -eq 0 ] || [ "$own3" = "$said3" ]; } && [ "$count" -gt 0 ] && [ -z "$wrong" ]; then
  good "清单完好（自校验）：$count 个文件，SHA-256 $(sha manifest.json)"
else
  bad "清单已被改动或不合规$wrong"
fi
case $schema in manifest/1|manifest/2) ;; *) bad "清单格式：$schema 不认识" ;; esac
name=$(pwd -P)
name=${name##*/}
[ "$name" = "$package" ] && good "编号与目录名一致：$package" || bad "编号：清单写 $package，目录名为 $name"
# 二、每个文件
while IFS= read -r line; do
  case $line in '{"path": "'*) ;; *) continue ;; esac
  path=${line#*'{"path": "'}; path=${path%%'"'*}
  case /$path/ in */../*|*/./*|*//*|*\\*|/manifest.json/|/proof/*) continue ;; esac
  bytes=${line#*'", "bytes": '}; bytes=${bytes%%,*}
  want=${line#*'"sha256": "'}; want=${want%%'"'*}
  want3=${line#*'"sm3": "'}; want3=${want3%%'"'*}
  if [ ! -f "$path" ] || [ -L "$path" ]; then
    bad "文件 $path：缺少，或不是普通文件"
  elif [ "$(($(wc -c < "$path")))" != "$bytes" ]; then
    bad "文件 $path：大小应为 $bytes 字节"
  elif [ "$(sha "$path")" != "$want" ]; then
    bad "文件 $path：已被改动（SHA-256 不符）"
  elif [ "$has_sm3" -eq 1 ] && [ "$(sm3 "$path")" != "$want3" ]; then
    bad "文件 $path：已被改动（SM3 不符）"
  else
    good "文件 $path"
  fi
done < manifest.json
# 三、没有多余的文件
proof_known=''
seen() { case $nl$1 in *"$nl$2$nl"*) return 0 ;; esac; return 1; }
walk() {
  for each in "$1"* "$1".[!.]* "$1"..?*; do
    [ -e "$each" ] || [ -L "$each" ] || continue
    if [ -d "$each" ] && [ ! -L "$each" ]; then printf '%s/\n' "$each"; (walk "$each/"); else printf '%s\n' "$each"; fi
  done
}
# 四、时间戳与签名
stamp_time() {
  set -- $(openssl ts -reply -in "$1" -text 2>/dev/null | while IFS= read -r text; do
    case $text in 'Time stamp: '*) printf '%s' "${text#Time stamp: }" ;; esac
  done)
  [ $# -ge 5 ] || return 1
  date -u -d "$1 $2 ${3%%.*} $4 UTC" +%s 2>/dev/null
}
algorithm() {
  openssl ts -reply -in "$1" -text 2>/dev/null | while IFS= read -r text; do
    case $text in 'Hash Algorithm: '*) printf '%s' "${text#Hash Algorithm: }" ;; esac
  done
}
stamped=0
one_stamp() { # 机构 算法
  file=proof/$1.$2.tsr ca=proof/$1.ca.pem
  proof_known="$proof_known$file$nl$ca${nl}proof/$1.json$nl"
  if [ ! -f "$file" ]; then
    refused=0
    [ "$2" = sm3 ] && [ -f "proof/$1.json" ] && while IFS= read -r text; do case $text in *'"refused"'*) refused=1 ;; esac; done < "proof/$1.json"
    if [ "$refused" -eq 1 ]; then good "时间戳 $file：该机构不支持 SM3，未加盖（已记录）"; else bad "时间戳 $file：待加盖时间戳（缺少）"; fi
    return
  fi
  [ "$2" = sm3 ] && [ "$has_sm3" -eq 0 ] && { note "时间戳 $file：本机 openssl 不支持 SM3，未核对"; return; }
  if ! openssl ts -reply -in "$file" -text >/dev/null 2>&1; then bad "时间戳 $file：不是完整的时间戳应答（RFC 3161）"; return; fi
  if ! at=$(stamp_time "$file"); then bad "时间戳 $file：机构没有授予时间戳"; return; fi
  if [ "$(algorithm "$file")" != "$2" ]; then bad "时间戳 $file：不是 $2 的时间戳"; return; fi
  if openssl ts -verify -data manifest.json -in "$file" -CAfile "$ca" -attime "$at" >/dev/null 2>&1; then
    good "时间戳 $file：$(date -u -d "@$at" '+%Y-%m-%d %H:%M:%S') UTC"
    stamped=1
  else
    bad "时间戳 $file：与清单不符，或签名、根证书不符"
    return
  fi
  if from=$(date -u -d "$captured" +%s 2>/dev/null) && [ -n "$captured" ]; then
    gap=$((at - from))
    if [ "$gap" -lt -60 ]; then bad "时间戳 $file：比固定时刻早 $((0 - gap)) 秒，本机时钟有误或被改动"
    elif [ "$gap" -gt 600 ]; then bad "时间戳 $file：固定后 $gap 秒才加盖（超过 600 秒），只证明盖章时已有此内容"
    else good "时间戳 $file：固定后 $gap 秒加盖"; fi
  else
    bad "时间戳 $file：清单没有固定时间"
  fi
}
one_root() { # 机构 清单写明的散列
  ca=proof/$1.ca.pem
  [ -f "$ca" ] || return
  if [ -n "$2" ] && [ "$(sha "$ca")" != "$2" ]; then bad "根证书 $ca：不是清单写明的"; return; fi
  print=$(openssl x509 -in "$ca" -noout -fingerprint -sha256 2>/dev/null)
  print=$(plain "${print#*=}")
  if [ -z "$print" ]; then bad "根证书 $ca：读不出"
  elif [ -n "$want_root" ] && [ "$print" != "$want_root" ]; then bad "根证书 $ca：指纹 $print 与给定的不符"
  elif [ -n "$want_root" ]; then good "根证书 $ca：指纹与给定的一致"
  else note "根证书 $ca：指纹 SHA-256 $print，请与移送函或机构公布的核对"; fi
}
while IFS= read -r line; do
  case $line in '{"tag": "'*) ;; *) continue ;; esac
  tag=${line#*'{"tag": "'}; tag=${tag%%'"'*}
  case $tag in ''|.*|*[!A-Za-z0-9.-]*) continue ;; esac
  hash=${line#*'"ca_sha256": "'}; hash=${hash%%'"'*}
  one_root "$tag" "$hash"
  one_stamp "$tag" sha256
  one_stamp "$tag" sm3
done < manifest.json
for file in proof/*.sha256.tsr; do
  [ -f "$file" ] || continue
  tag=${file#proof/}; tag=${tag%.sha256.tsr}
  seen "$tags" "$tag" && continue
  one_root "$tag" ''
  one_stamp "$tag" sha256
  one_stamp "$tag" sm3
done
one_signature() { # 文件 算法 公钥指纹
  proof_known="${proof_known}$1$nl"
  if [ ! -f proof/signer.pem ] || [ ! -f "$1" ]; then bad '单位签名：缺少'; return; fi
  if [ "$3" != "$signer" ]; then bad '单位签名：公钥不是清单写明的'; return; fi
  if [ -n "$want_key" ] && [ "$3" != "$want_key" ]; then bad "单位签名：公钥指纹 $3 与给定的不符"; return; fi
  if [ "$2" = SM2 ] && [ "$has_sm3" -eq 0 ]; then note "单位签名 $1：本机 openssl 不支持 SM2，未核对"; return; fi
  case $2 in
    SM2) openssl dgst -sm3 -verify proof/signer.pem -sigopt distid:1234567812345678 -signature "$1" manifest.json >/dev/null 2>&1 ;;
    *) openssl pkeyutl -verify -pubin -inkey proof/signer.pem -rawin -in manifest.json -sigfile "$1" >/dev/null 2>&1 ;;
  esac && good "单位签名（$2）：公钥指纹 SHA-256 $3" || bad '单位签名：与清单不符'
}
if [ -n "$signer" ] || [ -e proof/manifest.ed25519.sig ] || [ -e proof/manifest.sm2.sig ] || [ -e proof/signer.pem ]; then
  proof_known="${proof_known}proof/signer.pem$nl"
  set -- $(openssl pkey -pubin -in proof/signer.pem -outform DER 2>/dev/null | sha256sum)
  print=$1
  [ -e proof/manifest.sm2.sig ] && one_signature proof/manifest.sm2.sig SM2 "$print"
  if [ -e proof/manifest.ed25519.sig ] || [ ! -e proof/manifest.sm2.sig ]; then one_signature proof/manifest.ed25519.sig Ed25519 "$print"; fi
elif [ -n "$want_key" ]; then bad '单位签名：本包没有签名'
fi
if [ "$stamped" -eq 0 ]; then
  if [ "$need_stamp" -eq 1 ] || [ -n "$want_root" ]; then bad '可信时间戳：本包没有有效的时间戳'
  elif [ -z "$tags" ]; then note '可信时间戳：未配置时间戳机构，本包不能证明固定的时间'; fi
fi
extra=$(walk '' | while IFS= read -r each; do
  case $each in
    manifest.json) continue ;;
    */) case $nl${files}proof/$nl in *"$nl$each"*) continue ;; esac ;;
    *) seen "$files$proof_known" "$each" && [ ! -L "$each" ] && continue ;;
  esac
  printf '%s ' "$each"
done)
[ -z "$extra" ] && good '清单之外没有多余的文件' || bad "清单之外有多余的文件：$extra"
# 五、操作日志
log=log/operation.jsonl
if [ -f "$log" ]; then
  before='' n=0 broken='' last='' time=''
  while IFS= read -r line || [ -n "$line" ]; do
    link=${line##*'"before":"'}; link=${link%%'"'*}
    number=${line#'{"n":'}; number=${number%%,*}
    at=${line#*'"at":"'}; at=${at%%'"'*}
    [ "$number" = "$n" ] && [ "$link" = "$before" ] || { broken="第 $((n + 1)) 行与上一行对不上"; break; }
    if [ "$schema" != manifest/1 ] && [ -n "$time" ] && expr "x$at" \< "x$time" >/dev/null; then broken="第 $((n + 1)) 行的时间早于上一行：时钟被往回调过"; break; fi
    time=$at
    set -- $(printf '%s' "$line" | sha256sum)
    before=$1 n=$((n + 1)) last=$line
  done < "$log"
  [ -n "$broken" ] || case $last in *'"what":"sealed"'*'"lines_before":'$((n - 1))'}'*) ;; *) broken='结尾缺失' ;; esac
  [ -z "$broken" ] && good "操作日志哈希链：$n 行" || bad "操作日志哈希链：$broken"
else
  bad '操作日志：缺少'
fi
finish
