"""The words that a unit would give to a keyword tool, taken from our own site file: pinyin joined, initials, Latin text and the
official labels joined. Chinese words stay out: the lists that these tools read carry A-labels."""

import pathlib
import tomllib

SITE = pathlib.Path(__file__).resolve().parents[2] / "rules/sites/cx.mem.gov.cn.toml"


def site():
    with SITE.open("rb") as file:
        return tomllib.load(file)


def keywords():
    """Longest first, no keyword twice, none under three letters."""
    host = site()["hosts"][0].split(".")
    words = set()
    for first in range(len(host)):
        for last in range(first + 2, len(host) + 1):
            words.update(mark.join(host[first:last]) for mark in ("", "-", "."))
    for word in site()["names"]["words"]:
        syllables = word.get("pinyin", "").split()
        words.update({"".join(syllables), word.get("text", "")})
        if word.get("initials", 0):
            words.add("".join(s[0] for s in syllables))
    return sorted((w for w in words if len(w) >= 3), key=lambda w: (-len(w), w))


def suffixes():
    return site()["names"]["suffixes"]
