#!/usr/bin/env python3
"""peers.py JIANWEI DATA [DNSTWIST]: our screen beside the rules of openSquat and phishing_catcher and beside dnstwist's generator.

All get the same words (vocabulary.py). The two list rules are our own short programs for the published rule, quicker than the originals;
each is shown as shipped and with its dials turned so that it alerts on the million new names no more often than we do,
and no more than ten times as often.
"""

import collections
import gzip
import json
import math
import pathlib
import re
import resource
import subprocess
import sys
import tempfile
import time

import vocabulary

SECOND_LEVELS = {"com", "net", "org", "gov", "edu", "ac", "co", "go"}


def host_of(line):
    """The host as a list of names carries it: lower case, A-labels, no address around it."""
    text = line.strip().lower().split("://")[-1]
    host = re.split(r"[/?#]", text)[0].rsplit("@")[-1].split(":")[0]
    labels = host.split(".")
    return ".".join(l if l.isascii() else "xn--" + l.encode("punycode").decode() for l in labels)


def registrable(host):
    labels = host.split(".")
    deep = len(labels) > 2 and len(labels[-1]) == 2 and (labels[-2] in SECOND_LEVELS or len(labels[-2]) == 2)
    return ".".join(labels[-3 if deep else -2:])


class Near:
    """Which keywords are within one or two edits of a label: by their deletions, then measured."""

    def __init__(self, words, most):
        self.most = most
        self.table = collections.defaultdict(set)
        for word in words:
            for cut in self.cuts(word):
                self.table[cut].add(word)

    def cuts(self, text):
        found, last = {text}, {text}
        for _ in range(self.most):
            last = {t[:i] + t[i + 1:] for t in last for i in range(len(t))}
            found |= last
        return found

    def of(self, label):
        if len(label) > 40:
            return set()
        seen = set()
        for cut in self.cuts(label):
            for word in self.table.get(cut, ()):
                if word not in seen and distance(word, label) <= self.most:
                    seen.add(word)
        return seen


def distance(a, b):
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        left, row[0] = row[0], i
        for j, y in enumerate(b, 1):
            left, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, left + (x != y))
    return row[-1]


class OpenSquat:
    """Keyword inside the line, or first label within `edits` of a keyword. Dials: edits, and the shortest keyword that is used.
    Its look-alike test compares Unicode letters; lists carry A-labels, so it never speaks and is left out."""

    name = "openSquat's rule"

    def __init__(self, words, edits):
        self.words, self.edits = words, edits
        self.any = re.compile("|".join(map(re.escape, words)))
        self.near = Near(words, edits) if edits else None

    def value(self, host):
        """Length of the longest keyword that hits; 0 for none."""
        best = 0
        if self.any.search(host):
            best = next(len(w) for w in self.words if w in host)
        if self.near:
            for label in {host.split(".")[0], registrable(host).split(".")[0]}:
                best = max([best, *map(len, self.near.of(label))])
        return best


class PhishingCatcher:
    """Points: cheap ending 20, ten times the entropy, each keyword inside 70, each word one edit from a keyword 70, many hyphens or
    dots three each, a first word that looks like an ending 10. Dials: the level, and the shortest keyword. The endings are our choice."""

    name = "phishing_catcher's rule"
    CHEAP = set("top xyz icu club online site vip shop info cc tk ml ga cf gq work live buzz cfd sbs cyou bond click link pw".split())

    def __init__(self, words, shortest=3):
        self.words = [w for w in words if len(w) >= shortest]
        self.any = re.compile("|".join(map(re.escape, self.words)))
        self.near = Near(self.words, 1)

    def value(self, host):
        head, _, ending = host.rpartition(".")
        points = 20 if ending in self.CHEAP else 0
        count = collections.Counter(head)
        points += round(-10 * sum(n / len(head) * math.log2(n / len(head)) for n in count.values())) if head else 0
        parts = re.split(r"\W+", head)
        points += 10 if parts[0] in ("com", "net", "org") else 0
        if self.any.search(host):
            points += 70 * sum(w in host for w in self.words)
        points += 70 * sum(len(self.near.of(p) - {p}) for p in parts if p)
        if "xn--" not in host and host.count("-") >= 4:
            points += 3 * host.count("-")
        if host.count(".") >= 3:
            points += 3 * host.count(".")
        return points


class Sets:
    """What every tool is asked."""

    def __init__(self, data):
        def lines(name):
            path = data / name
            opened = gzip.open(path, "rt", encoding="utf-8") if name.endswith(".gz") else path.open(encoding="utf-8")
            with opened as file:
                return file.read().splitlines()

        self.new = lines("new-names-1m.txt.gz")
        self.old = lines("established-cn-names.txt.gz")
        self.catalogue = [cell for row in lines("deception-catalogue.tsv")[1:] for cell in row.split("\t")[2:4]]
        self.mutated = [tuple(row.split("\t")) for row in lines("mutated-names.tsv")[1:]]


