import * as fs from "node:fs";
import * as path from "node:path";
import { contents, keyOf } from "./cache";
import { dockerBuild, ensureImage } from "./images";
import { Log, step } from "./run";

const RECIPE = 1;
const sources = path.join(__dirname, "machine");

/** Builds an image that stands in for a machine: Debian with systemd and sshd, without any part of Kubernetes. */
export function buildMachineImage(log: Log): Promise<string> {
    const files = fs.readdirSync(sources, { recursive: true, encoding: "utf8" }).sort()
        .map(file => path.join(sources, file)).filter(file => fs.statSync(file).isFile());
    const tag = `landfall/machine:${keyOf(RECIPE, contents(...files))}`;
    return ensureImage(log, tag, () => step(log, "build the image of a machine", () => dockerBuild(tag, sources)));
}
