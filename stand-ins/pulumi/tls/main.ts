import { serveProvider } from "../serve/serve-provider.js";
import { TYPES } from "./types.js";

serveProvider({ executable: "pulumi-resource-tls", version: "5.6.1", types: TYPES });
