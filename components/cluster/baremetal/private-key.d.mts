type Ssh = { privateKey?: string; key?: string; knownHosts?: string };

export function withKeyFile(ssh: Ssh, directory: string): Promise<Omit<Ssh, "privateKey">>;
