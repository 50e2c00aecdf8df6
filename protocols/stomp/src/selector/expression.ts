/** What a header or an expression is worth; undefined is SQL's NULL: absent or unknown. */
export type SelectorValue = string | number | boolean | undefined;

export type ComparisonOperator = "=" | "<>" | "<" | "<=" | ">" | ">=";

/** A parsed selector. Every node can be worth any value; only TRUE selects. */
export type Expression =
  | { readonly kind: "literal"; readonly value: SelectorValue }
  | { readonly kind: "identifier"; readonly name: string }
  | { readonly kind: "not"; readonly of: Expression }
  | { readonly kind: "and" | "or"; readonly left: Expression; readonly right: Expression }
  | {
      readonly kind: "comparison";
      readonly operator: ComparisonOperator;
      readonly left: Expression;
      readonly right: Expression;
    }
  | {
      readonly kind: "arithmetic";
      readonly operator: "+" | "-" | "*" | "/";
      readonly left: Expression;
      readonly right: Expression;
    }
  | {
      readonly kind: "between";
      readonly of: Expression;
      readonly low: Expression;
      readonly high: Expression;
    }
  | { readonly kind: "in"; readonly of: Expression; readonly values: readonly Expression[] }
  | { readonly kind: "like"; readonly of: Expression; readonly pattern: LikePattern }
  | { readonly kind: "is-null"; readonly of: Expression };

/** A LIKE pattern with its escapes resolved. */
export type LikePattern = readonly LikeStep[];

/** One character, "_" for any one, or "%" for any number. */
export type LikeStep =
  { readonly kind: "character"; readonly character: string } | { readonly kind: "one" | "many" };