def shares(sets, hit):
    """Catalogue hits, share of the mutated names, the poorest class of edit and its share."""
    classes = collections.defaultdict(lambda: [0, 0])
    for kind, name in sets.mutated:
        classes[kind][0] += hit(name)
        classes[kind][1] += 1
    poorest = min(classes, key=lambda k: classes[k][0] / classes[k][1])
    share = lambda pair: 100 * pair[0] / pair[1]
    every = [sum(c[i] for c in classes.values()) for i in (0, 1)]
    return sum(map(hit, sets.catalogue)), share(every), f"{poorest} {share(classes[poorest]):.0f}"


ROW = "{:<34} {:>8} {:>6} {:>10} {:>9}  {:<20} {:>12}"


def row(tool, new, old, shown, speed):
    print(ROW.format(tool, new, old, f"{shown[0]}/84", f"{shown[1]:.1f} %", shown[2], f"{speed:,.0f}"), flush=True)


def ours(jianwei, sets):
    """The hits of one run of the program over all names, and what it came to on each set."""
    with tempfile.NamedTemporaryFile("w", suffix=".txt", encoding="utf-8") as file:
        file.write("\n".join([*sets.new, *sets.old, *sets.catalogue, *(n for _, n in sets.mutated)]) + "\n")
        file.flush()
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        run = subprocess.run([jianwei, "--json", "match", file.name], check=True, capture_output=True, text=True, encoding="utf-8")
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
    spent = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
    hits = {json.loads(line)["name"] for line in run.stdout.splitlines()}
    new, old = (sum(n in hits for n in names) for names in (sets.new, sets.old))
    asked = len(sets.new) + len(sets.old) + len(sets.catalogue) + len(sets.mutated)
    row("jianwei match", new, old, shares(sets, lambda n: n in hits), asked / spent)
    return new


def timed(rule, names):
    started = time.process_time()
    values = [rule.value(n) for n in names]
    return values, len(names) / (time.process_time() - started)


def list_rule(sets, makes, as_shipped, level, budget):
    """`makes`: the rule at each setting. Prints it as shipped, and at the setting and level that find most within `budget` alerts."""
    best = {}
    for setting, make in makes.items():
        rule = make()
        new, speed = timed(rule, sets.new)
        old = [rule.value(n) for n in sets.old]
        known = {}
        def value(line):
            if line not in known:
                known[line] = rule.value(host_of(line))
            return known[line]
        def figures(least):
            count = lambda values: sum(v >= least for v in values)
            return count(new), count(old), shares(sets, lambda n: value(n) >= least), speed
        if setting == as_shipped:
            row(f"{rule.name}, all words", *figures(level))
        for alerts in (budget, 10 * budget):
            least = sorted(new, reverse=True)[alerts] + 1
            found = figures(least)
            if alerts not in best or found[2][1] > best[alerts][0][2][1]:
                best[alerts] = (found, f"  {setting}, >= {least}")
    for found, title in best.values():
        row(title, *found)


def dnstwist(program, sets):
    with tempfile.TemporaryDirectory() as folder:
        words, endings = pathlib.Path(folder, "words"), pathlib.Path(folder, "endings")
        words.write_text("\n".join(k for k in vocabulary.keywords() if "." not in k))
        endings.write_text("\n".join(vocabulary.suffixes()))
        for title, extra in (("as shipped", []), ("our words, endings", ["--dictionary", str(words), "--tld", str(endings)])):
            names, before = set(), resource.getrusage(resource.RUSAGE_CHILDREN)
            for seed in ("cx.mem.gov.cn", "mem.gov.cn"):
                run = subprocess.run([program, "--format", "list", *extra, seed], check=True, capture_output=True, text=True)
                names.update(run.stdout.split())
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            names -= {"cx.mem.gov.cn", "mem.gov.cn"}
            hit = lambda line: any(".".join(host_of(line).split(".")[i:]) in names for i in range(6))
            spent = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
            row(f"dnstwist, {title}", *(sum(map(hit, n)) for n in (sets.new, sets.old)), shares(sets, hit), len(names) / spent)


def main():
    jianwei, data, program = sys.argv[1], pathlib.Path(sys.argv[2]), sys.argv[3] if len(sys.argv) > 3 else None
    sets, words = Sets(data), vocabulary.keywords()
    print(f"{len(words)} keywords from {vocabulary.SITE.name} for each; alerts on {len(sets.new):,} new and {len(sets.old):,} established names")
    print(ROW.format("tool, setting", "new", "old", "catalogue", "mutated", "poorest class, %", "names/CPU-s"))
    budget = ours(jianwei, sets)
    open_squat = {f"{e} edits": (lambda e=e: OpenSquat(words, e)) for e in (0, 1)}
    list_rule(sets, open_squat, "1 edits", 1, budget)
    catcher = {f"words of {n}+": (lambda n=n: PhishingCatcher(words, n)) for n in (3, 12)}
    list_rule(sets, catcher, "words of 3+", 75, budget)
    if program:
        dnstwist(program, sets)
    else:
        print("dnstwist: skipped, it could not be installed from PyPI")


main()
