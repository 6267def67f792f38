/** Where a deploy host keeps what the installer needs; the same path on each, so that the installer's state fits all. */
export const deployDir = "/etc/rke-dr";
export const deployKeyPath = `${deployDir}/ssh/id_ed25519`;
