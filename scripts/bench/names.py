#!/usr/bin/env python3
"""names.py COUNT: names like those of a day's new registrations, the same at every run. Stands in where the real list is absent."""

import random
import sys

ONSETS = ["b", "br", "c", "ch", "cl", "d", "f", "g", "gr", "h", "j", "k", "l", "m", "n", "p", "pr", "r", "s", "sh", "st", "t", "tr", "v", "w", "z", ""]
RHYMES = ["a", "an", "ang", "ar", "e", "en", "er", "i", "in", "ing", "o", "on", "or", "ou", "u", "un", "ai", "ea", "ie", "y"]
WORDS = ["shop", "home", "tech", "health", "group", "online", "solutions", "design", "media", "world", "house", "travel", "club", "legal",
         "care", "green", "digital", "capital", "energy", "studio", "coach", "market", "best", "my", "the", "pro", "build", "smart", "cloud"]
ENDINGS = ["com"] * 52 + ["net"] * 5 + ["org"] * 5 + ["shop"] * 7 + ["online"] * 4 + ["xyz"] * 5 + ["top"] * 6 + ["site"] * 4 + ["info"] * 3 + \
          ["store"] * 3 + ["vip", "club", "icu", "live", "space", "se"]


def label(dice):
    kind = dice.random()
    if kind < 0.06:
        return "".join(dice.choices("abcdefghijklmnopqrstuvwxyz0123456789", k=dice.randint(4, 14)))
    parts = []
    for _ in range(dice.choice((1, 2, 2, 2, 3))):
        if dice.random() < 0.4:
            parts.append(dice.choice(WORDS))
        else:
            parts.append("".join(dice.choice(ONSETS) + dice.choice(RHYMES) for _ in range(dice.choice((1, 2, 2, 3)))))
    text = ("-" if dice.random() < 0.12 else "").join(parts)
    return text + (str(dice.randint(1, 9999)) if dice.random() < 0.08 else "")


def main():
    dice = random.Random(20261124)
    out = sys.stdout
    for _ in range(int(sys.argv[1])):
        out.write(f"{label(dice)}.{dice.choice(ENDINGS)}\n")


main()
