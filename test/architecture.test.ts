import { existsSync, readdirSync, readFileSync } from "node:fs";
import { isBuiltin } from "node:module";
import { dirname, join, relative, sep } from "node:path";
import { describe, expect, test } from "vitest";

const root = join(import.meta.dirname, "..");

/** The whole import graph between our packages. A new arrow is a design decision: make it here first. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  "@dragoman/core": [],
  "@dragoman/mqtt": ["@dragoman/core"],
  "@dragoman/stomp": ["@dragoman/core"],
  "@dragoman/amqp": ["@dragoman/core"],
  "@dragoman/engine-lmdb": ["@dragoman/core"],
  dragoman: [
    "@dragoman/core",
    "@dragoman/engine-lmdb",
    "@dragoman/mqtt",
    "@dragoman/stomp",
    "@dragoman/amqp",
  ],
  "@dragoman/bench": ["@dragoman/core", "@dragoman/mqtt", "@dragoman/stomp", "@dragoman/amqp", "dragoman"],
};

/** Packages that must have every arrow drawn above; the others may have some of them. */
const HAS_ALL = Object.keys(MAY_IMPORT).filter((name) => name !== "@dragoman/bench");

/** Inside a protocol: what each room may import of its own package. A room that is not here is a new idea. */
const ROOM_MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  codec: ["codec"],
  selector: ["selector", "codec"],
  translation: ["translation", "codec", "selector"],
};

/** Rooms where bytes and messages change their form: they touch nothing but bytes. */
const PURE_ROOMS = ["codec", "selector", "translation"];
const PURE_BUILTINS = ["node:buffer"];

interface Manifest {
  readonly name: string;
  readonly dependencies?: Readonly<Record<string, string>>;
}

interface Import {
  readonly file: string;
  readonly specifier: string;
}

const workspaces = ["core", ...packagesIn("protocols"), ...packagesIn("packages")];

test("every package has its place in the import graph", () => {
  expect(workspaces.map((workspace) => manifestOf(workspace).name).toSorted()).toEqual(
    Object.keys(MAY_IMPORT).toSorted(),
  );
});

describe.each(workspaces)("%s", (workspace) => {
  const { name, dependencies = {} } = manifestOf(workspace);
  const allowed = MAY_IMPORT[name] ?? [];
  const ours = Object.keys(dependencies).filter((dependency) => dependency in MAY_IMPORT);
  const imports = importsIn(join(root, workspace, "src"), (file) => !isTest(file));
  const packages = imports.filter(({ specifier }) => !specifier.startsWith(".") && !isBuiltin(specifier));

  test("declares only the arrows of the graph", () => {
    expect(ours.filter((dependency) => !allowed.includes(dependency))).toEqual([]);
    if (HAS_ALL.includes(name)) expect(ours.toSorted()).toEqual(allowed.toSorted());
  });

  test("imports only what it declares", () => {
    const declared = Object.keys(dependencies);
    const foreign = packages.filter(({ specifier }) => !declared.includes(packageOf(specifier)));
    expect(foreign.map(shown)).toEqual([]);
  });

  test("imports other packages of ours by their front doors only", () => {
    const deep = packages.filter(
      ({ specifier }) => packageOf(specifier) in MAY_IMPORT && packageOf(specifier) !== specifier,
    );
    expect(deep.map(shown)).toEqual([]);
  });

  test("reaches into no other package by a relative path, not even in its tests", () => {
    const home = join(root, workspace) + sep;
    const all = importsIn(join(home, "src"), () => true).filter(({ specifier }) => specifier.startsWith("."));
    const outside = all.filter(({ file, specifier }) => !join(dirname(file), specifier).startsWith(home));
    expect(outside.map(shown)).toEqual([]);
  });

  test("lists what it imports in its project references", () => {
    const text = readFileSync(join(root, workspace, "tsconfig.json"), "utf8");
    const config = JSON.parse(text) as { readonly references?: readonly { readonly path: string }[] };
    const referenced = (config.references ?? []).map(({ path }) =>
      manifestOf(relative(root, join(root, workspace, path))),
    );
    const missing = ours.filter((dependency) => !referenced.some((other) => other.name === dependency));
    expect(missing).toEqual([]);
  });
});

describe.each(packagesIn("protocols"))("the rooms of %s", (workspace) => {
  const source = join(root, workspace, "src");
  const rooms = Object.keys(ROOM_MAY_IMPORT).filter((room) => existsSync(join(source, room)));

  test("codec and translation are there", () => {
    expect(rooms).toEqual(expect.arrayContaining(["codec", "translation"]));
  });

  test.each(rooms)("%s leads to no room that may lead to it", (room) => {
    const own = importsIn(join(source, room), (file) => !isTest(file));
    const leaving = own
      .filter(({ specifier }) => specifier.startsWith("."))
      .filter(({ file, specifier }) => {
        const [target = ""] = relative(source, join(dirname(file), specifier)).split(sep);
        return !target.endsWith(".ts") && !(ROOM_MAY_IMPORT[room] ?? []).includes(target);
      });
    expect(leaving.map(shown)).toEqual([]);
  });

  test.each(rooms.filter((room) => PURE_ROOMS.includes(room)))("%s touches nothing but bytes", (room) => {
    const own = importsIn(join(source, room), (file) => !isTest(file));
    const impure = own.filter(({ specifier }) => isBuiltin(specifier) && !PURE_BUILTINS.includes(specifier));
    expect(impure.map(shown)).toEqual([]);
  });
});

test("an import is found in whatever form it is written", () => {
  const source = `
    import { a } from "one";
    import type { b } from 'two';
    import "three";
    export { c } from "four";
    export * from "five";
    const d = await import("six");
    type E = import("seven").E;
    import {
      f,
    } from "eight";
    // import { g } from "comment";
    /* import "comment" */
    const text = "no import from here";
  `;
  expect(specifiersIn(source)).toEqual(["one", "two", "three", "four", "five", "six", "seven", "eight"]);
});

function packagesIn(folder: string): string[] {
  return readdirSync(join(root, folder))
    .filter((name) => existsSync(join(root, folder, name, "package.json")))
    .map((name) => `${folder}/${name}`);
}

function manifestOf(workspace: string): Manifest {
  return JSON.parse(readFileSync(join(root, workspace, "package.json"), "utf8")) as Manifest;
}

function importsIn(folder: string, wanted: (file: string) => boolean): Import[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".ts") && wanted(file))
    .map((file) => join(folder, file))
    .flatMap((file) =>
      specifiersIn(readFileSync(file, "utf8")).map((specifier): Import => ({ file, specifier })),
    );
}

function specifiersIn(source: string): string[] {
  const code = source.replaceAll(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, "");
  const forms =
    /(?:^\s*(?:import|export)\b[^"';]*?\bfrom\s*|^\s*import\s*|\bimport\s*\(\s*)["']([^"']+)["']/gm;
  return [...code.matchAll(forms)].map(([, specifier = ""]) => specifier);
}

/** Tests, their tables, generators and doubles may import what tests need. */
function isTest(file: string): boolean {
  return /\.(test|vectors|arbitraries)\.ts$/.test(file) || file.split(sep).includes("testing");
}

function packageOf(specifier: string): string {
  return specifier.split("/", specifier.startsWith("@") ? 2 : 1).join("/");
}

function shown({ file, specifier }: Import): string {
  return `${relative(root, file)} imports ${specifier}`;
}
