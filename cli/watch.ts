/**
 * `npm run watch`: a page for the people around an act, on this machine's loopback. It shows the hosts, the steps as they run, the guards
 * and figures, and at the end the report. It reads what the steps record on the hosts, by SSH, and changes nothing: an act is shown whichever
 * machine runs it, and goes on without the page.
 */
import { readFileSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { reportMarkdown } from "../evidence/markdown";
import { pageHtml, pageParts, reportHtml } from "../evidence/page";
import { type HeardHost, liveView, type View } from "../evidence/view";
import { followProgress, type Heard } from "../observe/progress";
import { allHosts, type Host, type Topology } from "../plan/topology/topology";
import { readSshAccess } from "../reach/ssh-access";
import { errorWords, print } from "./command";
import { chosenTopology, topologyOptions } from "./topology-file";
import { asksForHelp } from "./usage";

const usage = `usage: npm run watch [-- --port PORT] [--project FOLDER] [--cluster NAME | --topology PATH]

A page at http://127.0.0.1:8321 (or another port) that shows an act while it runs: the hosts, each step with its time, guards, recovery
time, clients' gap, and at the end the report. It reads the hosts by SSH, changes nothing, and ends by Ctrl-C. It shows an act of any
machine, also one that is over: begin it before \`pulumi up\`, or while that runs.

  --port PORT       another port than 8321; 0: any free one
  --project FOLDER  another folder with Pulumi.yaml and Pulumi.failover.yaml
  --cluster NAME    of several clusters that of stack NAME-failover
  --topology PATH   another topology than the failover stack's
`;

/** Milliseconds between two looks at what the readers' pages lack. */
const beat = 500;

/** What has been heard of the hosts, as one page. */
export class Watched {
  private readonly heard = new Map<string, HeardHost>();
  private servedAt: number | undefined;

  constructor(private readonly topology: Topology) {}

  hear(host: Pick<Host, "name">, heard: Heard, now = Date.now()): void {
    this.heard.set(host.name, "silent" in heard ? heard : { ...heard, heardAt: now });
    if ("beat" in heard && heard.beat.progress.serves.api) this.servedAt = now;
  }

  view(now = Date.now()): View {
    return liveView(this.topology, this.heard, now, this.servedAt);
  }
}

const headers = {
  "cache-control": "no-store",
  "content-security-policy":
    "default-src 'none'; style-src 'unsafe-inline'; script-src 'self'; connect-src 'self'; base-uri 'none'; frame-ancestors 'none'",
  "x-content-type-options": "nosniff",
};

/** The server of the page; it isn't listening yet. Requests by another name than the loopback's are refused: a page of elsewhere can't read it. */
export function watchServer(view: () => View): Server {
  const readers = new Map<ServerResponse, Record<string, string>>();
  const timer = setInterval(() => {
    if (readers.size === 0) return;
    const now = view();
    for (const [reader, has] of readers) renew(reader, has, now);
  }, beat);
  const server = createServer((request, response) => answer(request, response, view, readers));
  server.on("close", () => clearInterval(timer));
  return server;
}

/** Sends the parts that the reader's page lacks. @param has the parts that it has; brought up to date */
function renew(reader: ServerResponse, has: Record<string, string>, view: View): void {
  const parts = Object.fromEntries(Object.entries(pageParts(view)).filter(([id, html]) => has[id] !== html));
  Object.assign(has, parts);
  reader.write(
    Object.keys(parts).length === 0
      ? ": nothing new\n\n"
      : `event: parts\ndata: ${JSON.stringify({ title: view.headline, parts })}\n\n`,
  );
}

function answer(
  request: IncomingMessage,
  response: ServerResponse,
  view: () => View,
  readers: Map<ServerResponse, Record<string, string>>,
): void {
  const refusal = refused(request);
  if (refusal === undefined && request.url === "/events") {
    response.writeHead(200, { ...headers, "content-type": "text/event-stream" });
    const has: Record<string, string> = {};
    readers.set(response, has);
    response.on("close", () => readers.delete(response));
    renew(response, has, view());
    return;
  }
  const { status, type, text } = refusal ?? fileAt(request.url ?? "", view());
  response.writeHead(status, { ...headers, "content-type": `text/${type}; charset=utf-8` }).end(text);
}

interface File {
  status: number;
  type: "html" | "javascript" | "json" | "markdown" | "plain";
  text: string;
}

function refused({ headers: { host = "" }, method }: IncomingMessage): File | undefined {
  if (!/^(127\.0\.0\.1|localhost)(:\d+)?$/.test(host)) {
    return { status: 403, type: "plain", text: "host: must be 127.0.0.1 or localhost\n" };
  }
  return method === "GET"
    ? undefined
    : { status: 405, type: "plain", text: "method: must be GET, this page changes nothing\n" };
}

function fileAt(url: string, view: View): File {
  const { report } = view;
  switch (url) {
    case "/":
      return { status: 200, type: "html", text: pageHtml(view, "page.js") };
    case "/page.js":
      return { status: 200, type: "javascript", text: readFileSync(join(__dirname, "watch-page.js"), "utf8") };
    case "/report.html":
    case "/report.md":
    case "/report.json":
      if (!report) return { status: 404, type: "plain", text: "report: no host has a record of a failover\n" };
      if (url === "/report.html") return { status: 200, type: "html", text: reportHtml(report) };
      return url === "/report.md"
        ? { status: 200, type: "markdown", text: reportMarkdown(report) }
        : { status: 200, type: "json", text: `${JSON.stringify(report, null, 2)}\n` };
    default:
      return { status: 404, type: "plain", text: "page: must be one of / /report.html /report.md /report.json\n" };
  }
}

/** Serves the page until the process ends. @returns the line that says where, once it listens */
async function watch(argv: string[]): Promise<string> {
  if (asksForHelp(argv)) return usage;
  const { values } = parseArgs({
    args: argv,
    options: {
      port: { type: "string", default: "8321" },
      ...topologyOptions,
    },
  });
  if (!/^\d{1,5}$/.test(values.port) || Number(values.port) > 65535) {
    throw new Error(`--port: must be a number from 0 to 65535: ${JSON.stringify(values.port)}`);
  }
  const topology = chosenTopology(values, "failover");
  const access = readSshAccess(topology);
  const watched = new Watched(topology);
  const server = watchServer(() => watched.view());
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) =>
      reject(
        error.code === "EADDRINUSE"
          ? new Error(`--port: is in use: ${values.port}; \`npm run watch -- --port 0\` takes a free one`)
          : error,
      ),
    );
    server.listen(Number(values.port), "127.0.0.1", resolve);
  });
  followProgress(allHosts(topology), access, topology.installer, (host, heard) => watched.hear(host, heard));
  const address = server.address();
  const port = typeof address === "object" && address ? address.port : values.port;
  return `watching cluster ${topology.cluster}: http://127.0.0.1:${port} (Ctrl-C ends it)\n`;
}

if (require.main === module) {
  watch(process.argv.slice(2)).then(
    (stdout) => print({ status: 0, stdout, stderr: "" }),
    (error: unknown) => print({ status: 1, stdout: "", stderr: `${errorWords(error)}\n` }),
  );
}
