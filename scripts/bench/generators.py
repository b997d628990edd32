#!/usr/bin/env python3
"""generators.py JIANWEI DNSTWIST: is every registrable name that dnstwist and ail-typo-squatting make among ours? By class, with what is missing.

A name counts as registrable where the public suffix list knows its ending, the ending is open to the public, and the name is neither
the host's own nor below somebody's known zone. Of ail's 35,000 dynamic zones those count that the public suffix list knows: below the
others nobody can tell who may take a name. Its English misspellings and homophones apply where the label is an English word.
"""

import collections
import json
import pathlib
import re
import subprocess
import sys

import tldextract

OFFLINE = tldextract.TLDExtract(suffix_list_urls=(), include_psl_private_domains=True, cache_dir=None)
tldextract.extract = tldextract.TLDExtract(suffix_list_urls=(), cache_dir=None)  # ail asks the network for the list otherwise

import ail_typo_squatting  # noqa: E402

HOSTS = ["paypal.com", "www.google.com", "icbc.com.cn", "alipay.com", "12306.cn", "amazon.co.uk", "emergency-portal.org", "cx.mem.gov.cn"]
CLASSES = ["omission", "repetition", "changeOrder", "replacement", "doubleReplacement", "addition", "missingDot", "stripDash",
           "vowelSwap", "addDash", "homoglyph", "homophones", "wrongTld", "wrongSld", "addTld", "subdomain", "singularPluralize",
           "changeDotDash", "numeralSwap", "commonMisspelling"]
CLOSED = re.compile(r"^(?:(?:.*\.)?(?:gov|mil|edu|int|arpa)|(?:.*\.)?(?:gov|gouv|gob|govt|edu|mil|govern|go)\.[a-z]{2}|ac\.(?:cn|uk|jp|kr|in|nz|za|th|id))$")
# Registries that sell no accented Latin letters: such names cannot be registered, whoever prints them.
PLAIN_ONLY = {"cn", "com.cn", "net.cn", "org.cn", "uk", "co.uk"}
ZONES = {".".join(s.split(".")[i:]) for s in OFFLINE.tlds for i in range(1, s.count(".") + 1)}
DYNAMIC = json.loads((pathlib.Path(ail_typo_squatting.__file__).parent / "etc/dynamic-dns.json").read_text())["list"]
DYNAMIC = [zone for zone in DYNAMIC if OFFLINE("q0z9" + zone).subdomain == "" and OFFLINE("q0z9" + zone).domain == "q0z9"]


def ascii_form(name):
    try:
        return ".".join(l if l.isascii() else "xn--" + l.encode("punycode").decode() for l in name.lower().strip(".").split("."))
    except UnicodeError:
        return ""


def registrable(name, own):
    parts = OFFLINE(name)
    if not parts.suffix or not parts.domain or CLOSED.match(parts.suffix):
        return False
    bought = f"{parts.domain}.{parts.suffix}"
    if bought == own or bought in ZONES or (parts.suffix in PLAIN_ONLY and parts.domain.startswith("xn--")):
        return False
    return all(re.fullmatch(r"(?!-)[a-z0-9-]{1,63}(?<!-)", label) for label in name.split("."))


def ours(jianwei, host):
    run = subprocess.run([jianwei, "permute", host], check=True, capture_output=True, text=True)
    return {line.split("\t")[0] for line in run.stdout.splitlines()}


def twisted(dnstwist, host):
    run = subprocess.run([dnstwist, "--format", "json", host], check=True, capture_output=True, text=True)
    made = collections.defaultdict(set)
    for row in json.loads(run.stdout):
        made[row["fuzzer"]].add(row["domain"])
    return made


def squatted(host):
    made = {}
    for name in CLASSES:
        make = getattr(ail_typo_squatting, name, None)
        if make is not None:
            made[name] = {ascii_form(n) for n in make(host, [], False, 10**9)}
    dashed = (host.replace(".", "-"), "-".join(host.rsplit(".", 1)))
    made["addDynamicDns"] = {n for head in dashed for n in (head + z for z in DYNAMIC)}
    return made


def compare(tool, host, known, made):
    own = OFFLINE(host)
    own = f"{own.domain}.{own.suffix}"
    counts, missing = [], []
    for kind, names in sorted(made.items()):
        wanted = {n for n in names if registrable(n, own)}
        absent = sorted(wanted - known)
        missing += [f"{n} ({kind})" for n in absent]
        if wanted:
            counts.append(f"{kind} {len(wanted)}" + (f" [-{len(absent)}]" if absent else ""))
    total = sum(len({n for n in names if registrable(n, own)}) for names in made.values())
    print(f"{host:<22} {tool:<20} {total:>6} registrable names, {len(missing)} missing: {', '.join(counts)}")
    for name in missing[:20]:
        print(f"    missing: {name}")
    return len(missing)


def main():
    jianwei, dnstwist = sys.argv[1:3]
    missing = 0
    for host in HOSTS:
        known = ours(jianwei, host)
        missing += compare("dnstwist", host, known, twisted(dnstwist, host))
        missing += compare("ail-typo-squatting", host, known, squatted(host))
    print(f"{missing} names missing in all (expected 0)")


main()
