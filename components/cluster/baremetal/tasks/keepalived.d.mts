export function keepalivedTasks(cluster: object, node: object): { name: string; script: string }[];
