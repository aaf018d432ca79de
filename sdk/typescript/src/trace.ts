/** Where the bundle's lines come from. The build puts it behind the bundle. */
interface Origins {
  /** Files, as seen from the project's folder. */
  sources: string[];
  /**
   * Places in the bundle, ordered, each with what begins there: line, column, source, line in the source. All from 0;
   * the source -1 is of no interest. What follows a place comes from as many lines further down.
   */
  places: number[];
}

const FRAME = /^\s*at (?:(.*) )?\(?componentize-qjs:[^:()]*:(\d+)(?::(\d+))?\)?$/;

/** The places where an error was thrown, and its causes, in the author's own files, each in a line of its own. */
export function trace(error: Error): string {
  let text = frames(error);
  let cause = error.cause;
  for (let depth = 0; cause instanceof Error && depth < 8; depth++, cause = cause.cause) {
    text += `\ncaused by: ${cause.message}${frames(cause)}`;
  }
  return text;
}

function frames(error: Error): string {
  const kept = (globalThis as { __hookboxOrigins?: string }).__hookboxOrigins;
  if (!kept) return "";
  const origins = JSON.parse(kept) as Origins;
  let all = "";
  for (const frame of (error.stack ?? "").split("\n")) {
    const [, name, line, column = "1"] = FRAME.exec(frame) ?? [];
    const place = line && origin(origins, Number(line) - 1, Number(column) - 1);
    if (place) all += `\n    at ${name && name !== "<anonymous>" ? `${name} (${place})` : place}`;
  }
  return all;
}

/** The file and line of a place in the bundle. */
function origin({ sources, places }: Origins, line: number, column: number): string | undefined {
  const at = (index: number): number => places[index] ?? 0;
  let low = 0;
  let high = places.length / 4;
  while (low < high) {
    const middle = (low + high) >> 1;
    const begins = at(middle * 4);
    if (begins < line || (begins === line && at(middle * 4 + 1) <= column)) low = middle + 1;
    else high = middle;
  }
  const found = (low - 1) * 4;
  const source = found < 0 ? undefined : sources[at(found + 2)];
  return source === undefined ? undefined : `${source}:${at(found + 3) + line - at(found) + 1}`;
}
