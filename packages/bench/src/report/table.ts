/** A table as Markdown, its columns lined up; numbers to the right. */
export function table(headings: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = headings.map((heading, i) =>
    Math.max(heading.length, ...rows.map((row) => row[i]?.length ?? 0)),
  );
  const isNumber = headings.map((_, i) => rows.every((row) => /^[\d.,]*$/.test(row[i] ?? "")));
  const line = (row: readonly string[]): string => {
    const padded = widths.map((width, i) => {
      const text = row[i] ?? "";
      return isNumber[i] === true ? text.padStart(width) : text.padEnd(width);
    });
    return `| ${padded.join(" | ")} |`;
  };
  const rule = widths.map((width, i) =>
    isNumber[i] === true ? `${"-".repeat(width - 1)}:` : "-".repeat(width),
  );
  return [line(headings), `| ${rule.join(" | ")} |`, ...rows.map(line)].join("\n");
}
