/** The colours of others' cursors. */
import { expect, test } from "vitest";
import { colourOf, colours } from "../src/cursors.js";

/** How bright a colour `#rrggbb` is, from 0 to 1 (WCAG 2.2, "relative luminance"). */
function luminance(colour: string): number {
  const [red, green, blue] = [1, 3, 5].map((at) => {
    const level = parseInt(colour.slice(at, at + 2), 16) / 255;
    return level <= 0.04045 ? level / 12.92 : ((level + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red! + 0.7152 * green! + 0.0722 * blue!;
}

test("a name in white can be read on each colour", () => {
  for (const colour of colours) expect(1.05 / (luminance(colour) + 0.05), colour).toBeGreaterThanOrEqual(4.5);
});

test("devices have all the colours, each device always the same", () => {
  const devices = Array.from({ length: 256 }, (_, at) => `${at.toString(16).padStart(2, "0")}f9c1`);
  expect(new Set(devices.map(colourOf)).size).toBe(colours.length);
  expect(devices.map(colourOf)).toEqual(devices.map(colourOf));
});
