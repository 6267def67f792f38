import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse } from "yaml";
import { findProgram } from "../../lab/machine/packages";
import { noActionlint, workflowFindings, workflows } from "./actionlint";
import { root } from "./sources";

const marker = "<!-- rke-dr: what a change of the topology would do -->";
const { jobs } = parse(readFileSync(join(root, ".github/workflows/topology.yml"), "utf8"));
/** The script of a step of the job that posts the comment. */
const scriptOf = (name: string): string => jobs.comment.steps.find((step: { name: string }) => step.name === name).run;

describe("the workflows", function () {
  this.timeout(600_000);
  const why = noActionlint();
  const linted = why === "" ? it : it.skip;
  linted(`actionlint has no findings${why && ` (skipped: ${why})`}`, async () => {
    assert.equal(await workflowFindings(workflows()), "");
  });
  linted(`actionlint finds a job that isn't there${why && ` (skipped: ${why})`}`, async () => {
    const folder = mkdtempSync(join(tmpdir(), "rke-dr-workflow-"));
    try {
      const file = join(folder, "bad.yml");
      writeFileSync(file, "on: push\njobs:\n  a:\n    needs: b\n    runs-on: ubuntu-24.04\n    steps: [{run: echo}]\n");
      assert.match(await workflowFindings([file]), /needs job "b" which does not exist/);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it("every action is pinned to a commit, and the job that may write checks nothing out", () => {
    const texts = workflows().map((file) => readFileSync(join(root, file), "utf8"));
    const used = texts.flatMap((text) => [...text.matchAll(/uses: (\S+)/g)].map(([, name = ""]) => name));
    assert.ok(used.length > 5);
    assert.deepEqual(
      used.filter((name) => !/@[0-9a-f]{40}$/.test(name)),
      [],
    );
    assert.deepEqual(
      jobs.comment.steps.filter((step: { uses?: string }) => step.uses),
      [],
    );
  });
});

describe("what a job hands on of a long text", () => {
  for (const [name, job] of [
    ["check", "check"],
    ["preview", "preview"],
  ] as const) {
    it(`ends before a character that its limit cuts, and the job ${name} goes on`, () => {
      const { run } = jobs[job].steps.find((step: { id?: string }) => step.id === name);
      const [own = ""] = /^output\(\) \{[\s\S]*?^\}/m.exec(run) ?? [];
      const folder = mkdtempSync(join(tmpdir(), "rke-dr-output-"));
      try {
        writeFileSync(join(folder, "text"), "aaä and more");
        // the shell of GitHub's runners
        const ran = spawnSync(
          "bash",
          ["--noprofile", "--norc", "-eo", "pipefail", "-c", `${own}\noutput text text 3\necho done`],
          {
            cwd: folder,
            encoding: "utf8",
            env: { ...process.env, GITHUB_OUTPUT: join(folder, "output") },
          },
        );
        assert.deepEqual([ran.status, ran.stdout], [0, "done\n"], ran.stderr);
        assert.match(readFileSync(join(folder, "output"), "utf8"), /^text<<([0-9a-f]{32})\naa\n\1\n$/);
      } finally {
        rmSync(folder, { recursive: true });
      }
    });
  }
});

describe("the comment on a pull request", () => {
  let folder = "";
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "rke-dr-comment-"));
  });
  afterEach(() => rmSync(folder, { recursive: true }));
  const run = (name: string, env: Record<string, string>) => {
    const { status, stderr } = spawnSync("bash", ["-e", "-c", scriptOf(name)], {
      cwd: folder,
      encoding: "utf8",
      env: {
        ...process.env,
        PATH: `${folder}:${process.env.PATH}`,
        GITHUB_STEP_SUMMARY: join(folder, "summary.md"),
        ...env,
      },
    });
    assert.equal(status, 0, stderr);
    return readFileSync(join(folder, "comment.md"), "utf8");
  };
  const said = {
    CHECK: "rendered/ is what the topology renders",
    CHECKED: "success",
    PICTURE: "flowchart LR",
    PLAN: "hash: abc",
    SEEN: "success",
    PREVIEW: "PRIMARY: the whole cluster",
  };

  it("has its marker first, then picture, rendering, plan and preview; the summary is the same", () => {
    const text = run("summary", said);
    assert.ok(text.startsWith(`${marker}\n`));
    assert.match(text, /````mermaid\nflowchart LR\n````/);
    assert.match(text, /rendered\/ and policy: success<\/summary>\n\n````\nrendered\/ is what/);
    assert.match(text, /the act to sign, as the hosts are now<\/summary>\n\n````\nhash: abc/);
    assert.match(text, /pulumi preview --stack primary: success<\/summary>\n\n````\nPRIMARY/);
    assert.equal(readFileSync(join(folder, "summary.md"), "utf8"), text);
  });

  it("without a preview and a plan it says so, and leaves the plan out", () => {
    const text = run("summary", { ...said, PLAN: "", PREVIEW: "", SEEN: "skipped" });
    assert.doesNotMatch(text, /the act to sign/);
    assert.match(text, /pulumi preview --stack primary: skipped<\/summary>\n\n````\nno output\n````/);
  });

  it("a text with fences of its own doesn't get out of its block", () => {
    const evil = "a\n````\n# <img>\n``````\nb";
    const text = run("summary", { ...said, CHECK: evil });
    assert.ok(text.includes(`\n\`\`\`\`\`\`\`\n${evil}\n\`\`\`\`\`\`\`\n`), text);
  });

  // in the place of GitHub's CLI: it answers from a file as GitHub does, with the real jq, and notes what is written
  const gh = `#!/bin/bash
while (($# > 0)); do
  case $1 in
    --jq) filter=$2; shift ;;
    --method) method=$2; shift ;;
    --field) field=$2; shift ;;
    repos/*) path=$1 ;;
  esac
  shift
done
if [[ -n \${method:-} ]]; then echo "$method $path $field" >>written; else for page in page-*.json; do jq -r "$filter" "$page"; done; fi
`;
  const bot = "github-actions[bot]";
  const comment = (id: number, login: string, body: string) => ({ id, user: { login }, body });
  const posts = findProgram("jq") ? it : it.skip;
  const without = findProgram("jq") ? "" : " (skipped: jq isn't on PATH)";
  for (const [what, pages, expected] of [
    ["is made where there is none", [[]], "POST repos/o/r/issues/7/comments body=@comment.md"],
    [
      "is found again on a later page, and not the bot's last one",
      [[comment(1, "ann", "hello")], [comment(2, bot, `${marker}\nold`), comment(3, bot, "another workflow's")]],
      "PATCH repos/o/r/issues/comments/2 body=@comment.md",
    ],
    [
      "of a person who quotes it isn't taken for its own",
      [[comment(1, "ann", `${marker}\nmine`), comment(2, bot, `see: ${marker}`)]],
      "POST repos/o/r/issues/7/comments body=@comment.md",
    ],
    [
      "the first of two is renewed",
      [[comment(4, bot, `${marker}\na`), comment(5, bot, `${marker}\nb`)]],
      "PATCH repos/o/r/issues/comments/4 body=@comment.md",
    ],
  ] as const) {
    posts(`${what}${without}`, () => {
      writeFileSync(join(folder, "gh"), gh, { mode: 0o755 });
      writeFileSync(join(folder, "comment.md"), "new");
      pages.forEach((page, i) => {
        writeFileSync(join(folder, `page-${i}.json`), JSON.stringify(page));
      });
      run("comment", { REPOSITORY: "o/r", NUMBER: "7" });
      assert.ok(existsSync(join(folder, "written")));
      assert.equal(readFileSync(join(folder, "written"), "utf8"), `${expected}\n`);
    });
  }
});
