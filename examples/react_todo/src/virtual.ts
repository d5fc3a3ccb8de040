/** Which rows of a long list are drawn: those that can be seen, and a few above and below. All rows are equally high. */
import { useCallback, useLayoutEffect, useState, type RefObject } from "react";

/** In pixels; the style sheet says the same. */
export const rowHeight = 48;
const beyond = 8;

export interface Rows {
  readonly first: number;
  readonly end: number;
}

export function useVisibleRows(scroller: RefObject<HTMLElement | null>, count: number): { rows: Rows; onScroll: () => void } {
  const [seen, setSeen] = useState<Rows>({ first: 0, end: 40 });
  const measure = useCallback(() => {
    const element = scroller.current;
    if (!element) return;
    const first = Math.max(0, Math.floor(element.scrollTop / rowHeight) - beyond);
    const end = Math.ceil((element.scrollTop + element.clientHeight) / rowHeight) + beyond;
    setSeen((last) => (last.first === first && last.end === end ? last : { first, end }));
  }, [scroller]);
  useLayoutEffect(() => {
    measure();
    const observer = new ResizeObserver(measure);
    if (scroller.current) observer.observe(scroller.current);
    return () => observer.disconnect();
  }, [scroller, measure, count]);
  const end = Math.min(seen.end, count);
  return { rows: { first: Math.min(seen.first, end), end }, onScroll: measure };
}
