"""Results as a page of Markdown for people. Everything shown here is in results.json."""

from rows import REFERENCE_LOOP_MS


def quantity(value, unit):
    """A figure with a unit a person reads."""
    if unit == "bytes":
        if value >= 1e6:
            return f"{value / 1e6:.2f} MB"
        return f"{value / 1e3:.1f} KB" if value >= 1e3 else f"{value:.0f} B"
    name = {"ms": "ms", "us": "µs"}[unit]
    if unit == "ms" and value >= 10_000:
        return f"{value / 1000:.1f} s"
    return f"{value:,.0f} {name}" if value >= 1000 else f"{value:.3g} {name}"


def table(header, lines):
    yield "| " + " | ".join(header) + " |"
    yield "|" + "---|" * len(header)
    for line in lines:
        yield "| " + " | ".join(line) + " |"
    yield ""


def spread(figures, unit):
    if figures["min"] == figures["max"]:
        return "same every run" if figures["runs"] > 1 else "one run"
    return f"{quantity(figures['min'], unit)} to {quantity(figures['max'], unit)}"


def own_lines(results, name):
    for row in results["rows"]:
        own = row["results"].get(name)
        if own is None:
            continue
        unit = row["unit"]
        bar = "" if row["bar"] is None else quantity(row["bar"], unit)
        if own["status"] != "ok":
            yield [f"`{row['row']}`", row["title"], own["reason"], "", "", bar, "", ""]
            continue
        figures = own["figures"]
        met = ""
        note = " ~" if own["noisy"] else ""
        if row["bar"] is not None:
            met = "yes" if figures["median"] <= row["bar"] else f"**no**, {figures['median'] / row['bar']:.2f} × the bar"
        yield [
            f"`{row['row']}`", row["title"], quantity(figures["median"], unit) + note, spread(figures, unit), str(figures["runs"]), bar, met,
            quantity(own["raw"]["median"], unit) if row["unit"] != "bytes" else "",
        ]


def peer_lines(results, names, own):
    for row in results["rows"]:
        base = row["results"].get(own, {})
        base = base["figures"]["median"] if base.get("status") == "ok" else None
        line = [f"`{row['row']}`"]
        if own:
            line.append(quantity(base, row["unit"]) if base is not None else "")
        for name in names:
            result = row["results"].get(name)
            if result is None or result["status"] == "not offered":
                line.append("")
            elif result["status"] != "ok":
                line.append("not run")
            else:
                median, runs = result["figures"]["median"], result["figures"]["runs"]
                text = quantity(median, row["unit"]) + (" ~" if result["noisy"] else "")
                if base:
                    text += f" (× {median / base:.3g})"
                line.append(text + (f" n={runs}" if runs < results["runs"] and row["unit"] != "bytes" else ""))
        yield line


def memory_lines(results, names):
    for row in results["rows"]:
        line = [f"`{row['row']}`"]
        for name in names:
            result = row["results"].get(name, {})
            if result.get("status") == "ok":
                line.append(f"{result['peak_rss_kb'] / 1024:.0f} ({(result['peak_rss_kb'] - result['rss_before_kb']) / 1024:.0f})")
            else:
                line.append("")
        yield line


def lines(results):
    own = results["own"]
    versions = results["versions"]
    peers = [name for name in versions if name != own]
    machine = results["machine"]
    yield "# Measurements"
    yield ""
    yield f"{results['when']}, commit {results['commit'] or 'unknown'}, {machine['cpu']}, {machine['cores']} cores, {machine['system']}."
    yield f"Medians of {results['runs']} runs unless a cell says otherwise; times scaled by the calibration loop (reference {REFERENCE_LOOP_MS:g} ms, "
    calibration = results["calibration"]
    if calibration["loop_ms"]:
        yield (f"here {calibration['loop_ms']['median']:.1f} ms, {calibration['loop_ms']['min']:.1f} to {calibration['loop_ms']['max']:.1f}); "
               f"raw fdatasync {calibration['fdatasync_ms']['median']:.3f} ms, {calibration['fdatasync_ms']['min']:.3f} to {calibration['fdatasync_ms']['max']:.3f}.")
    yield "A figure with ~ was taken while something else kept the machine busy: its scaling is a guess."
    yield ""
    if own in versions:
        yield f"## TLFS {versions[own]}"
        yield ""
        yield from table(["row", "work", "median", "spread", "runs", "bar", "met?", "unscaled median"], own_lines(results, own))
    if peers:
        yield "## Peers"
        yield ""
        yield "In brackets the ratio to TLFS: × 3 means three times as long, or as large." if own in versions else "TLFS was not measured in this run."
        yield ""
        header = ["row"] + (["TLFS"] if own in versions else []) + [f"{name} {versions[name]}" for name in peers]
        yield from table(header, peer_lines(results, peers, own if own in versions else None))
    names = ([own] if own in versions else []) + peers
    yield "## Peak resident memory per row, MB"
    yield ""
    yield "In brackets without what the process held when the first run began (program and parsed input)."
    yield ""
    yield from table(["row"] + names, memory_lines(results, names))
    yield "## What is inside the clock"
    yield ""
    for row in results["rows"]:
        yield f"- `{row['row']}`"
        for name in names:
            result = row["results"].get(name, {})
            if result.get("status") == "ok":
                extra = ", ".join(f"{key} {value:,.6g}" for key, value in sorted(result["extra"].items()))
                yield f"  - {name}: {result['inside_the_clock']}" + (f" ({extra})" if extra else "")
    yield ""
    missing = [(name, reason) for name, reason in results["unavailable"].items()]
    failed = [
        (f"{name}, `{row['row']}`", result["reason"])
        for row in results["rows"] for name, result in row["results"].items() if result["status"] in ("failed", "not run")
    ]
    if missing or failed:
        yield "## Not run"
        yield ""
        for name, reason in missing + failed:
            yield f"- {name}: {reason}"
        yield ""


def markdown(results):
    return "\n".join(lines(results))
