/** A test for names: `*` in the pattern stands for any characters, none included. */
export function namePattern(pattern: string): (name: string) => boolean {
  const parts = pattern.split("*");
  const [first = ""] = parts;
  if (parts.length === 1) return (name) => name === pattern;
  return (name) => {
    if (!name.startsWith(first)) return false;
    let at = first.length;
    for (const part of parts.slice(1, -1)) {
      const found = name.indexOf(part, at);
      if (found < 0) return false;
      at = found + part.length;
    }
    const last = parts.at(-1) ?? "";
    return name.length - last.length >= at && name.endsWith(last);
  };
}
