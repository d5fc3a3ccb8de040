#!/usr/bin/env python3
"""Random histories with the verdicts of the executable reference, for tests/runtime/access/rules_reference_test.cpp.

    reference_histories.py ACCESS_RULES_PY COUNT [FIRST_SEED]

A third of the histories are the reference's own. The others are made here: several names at once, admissions, authors
who cite what is not theirs and claim to have seen what they have not; and owners who remove each other.

A line for each thing, fields separated by blanks, `-` for nothing, lists separated by commas:

    history SEED
    item ID KIND AUTHOR HEADS TO LEVEL AT PROOF NAMES FRONTIER     an address is its steps after a slash
    effective IDS | live IDS | counts IDS
    level WHO AT LEVEL
    end
"""
import importlib.util
import random
import sys

PEOPLE = ("a", "b", "c", "d", "e")
ADDRESSES = ("", "x", "xy", "z")


def load(path):
    spec = importlib.util.spec_from_file_location("access_rules", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules["access_rules"] = module
    spec.loader.exec_module(module)
    return module


def dishonest_history(reference, rng, steps):
    """Most act within their rights; some cite anything and say they saw anything."""
    items = reference.genesis(rng.choice(PEOPLE))
    for i in range(1, steps + 1):
        heads = rng.sample(sorted(items), rng.randint(1, min(3, len(items))))
        past = frozenset({reference.ROOT} | set(heads) | {p for h in heads for p in items[h].past})
        grants = sorted(g for g in past if items[g].kind == "grant")
        strong = [g for g in grants if items[g].level >= reference.CONTROL]
        leaves = sorted(x for x in past if items[x].kind == "leaf")
        honest = rng.random() < 0.85
        proof = rng.choice(strong if honest else sorted(items))
        cited = items[proof]
        author = cited.to if honest and cited.kind == "grant" else rng.choice(PEOPLE)
        frontier = frozenset(leaves) if rng.random() < 0.5 else frozenset(x for x in items if items[x].kind == "leaf" and rng.random() < 0.5)
        what = rng.choice(["grant", "grant", "grant", "revoke", "revoke", "revoke", "leaf", "leaf", "admit"])
        below = [x for x in ADDRESSES if x.startswith(cited.at)] if honest else list(ADDRESSES)
        if what == "grant":
            items[i] = reference.Item(i, "grant", author, past, to=rng.choice(PEOPLE), level=rng.randint(1, 5), at=rng.choice(below or [""]), proof=proof)
        elif what == "revoke":
            names = frozenset(rng.sample(grants, rng.randint(1, min(3, len(grants)))))
            items[i] = reference.Item(i, "revoke", author, past, proof=proof, names=names, frontier=frontier)
        elif what == "admit":
            every = sorted(x for x in past if items[x].kind == "leaf")
            names = frozenset(x for x in every if rng.random() < 0.6)
            items[i] = reference.Item(i, "admit", author, past, proof=proof, names=names)
        else:
            holders = [g for g in grants if items[g].level >= reference.WRITE]
            held = items[rng.choice(holders if honest else grants)]
            items[i] = reference.Item(i, "leaf", held.to if honest else author, past, at=held.at + rng.choice(["", "", "q"]))
    return items


def quarrel(reference, rng, steps):
    """Owners of one generation, and some of the next, remove each other; now and then after seeing their own removal."""
    items = reference.genesis("a")
    owners = []
    for i in range(1, rng.randint(3, 6)):
        past = frozenset(items)
        proof = rng.choice([reference.ROOT] * 3 + owners) if owners else reference.ROOT
        items[i] = reference.Item(i, "grant", items[proof].to, past, to=PEOPLE[i % 5], level=reference.OWN, proof=proof)
        owners.append(i)
    first = frozenset(items)
    for i in range(len(items), len(items) + steps):
        heads = rng.sample(sorted(items), rng.randint(0, 2))
        past = first | frozenset(heads) | frozenset(p for h in heads for p in items[h].past)
        mine = rng.choice(owners)
        leaves = frozenset(x for x in past if items[x].kind == "leaf")
        if rng.random() < 0.25:
            items[i] = reference.Item(i, "leaf", items[mine].to, past)
        else:
            items[i] = reference.Item(i, "revoke", items[mine].to, past, proof=mine, names=frozenset([rng.choice(owners)]), frontier=leaves)
    return items


def some(ids):
    return ",".join(str(i) for i in sorted(ids)) or "-"


def show(reference, seed, items):
    print("history", seed)
    for i in sorted(items):
        item = items[i]
        heads = item.past - {p for x in item.past for p in items[x].past}
        print("item", i, item.kind, item.author.replace(" ", "_"), some(heads), item.to or "-", item.level, "/" + item.at,
              "-" if item.proof is None else item.proof, some(item.names), some(item.frontier))
    effective, live, counting = reference.verdict(items)
    print("effective", some(effective))
    print("live", some(live))
    print("counts", some(counting))
    for who in PEOPLE:
        for at in ADDRESSES + ("xq",):
            print("level", who, "/" + at, reference.level(items, who, at))
    print("end")


def main():
    reference = load(sys.argv[1])
    first = int(sys.argv[3]) if len(sys.argv) > 3 else 1
    for seed in range(first, first + int(sys.argv[2])):
        rng = random.Random(seed)
        steps = rng.randint(4, 22)
        make = (reference.random_history, lambda *how: dishonest_history(reference, *how), lambda *how: quarrel(reference, *how))[seed % 3]
        items = make(rng, steps)
        show(reference, seed, items)


if __name__ == "__main__":
    main()
