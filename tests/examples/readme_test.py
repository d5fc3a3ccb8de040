"""The README's example runs and prints what the README says.

    readme_test.py PROGRAM README
"""

import re
import subprocess
import sys


def main():
    program, readme = sys.argv[1:]
    with open(readme, encoding="utf-8") as page:
        shown = re.search(r"^<!-- file: examples/readme\.cpp -->\n+```cpp\n.*?^```\n.*?^```\n(.*?)^```$", page.read(), re.MULTILINE | re.DOTALL)
    if not shown:
        sys.exit("the README shows no example followed by what it prints")
    run = subprocess.run([program], capture_output=True, text=True, check=False, timeout=60)
    if run.returncode != 0:
        sys.exit(f"the example ends with {run.returncode}: {run.stderr}")
    if run.stdout != shown.group(1):
        sys.exit(f"the example prints\n{run.stdout}and not, as the README says,\n{shown.group(1)}")


if __name__ == "__main__":
    main()
