import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";

export const root = join(__dirname, "../..");

/** Every TypeScript file of the project or of one of its folders, by path from the root; without packages and golden data. */
export function sources(folder = ""): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return /^(node_modules|\.git|test\/golden)$/.test(path) ? [] : sources(path);
    return entry.name.endsWith(".ts") ? [path] : [];
  });
}

/**
 * Lists a file's imports, values and types alike, at its top or by `import("...")` in its midst: names of packages, and paths from
 * the project's root, with the ending .ts if such a file is there.
 */
export function imports(file: string): string[] {
  const text = readFileSync(join(root, file), "utf8");
  return [...text.matchAll(/\b(?:from |import |import\(|require\()"([^"\n]+)"/g)].map(([, name = ""]) => {
    if (!name.startsWith(".")) return name;
    const path = normalize(join(dirname(file), name));
    const source = `${path.replace(/\.js$/, "")}.ts`;
    return existsSync(join(root, source)) ? source : path;
  });
}
