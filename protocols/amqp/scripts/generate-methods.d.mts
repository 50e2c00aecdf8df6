export function generate(xml: string): Promise<Map<string, string>>;
