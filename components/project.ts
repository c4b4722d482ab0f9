import * as path from "node:path";

/** Where Pulumi.yaml is. */
export const projectRoot = path.resolve(__dirname, "..");
