/** The app's icons, drawn with lines on a grid of 16. */
const paths = {
  check: "M2.5 8.5l3.5 4 7.5-9",
  plus: "M8 3v10M3 8h10",
  cross: "M4 4l8 8M12 4l-8 8",
  grip: "M6 3.5v.01M10 3.5v.01M6 8v.01M10 8v.01M6 12.5v.01M10 12.5v.01",
  undo: "M6 3L2.5 6.5 6 10M3 6.5h6a4 4 0 010 8H6",
  redo: "M10 3l3.5 3.5L10 10M13 6.5H7a4 4 0 000 8h3",
  share: "M8 10V2M5 4.5L8 1.5l3 3M3 8v6h10V8",
  pencil: "M3 13l.7-3L11 2.7l2.3 2.3L6 12.3z",
  offline: "M2 2l12 12M3.5 7a7 7 0 012-1.3M12.5 7A7 7 0 008 5M6 9.7a3.5 3.5 0 014 0M8 12.8v.01",
  fork: "M8 14V9M8 9L4 5V2M8 9l4-4V2",
  lock: "M4 7.5h8v6H4zM5.5 7.5V5a2.5 2.5 0 015 0v2.5",
} as const;

export function Icon({ name }: { name: keyof typeof paths }) {
  return (
    <svg className="icon" viewBox="0 0 16 16" aria-hidden="true" focusable="false">
      <path d={paths[name]} />
    </svg>
  );
}
