/** Docker's aarch64 is Go's arm64, by which etcd knows it; RKE translates no other. */
export const goArchitecture = (architecture: string): string => (architecture === "aarch64" ? "arm64" : architecture);
