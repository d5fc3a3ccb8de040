"""kill_test.py NODE_WRITER: kills a node that writes, at random moments, and looks for what it had acknowledged.

What fsync itself promises is not tested by this: the page cache survives a killed process. It tests that the node never
acknowledges what it has not handed to the disk, and opens again from whatever it left behind."""

import os
import random
import subprocess
import sys
import tempfile
import time

KILLS = int(os.environ.get("TLFS_KILLS", "200"))


def main():
    seed = int(os.environ.get("TLFS_SEED", "1"))
    chance = random.Random(seed)
    acknowledged = set()
    with tempfile.TemporaryDirectory() as folder:
        for kill in range(KILLS):
            process = subprocess.Popen([sys.argv[1], folder], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            # Some die before they have opened anything, some in the middle of their writes.
            time.sleep(chance.random() ** 2 * 0.35)
            process.kill()
            out, err = process.communicate()
            if err:
                sys.exit(f"run {kill}: {err}")
            for line in out.split("\n")[:-1]:
                word, *numbers = line.split()
                if word == "have":
                    missing = acknowledged - set(map(int, numbers))
                    if missing:
                        sys.exit(f"run {kill}: acknowledged and gone: {sorted(missing)[:10]} (seed {seed})")
                else:
                    acknowledged.add(int(numbers[0]))
    if len(acknowledged) < KILLS:
        sys.exit(f"only {len(acknowledged)} writes were acknowledged in {KILLS} runs: this tested nothing")
    print(f"{KILLS} kills, {len(acknowledged)} acknowledged writes, none lost")


main()
