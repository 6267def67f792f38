import { createHash } from "node:crypto";

/** RKE's getStringChecksum (cluster/plan.go); hex. It only shows that a file has changed; nothing depends on its strength. */
export const md5 = (text: string): string => createHash("md5").update(text).digest("hex");
