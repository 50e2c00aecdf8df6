import type { ComparisonOperator, Expression, LikePattern, SelectorValue } from "./expression.ts";
import { matchesLike } from "./like.ts";

/** The value of a header or property by its name; undefined when the message has none. */
export type Lookup = (name: string) => SelectorValue;

type Evaluator = (lookup: Lookup) => SelectorValue;
type Node<Kind extends Expression["kind"]> = Extract<Expression, { kind: Kind }>;

/**
 * A test for messages: true for those that are selected, for which unknown is not enough (JMS 2.0 §3.8.1.2).
 *
 * JMS never compares text with numbers or booleans. Headers of STOMP and MQTT are always text, so here text that
 * reads as a number or as TRUE or FALSE is taken for it when the other side is one.
 */
export function compileSelector(expression: Expression): (lookup: Lookup) => boolean {
  const evaluate = compile(expression);
  return (lookup) => truth(evaluate(lookup)) === true;
}

function compile(expression: Expression): Evaluator {
  switch (expression.kind) {
    case "literal":
      return () => expression.value;
    case "identifier":
      return (lookup) => lookup(expression.name);
    case "not":
      return compileNot(compile(expression.of));
    case "and":
      return compileAnd(compile(expression.left), compile(expression.right));
    case "or":
      return compileOr(compile(expression.left), compile(expression.right));
    case "comparison":
      return compileComparison(expression);
    case "arithmetic":
      return compileArithmetic(expression);
    case "between":
      return compileBetween(expression);
    case "in":
      return compileIn(expression);
    case "like":
      return compileLike(compile(expression.of), expression.pattern);
    case "is-null":
      return compileIsNull(compile(expression.of));
  }
}

function compileNot(of: Evaluator): Evaluator {
  return (lookup) => negate(truth(of(lookup)));
}

function compileAnd(left: Evaluator, right: Evaluator): Evaluator {
  return (lookup) => {
    const first = truth(left(lookup));
    return first === false ? false : both(first, truth(right(lookup)));
  };
}

function compileOr(left: Evaluator, right: Evaluator): Evaluator {
  return compileNot(compileAnd(compileNot(left), compileNot(right)));
}

function compileComparison({ operator, left, right }: Node<"comparison">): Evaluator {
  const a = compile(left);
  const b = compile(right);
  return (lookup) => compare(operator, a(lookup), b(lookup));
}

function compileArithmetic({ operator, left, right }: Node<"arithmetic">): Evaluator {
  const a = compile(left);
  const b = compile(right);
  return (lookup) => calculate(operator, toNumber(a(lookup)), toNumber(b(lookup)));
}

function compileBetween({ of, low, high }: Node<"between">): Evaluator {
  const value = compile(of);
  const from = compile(low);
  const to = compile(high);
  return (lookup) => {
    const tested = value(lookup);
    return both(compare(">=", tested, from(lookup)), compare("<=", tested, to(lookup)));
  };
}

function compileIn({ of, values }: Node<"in">): Evaluator {
  const value = compile(of);
  const candidates = values.map((candidate) => compile(candidate));
  return (lookup) => {
    const tested = value(lookup);
    if (tested === undefined) return undefined;
    return candidates.some((candidate) => compare("=", tested, candidate(lookup)) === true);
  };
}

function compileLike(of: Evaluator, pattern: LikePattern): Evaluator {
  return (lookup) => {
    const tested = of(lookup);
    return typeof tested === "string" ? matchesLike(tested, pattern) : undefined;
  };
}

function compileIsNull(of: Evaluator): Evaluator {
  return (lookup) => of(lookup) === undefined;
}

function both(first: boolean | undefined, second: boolean | undefined): boolean | undefined {
  if (first === false || second === false) return false;
  return first === undefined || second === undefined ? undefined : true;
}

function negate(value: boolean | undefined): boolean | undefined {
  return value === undefined ? undefined : !value;
}

function truth(value: SelectorValue): boolean | undefined {
  if (typeof value === "boolean") return value;
  return typeof value === "string" ? booleans.get(value.toLowerCase()) : undefined;
}

const booleans: ReadonlyMap<string, boolean> = new Map([
  ["true", true],
  ["false", false],
]);

function compare(
  operator: ComparisonOperator,
  left: SelectorValue,
  right: SelectorValue,
): boolean | undefined {
  if (left === undefined || right === undefined) return undefined;
  if (operator === "=") return equals(left, right);
  if (operator === "<>") return negate(equals(left, right));
  const a = toNumber(left);
  const b = toNumber(right);
  if (a === undefined || b === undefined) return undefined;
  if (operator === "<") return a < b;
  if (operator === "<=") return a <= b;
  return operator === ">" ? a > b : a >= b;
}

/** Values that cannot be compared are unequal. */
function equals(left: SelectorValue, right: SelectorValue): boolean {
  if (typeof left === typeof right) return left === right;
  if (typeof left === "number" || typeof right === "number") {
    const number = toNumber(left);
    return number !== undefined && number === toNumber(right);
  }
  return truth(left) === truth(right);
}

function calculate(
  operator: "+" | "-" | "*" | "/",
  left: number | undefined,
  right: number | undefined,
): number | undefined {
  if (left === undefined || right === undefined) return undefined;
  if (operator === "+") return left + right;
  if (operator === "-") return left - right;
  if (operator === "*") return left * right;
  return right === 0 ? undefined : left / right;
}

function toNumber(value: SelectorValue): number | undefined {
  if (typeof value === "number") return value;
  if (typeof value !== "string" || value.trim() === "") return undefined;
  const number = Number(value);
  return Number.isNaN(number) ? undefined : number;
}
