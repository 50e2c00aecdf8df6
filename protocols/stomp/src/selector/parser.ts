import { BrokerError } from "@dragoman/core";
import type { ComparisonOperator, Expression } from "./expression.ts";
import { parseLike } from "./like.ts";
import { type Token, tokenize } from "./token.ts";

/** Longest selector, in characters, and deepest nesting: what a person writes is far below. */
const maxLength = 8 * 1024;
const maxDepth = 100;

const comparisons: ReadonlyMap<string, ComparisonOperator> = new Map(
  (["=", "<>", "<", "<=", ">", ">="] as const).map((operator) => [operator, operator]),
);

/**
 * Reads a selector: the conditional expressions of SQL-92 that JMS 2.0 §3.8 chose.
 *
 * Beyond JMS: identifiers in double quotes, so that headers with a "-" can be named; "!=" for "<>".
 *
 * @throws BrokerError "malformed" or "too-large"
 */
export function parseSelector(selector: string): Expression {
  if (selector.length > maxLength) {
    throw new BrokerError("too-large", `selector of ${selector.length} characters, limit ${maxLength}`);
  }
  return new Parser(tokenize(selector)).parse();
}

/** Recursive descent; one method for each rank of operators, the weakest first. */
class Parser {
  readonly #tokens: readonly Token[];
  #at = 0;
  #depth = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  parse(): Expression {
    const expression = this.#or();
    if (this.#at < this.#tokens.length) throw this.#unexpected();
    return expression;
  }

  #or(): Expression {
    let left = this.#and();
    while (this.#accept("OR")) left = { kind: "or", left, right: this.#and() };
    return left;
  }

  #and(): Expression {
    let left = this.#not();
    while (this.#accept("AND")) left = { kind: "and", left, right: this.#not() };
    return left;
  }

  #not(): Expression {
    if (!this.#accept("NOT")) return this.#predicate();
    return this.#nested(() => ({ kind: "not", of: this.#not() }));
  }

  #predicate(): Expression {
    const left = this.#sum();
    if (this.#accept("IS")) return this.#negated(this.#accept("NOT"), this.#isNull(left));
    const isNegated = this.#accept("NOT");
    if (this.#accept("BETWEEN")) return this.#negated(isNegated, this.#between(left));
    if (this.#accept("IN")) return this.#negated(isNegated, this.#in(left));
    if (this.#accept("LIKE")) return this.#negated(isNegated, this.#like(left));
    if (isNegated) throw this.#unexpected();
    return this.#comparison(left);
  }

  #comparison(first: Expression): Expression {
    let left = first;
    for (let operator = this.#comparisonOperator(); operator; operator = this.#comparisonOperator()) {
      const right = this.#sum();
      if (operator !== "=" && operator !== "<>") refuseToOrder(operator, left, right);
      left = { kind: "comparison", operator, left, right };
    }
    return left;
  }

  #comparisonOperator(): ComparisonOperator | undefined {
    const token = this.#tokens[this.#at];
    const operator = token?.kind === "word" ? comparisons.get(token.word) : undefined;
    if (operator !== undefined) this.#at++;
    return operator;
  }

  #isNull(of: Expression): Expression {
    this.#expect("NULL");
    return { kind: "is-null", of };
  }

  #between(of: Expression): Expression {
    const low = this.#sum();
    this.#expect("AND");
    return { kind: "between", of, low, high: this.#sum() };
  }

  #in(of: Expression): Expression {
    this.#expect("(");
    const values: Expression[] = [];
    do values.push(this.#sum());
    while (this.#accept(","));
    this.#expect(")");
    return { kind: "in", of, values };
  }

  #like(of: Expression): Expression {
    const text = this.#text();
    const escape = this.#accept("ESCAPE") ? this.#text() : undefined;
    if (escape !== undefined && Array.from(escape).length !== 1) {
      throw new BrokerError("malformed", `selector: ESCAPE takes one character, not '${escape}'`);
    }
    const pattern = parseLike(text, escape);
    if (pattern === undefined) {
      throw new BrokerError("malformed", `selector: the pattern '${text}' ends with its escape character`);
    }
    return { kind: "like", of, pattern };
  }

  #sum(): Expression {
    let left = this.#product();
    for (;;) {
      if (this.#accept("+")) left = { kind: "arithmetic", operator: "+", left, right: this.#product() };
      else if (this.#accept("-")) left = { kind: "arithmetic", operator: "-", left, right: this.#product() };
      else return left;
    }
  }

  #product(): Expression {
    let left = this.#signed();
    for (;;) {
      if (this.#accept("*")) left = { kind: "arithmetic", operator: "*", left, right: this.#signed() };
      else if (this.#accept("/")) left = { kind: "arithmetic", operator: "/", left, right: this.#signed() };
      else return left;
    }
  }

  #signed(): Expression {
    if (this.#accept("+")) return this.#nested(() => this.#signed());
    if (!this.#accept("-")) return this.#primary();
    const zero: Expression = { kind: "literal", value: 0 };
    return this.#nested(() => ({ kind: "arithmetic", operator: "-", left: zero, right: this.#signed() }));
  }

  #primary(): Expression {
    if (this.#accept("(")) {
      const expression = this.#nested(() => this.#or());
      this.#expect(")");
      return expression;
    }
    if (this.#accept("TRUE")) return { kind: "literal", value: true };
    if (this.#accept("FALSE")) return { kind: "literal", value: false };
    const token = this.#tokens[this.#at];
    if (token === undefined || token.kind === "word") throw this.#unexpected();
    this.#at++;
    return token.kind === "identifier" ? token : { kind: "literal", value: token.value };
  }

  #text(): string {
    const token = this.#tokens[this.#at];
    if (token?.kind !== "text") throw this.#unexpected();
    this.#at++;
    return token.value;
  }

  #negated(isNegated: boolean, of: Expression): Expression {
    return isNegated ? { kind: "not", of } : of;
  }

  #nested(parse: () => Expression): Expression {
    if (++this.#depth > maxDepth)
      throw new BrokerError("too-large", `selector nested deeper than ${maxDepth}`);
    const expression = parse();
    this.#depth--;
    return expression;
  }

  #accept(word: string): boolean {
    const token = this.#tokens[this.#at];
    if (token?.kind !== "word" || token.word !== word) return false;
    this.#at++;
    return true;
  }

  #expect(word: string): void {
    if (!this.#accept(word)) throw this.#unexpected(`, ${word} is expected`);
  }

  #unexpected(expected = ""): BrokerError {
    const token = this.#tokens[this.#at];
    const place = token === undefined ? "its end" : `"${shown(token)}"`;
    return new BrokerError("malformed", `selector makes no sense at ${place}${expected}`);
  }
}

function shown(token: Token): string {
  if (token.kind === "word") return token.word;
  return token.kind === "identifier" ? token.name : String(token.value);
}

/** JMS 2.0 §3.8.1.2: text and booleans are equal or not, never less or greater. */
function refuseToOrder(operator: string, ...operands: readonly Expression[]): void {
  for (const operand of operands) {
    if (operand.kind === "literal" && typeof operand.value !== "number") {
      throw new BrokerError(
        "malformed",
        `selector: ${operator} compares numbers, not '${String(operand.value)}'`,
      );
    }
  }
}
