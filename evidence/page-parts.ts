import { pageStyle } from "./page-style";
import { escaped } from "./timeline";
import type { Tone } from "./view";

/**
 * A page without anything from elsewhere: it opens from a file, and on a machine without a network.
 * @param after what stands behind the page's main part
 * @param style more of it than all pages have
 */
export const htmlPage = (title: string, main: string, after = "", style = ""): string => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escaped(title)}</title>
<style>${pageStyle}${style}</style>
</head>
<body>
<main>
${main}
</main>${after}
</body>
</html>
`;

/** On a narrow page each row is a card, whose cells have their column's head beside them. */
export function table(heads: string[], rows: string[][]): string {
  const row = (cells: string[]) => cells.map((c, i) => `<td data-head="${escaped(heads[i] ?? "")}">${c}</td>`).join("");
  return `<table><thead><tr>${heads.map((h) => `<th scope="col">${h}</th>`).join("")}</tr></thead><tbody>${rows.map((r) => `<tr>${row(r)}</tr>`).join("\n")}</tbody></table>`;
}

export const badge = (text: string, tone: Tone): string => `<span class="badge ${tone}">${escaped(text)}</span>`;

/** "2026-11-21 16:52:01 UTC"; the machine's form stays in the element. */
export function at(time: string | undefined): string {
  return time === undefined || Number.isNaN(Date.parse(time))
    ? "unknown"
    : `<time datetime="${escaped(time)}">${escaped(time.slice(0, 10))} ${escaped(time.slice(11, 19))} UTC</time>`;
}
