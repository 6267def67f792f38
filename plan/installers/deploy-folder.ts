/** The folder of the installer's files on a deploy host; the same path on each, so that the installer's state fits all of them. */
export const deployDir = "/etc/rke-dr";
export const deployKeyPath = `${deployDir}/ssh/id_ed25519`;
