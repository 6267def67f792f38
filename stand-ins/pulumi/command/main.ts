import { serveProvider } from "../serve/serve-provider.js";
import { CopyToRemote } from "./copy-to-remote.js";
import { LocalCommand, localRun } from "./local-command.js";
import { RemoteCommand } from "./remote-command.js";

serveProvider({
  executable: "pulumi-resource-command",
  version: "1.2.1",
  types: {
    "command:local:Command": LocalCommand,
    "command:remote:Command": RemoteCommand,
    "command:remote:CopyToRemote": CopyToRemote,
  },
  functions: { "command:local:run": localRun },
});
