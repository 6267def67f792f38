import { serveProvider } from "../serve/serve-provider.js";
import { checkSettings, diffSettings, settingsOf } from "./settings.js";
import { Cluster, typesOf } from "./types.js";

const cluster = new Cluster();

serveProvider({
  executable: "pulumi-resource-kubernetes",
  version: "4.34.2",
  types: typesOf(cluster),
  checkConfig: checkSettings,
  diffConfig: diffSettings,
  configure: (args) => cluster.configure(settingsOf(args)),
});
