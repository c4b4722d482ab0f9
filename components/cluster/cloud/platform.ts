/**
 * What images are built for, on any computer: the machines of the default pools. Pools of ARM machines run images that
 * are there for both, named by `landfall:app`.
 */
export const nodePlatform = "linux/amd64";
